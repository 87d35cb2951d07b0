"""Streaming forms of the instant engine's networks: states are carried from block to block."""
