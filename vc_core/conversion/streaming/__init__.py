"""Live conversion, block by block: a streaming engine for instant voices, windows for the others."""
