"""What can be chosen when a voice of the instant engine is trained; light, so that the shell's help can read it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InstantSettings:
    steps: int = 250
    seed: int = 1
    learning_rate: float = 2e-3
    excerpts: int = 8
    """In one step."""
    excerpt_seconds: float = 1.0
    judged_steps: int = 0
    """The last so many of the steps also learn to deceive judges, and take twice as long."""
