"""Takes: the results of a session, with their settings, to hear again, compare, keep or delete."""
