"""`vc live`: the command, and the sound devices."""
