"""The recordings that a voice is trained on: gathered, checked, cleaned, cut into clips."""
