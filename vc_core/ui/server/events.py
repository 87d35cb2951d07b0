"""The boundary between core and page: work in a thread that reports progress, can be stopped, and raises `UserError`.

A handler is a generator. Gradio shows progress, or ends the handler, only at a `yield`. When a tab is closed, Gradio
closes the generator on the event loop, which must not wait for the work: it is asked to stop, and ends in its own
thread. Stop waits for that only briefly. Until then it holds its turn in the device queue, so the next job does not
start too early.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

import gradio as gr

# Before anything that may touch CUDA: on ZeroGPU this import replaces parts of torch.
from spaces import GPU

from vc_core.device import OUT_OF_MEMORY, exclusive_device, is_out_of_memory
from vc_core.errors import Message, UserError, restore_error
from vc_core.progress import Cancelled, Progress, Step
from vc_core.training.run.atomic_files import FULL
from vc_core.ui.server.clock import STARTING, JobClock
from vc_core.ui.widgets.escaping import escape_toast
from vc_core.ui.words import language_of, translate_message

__all__ = [
    "GPU",
    "Done",
    "Event",
    "Failed",
    "ProgressUpdate",
    "StopRequests",
    "explain",
    "get_stop_requests",
    "run_in_thread",
    "run_on_device",
    "session_of",
    "show_errors",
    "stream_to_page",
]

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 0.5
"""A stop is noticed this soon, even inside a long window."""

STOP_SECONDS = 2.0
"""Most that a stop waits for the end of the work, which may be inside a network or in native code."""
UPDATE_SECONDS = 0.1
"""The page gets updates of one step at this interval at most."""

UNEXPECTED = Message(
    "Something went wrong that should not have. Your files are still here; please try again, or report it."
)

T = TypeVar("T")


@dataclass(frozen=True)
class ProgressUpdate:
    fraction: float
    message: Step


@dataclass(frozen=True)
class Done(Generic[T]):
    value: T


@dataclass(frozen=True)
class Failed:
    """A `UserError` as a value: ZeroGPU's worker process replaces exceptions that are raised in it."""

    error: UserError


@dataclass(frozen=True)
class _Crashed:
    error: BaseException


Event = ProgressUpdate | Done[T] | Failed


def run_on_device(work: Callable[[Progress], T], clock: JobClock | None = None) -> Generator[Event[T], None, None]:
    """Like `run_in_thread`, but one at a time: jobs wait in the device queue; `clock` tells others how long."""
    clock = clock or JobClock()

    def work_alone(progress: Progress) -> T:
        with exclusive_device(progress, clock.seconds_left):
            progress(0.0, STARTING)
            return work(progress)

    return run_in_thread(work_alone)


def run_in_thread(work: Callable[[Progress], T]) -> Generator[Event[T], None, None]:
    """Run `work` in a thread and yield its progress and then its result.

    Closing the generator stops the work, and waits briefly for its end unless that would block an event loop.
    """
    events: queue.Queue[Event[T] | _Crashed] = queue.Queue()
    stopped = threading.Event()
    last: ProgressUpdate | None = None

    def report(fraction: float, message: Step) -> None:
        nonlocal last
        if stopped.is_set():
            raise Cancelled
        if (update := ProgressUpdate(fraction, message)) != last:  # a waiting job repeats its message
            events.put(update)
            last = update

    thread = threading.Thread(target=_run, args=(work, report, events), daemon=True)
    thread.start()
    last_update = ProgressUpdate(0.0, STARTING)
    try:
        while True:
            try:
                event = events.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                event = last_update  # a moment at which Gradio can end this generator
            if isinstance(event, _Crashed):
                raise event.error
            yield event
            if not isinstance(event, ProgressUpdate):
                return
            last_update = event
    finally:
        stopped.set()
        if not _is_on_event_loop():
            thread.join(STOP_SECONDS)


def _is_on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextmanager
def _closing(events: Generator[Event[T], None, None]) -> Iterator[Generator[Event[T], None, None]]:
    """Close `events` at the end: in a thread if this is the event loop, since closing a GPU lease waits for its end."""
    try:
        yield events
    finally:
        if _is_on_event_loop():
            threading.Thread(target=events.close, daemon=True).start()
        else:
            events.close()


def _run(work: Callable[[Progress], T], report: Progress, events: "queue.Queue[Any]") -> None:
    try:
        events.put(Done(work(report)))
    except UserError as error:
        events.put(Failed(error))
    except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
        known = _find_known_cause(error)
        events.put(Failed(known) if known else _Crashed(error))


def _find_known_cause(error: BaseException) -> UserError | None:
    """The message of an exception that is no fault of the program: no memory, no room on the disk."""
    if is_out_of_memory(error):
        return restore_error(OUT_OF_MEMORY.template)
    if isinstance(error, OSError) and error.errno in FULL:
        return UserError("{problem}. Make room, then try again.", problem=FULL[error.errno])
    return None


def stream_to_page(
    events: Generator[Event[T], None, None],
    show: Callable[[T], Any],
    *,
    bar: gr.Progress,
    stopped: threading.Event | None = None,
    clock: JobClock | None = None,
) -> Iterator[Any]:
    """Move the progress bar and yield what `show` makes of the result, unless it is stopped before.

    With a clock, yield a `JobStatus` for each update too, for the page's own bar (`ui/widgets/job_bar.py`); `bar` then
    tells programs that call the API.
    """
    last_update = 0.0
    with _closing(events):
        for event in events:
            if stopped and stopped.is_set():
                break
            match event:
                case ProgressUpdate(fraction, message):
                    bar(fraction, desc=str(message))
                    status = clock.update(fraction, message) if clock else gr.skip()
                    if (now := time.monotonic()) - last_update >= UPDATE_SECONDS:
                        last_update = now
                        yield status
                case Done(value):
                    yield show(value)
                case Failed(error):
                    raise error
    if clock and stopped and stopped.is_set():
        yield clock.read("stopped")


class StopRequests:
    """Lets the Stop button end the running task of the same user session.

    Gradio's own cancellation drops the events chained after a handler, and at times loses a start soon after a stop.
    """

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], threading.Event] = {}

    @contextmanager
    def watch(self, request: gr.Request | None, task: str) -> Iterator[threading.Event]:
        """Inside this block, `stop` of the same session and task sets the event."""
        key, stopped = (session_of(request), task), threading.Event()
        self._running[key] = stopped
        try:
            yield stopped
        finally:
            if self._running.get(key) is stopped:
                del self._running[key]

    def stop(self, request: gr.Request | None, task: str) -> None:
        if stopped := self._running.get((session_of(request), task)):
            stopped.set()


@cache
def get_stop_requests() -> StopRequests:
    """Those of this server."""
    return StopRequests()


def explain(error: BaseException) -> Message:
    """What a user is told; of an unexpected error, the log has the rest."""
    if isinstance(error, UserError):
        return error
    if known := _find_known_cause(error):
        log.warning("refused: %s", known)
        return known
    log.error("unexpected error", exc_info=error)
    return UNEXPECTED


def session_of(request: gr.Request | None) -> str:
    return (request and request.session_hash) or ""


@contextmanager
def show_errors(request: gr.Request | None) -> Iterator[None]:
    """Show a `UserError` in the browser's language; of any other exception only that something went wrong."""
    try:
        yield
    except (gr.Error, Cancelled, GeneratorExit):
        raise
    except UserError as error:
        log.info("refused: %s", error.template)  # without its values, such as names
        raise _as_shown(request, error) from error
    except Exception as error:
        raise _as_shown(request, explain(error)) from error


def _as_shown(request: gr.Request | None, message: Message) -> gr.Error:
    text = escape_toast(translate_message(language_of(request), message))
    return gr.Error(text, duration=None, print_exception=False)
