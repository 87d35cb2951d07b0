"""The seam between core and page: work in a thread that reports, can be stopped, and fails in sentences.

A handler is a generator. Each `yield` is a moment at which Gradio can show progress or end it: when a
person presses Stop or closes the tab, Gradio closes the generator, and only then frees its place in
the queue. So the work itself must have stopped by then.
"""

import logging
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import gradio as gr

# Before anything that may touch CUDA: on ZeroGPU this import replaces parts of torch.
from spaces import GPU

from vc_core.device import exclusive_device
from vc_core.errors import UserError
from vc_core.progress import Cancelled, Progress

__all__ = [
    "GPU",
    "Done",
    "Happening",
    "Refused",
    "Step",
    "in_steps",
    "on_device",
    "relay",
    "sentences",
    "stop",
    "stoppable",
]

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 0.5
"""A stop is noticed this soon, even inside a long window."""

UNEXPECTED = "Something went wrong that should not have. Your files are still here; please try again, or report it."

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    fraction: float
    message: str


@dataclass(frozen=True)
class Done(Generic[T]):
    value: T


@dataclass(frozen=True)
class Refused:
    """A `UserError`, as a plain value: ZeroGPU's worker process keeps no text of other exceptions."""

    sentence: str


@dataclass(frozen=True)
class _Crashed:
    error: BaseException


Happening = Step | Done[T] | Refused


def on_device(work: Callable[[Progress], T]) -> Generator[Happening[T], None, None]:
    """Like `in_steps`, but alone on the device: jobs wait for one another."""

    def alone(progress: Progress) -> T:
        with exclusive_device(progress):
            return work(progress)

    return in_steps(alone)


def in_steps(work: Callable[[Progress], T]) -> Generator[Happening[T], None, None]:
    """Run `work` in a thread, giving each step and then the result; closing the generator stops it."""
    happenings: queue.Queue[Happening[T] | _Crashed] = queue.Queue()
    stopped = threading.Event()
    last: Step | None = None

    def report(fraction: float, message: str) -> None:
        nonlocal last
        if stopped.is_set():
            raise Cancelled
        if (step := Step(fraction, message)) != last:  # those who wait in line say the same many times
            happenings.put(step)
            last = step

    thread = threading.Thread(target=_run, args=(work, report, happenings), daemon=True)
    thread.start()
    try:
        yield from _until_the_end(happenings)
    finally:
        stopped.set()
        thread.join()


def _run(work: Callable[[Progress], T], report: Progress, happenings: "queue.Queue[Any]") -> None:
    try:
        happenings.put(Done(work(report)))
    except UserError as error:
        happenings.put(Refused(str(error)))
    except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, and raised there
        happenings.put(_Crashed(error))


def _until_the_end(happenings: "queue.Queue[Happening[T] | _Crashed]") -> Iterator[Happening[T]]:
    last = Step(0.0, "…")
    while True:
        try:
            happening = happenings.get(timeout=HEARTBEAT_SECONDS)
        except queue.Empty:
            happening = last
        match happening:
            case _Crashed(error):
                raise error
            case Step():
                last = happening
                yield happening
            case _:
                yield happening
                return


def relay(
    happenings: Generator[Happening[T], None, None],
    show: Callable[[T], Any],
    *,
    bar: gr.Progress,
    stopped: threading.Event | None = None,
) -> Iterator[Any]:
    """Turn what happens into Gradio's: steps move the bar, and the result is shown, unless it is stopped before."""
    with closing(happenings):
        for happening in happenings:
            if stopped and stopped.is_set():
                return
            match happening:
                case Step(fraction, message):
                    bar(fraction, desc=message)
                    yield gr.skip()
                case Done(value):
                    yield show(value)
                case Refused(sentence):
                    raise UserError(sentence)


_stoppable: dict[tuple[str, str], threading.Event] = {}


@contextmanager
def stoppable(request: gr.Request | None, task: str) -> Iterator[threading.Event]:
    """While this lasts, `stop` of the same visitor and task sets the event.

    Gradio's own way to cancel an event drops what follows it, and a second start soon after is lost at times.
    """
    key, stopped = (_session(request), task), threading.Event()
    _stoppable[key] = stopped
    try:
        yield stopped
    finally:
        if _stoppable.get(key) is stopped:
            del _stoppable[key]


def stop(request: gr.Request | None, task: str) -> None:
    if stopped := _stoppable.get((_session(request), task)):
        stopped.set()


def _session(request: gr.Request | None) -> str:
    return (request and request.session_hash) or ""


@contextmanager
def sentences() -> Iterator[None]:
    """What a person sees of an error: the sentence of a `UserError`, and of a bug only that it is one."""
    try:
        yield
    except (gr.Error, Cancelled, GeneratorExit):
        raise
    except UserError as error:
        raise gr.Error(str(error), duration=None, print_exception=False) from error
    except Exception as error:
        log.exception("a bug")
        raise gr.Error(UNEXPECTED, duration=None, print_exception=False) from error
