"""How long work tells how far it is, and how it is stopped."""

from typing import Protocol


class Cancelled(Exception):  # noqa: N818 - it is not an error
    """Raised out of a progress call: the person has stopped the work."""


class Progress(Protocol):
    """Called with a fraction from 0 to 1; raises `Cancelled` to stop the caller."""

    def __call__(self, fraction: float, message: str) -> None: ...


def silent(fraction: float, message: str) -> None:
    """Nobody is watching."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """A progress of its own for a step that fills `start` to `end` of the whole."""

    def report(fraction: float, message: str) -> None:
        progress(start + (end - start) * fraction, message)

    return report
