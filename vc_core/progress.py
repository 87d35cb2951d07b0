"""Progress reporting and cancellation of long work."""

from typing import Protocol

from vc_core.errors import Message


class Cancelled(Exception):  # noqa: N818 - it is not an error
    """Raised out of a progress call: the user has stopped the work."""


Step = str | Message
"""What is done now: a `Message` where the page should translate it, or plain text, such as a file name or a time."""


class Waiting(Message):
    """The step of a job that waits in a queue: the time until its turn is not its own."""


class Progress(Protocol):
    """Called with a fraction from 0 to 1; raises `Cancelled` to stop the caller."""

    def __call__(self, fraction: float, message: Step) -> None: ...


def silent(fraction: float, message: Step) -> None:
    """Report to nobody."""


def subprogress(progress: Progress, start: float, end: float) -> Progress:
    """The progress of one stage, which fills the sub-range `start` to `end` of the whole."""

    def report(fraction: float, message: Step) -> None:
        progress(start + (end - start) * fraction, message)

    return report


def name_steps(progress: Progress, name: Message) -> Progress:
    """Put the name of a step in front of what it reports, unless that has the name of a smaller step."""

    def report(fraction: float, message: Step) -> None:
        is_named = isinstance(message, Waiting) or (isinstance(message, Message) and "step" in message.values)
        if is_named or not str(message):
            progress(fraction, message if is_named else name)
        else:
            progress(fraction, Message("{step}: {detail}", step=name, detail=message))

    return report
