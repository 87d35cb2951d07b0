"""Run a task for a page: check it, download what it needs, wait for the device or ask for a lease, show the result."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event as StopEvent
from typing import Any, TypeVar

import gradio as gr

from vc_core.cover.preflight import Speeds
from vc_core.device import hold_lease
from vc_core.progress import Progress, subprogress
from vc_core.recipes.task import Task
from vc_core.ui.server.clock import DOWNLOAD_SHARE, JobClock
from vc_core.ui.server.events import (
    GPU,
    Event,
    get_stop_requests,
    run_in_thread,
    run_on_device,
    show_errors,
    stream_to_page,
)

Result = TypeVar("Result")
Shown = TypeVar("Shown")
AnyTask = TypeVar("AnyTask", bound=Task[Any])
Finish = Callable[[AnyTask, Any, Progress], Shown]
"""Makes of a task and its result what the page shows."""

WORK_SHARE = 0.85
"""Of the progress of a task, for the work itself; the rest is for what `finish` adds."""


@dataclass(frozen=True)
class PageRun:
    """One start of a tab's task: who asked, the bar that shows progress, and the event that the Stop button sets."""

    request: gr.Request
    bar: gr.Progress
    stopped: StopEvent
    clock: JobClock = field(default_factory=JobClock)

    def stream(self, events: Generator[Event[Result], None, None], show: Callable[[Result], Any]) -> Iterator[Any]:
        return stream_to_page(events, show, bar=self.bar, stopped=self.stopped, clock=self.clock)

    def prepare(self, task: Task[Any]) -> Iterator[Any]:
        """Downloads come first: neither the device queue nor a GPU lease is spent on waiting for them."""
        task.check()
        self.clock.begin_stage(DOWNLOAD_SHARE)
        yield from self.stream(run_in_thread(task.prepare), lambda _: gr.skip())

    def perform(self, task: AnyTask, finish: Finish[AnyTask, Shown], show: Callable[[Shown], Any]) -> Iterator[Any]:
        """`finish` adds pictures and archives to the result, still away from the page; a function of a module."""
        yield from self.prepare(task)
        if self.stopped.is_set():
            return
        self.clock.begin_stage()
        self.clock.expected_seconds = Speeds().expect(task.estimate())
        if task.lease_seconds():
            yield from self.stream(_run_on_gpu(task, finish), show)
        else:
            yield from self.stream(_run(task, finish, self.clock), show)


def return_result(task: Any, result: Any, progress: Progress) -> Any:
    """A `Finish` that adds nothing."""
    return result


@contextmanager
def start_run(panel: str, request: gr.Request, bar: gr.Progress) -> Iterator[PageRun]:
    """Errors inside become messages of the page."""
    with show_errors(request), get_stop_requests().watch(request, panel) as stopped:
        yield PageRun(request, bar, stopped)


def _run(
    task: AnyTask, finish: Finish[AnyTask, Shown], clock: JobClock | None = None
) -> Generator[Event[Shown], None, None]:
    """In the order of the device queue."""

    def work(progress: Progress) -> Shown:
        with Speeds().measure_stage(task.estimate()):
            result = task.run(subprogress(progress, 0.0, WORK_SHARE))
            return finish(task, result, subprogress(progress, WORK_SHARE, 1.0))

    return run_on_device(work, clock)


def _run_leased(task: AnyTask, finish: Finish[AnyTask, Shown]) -> Generator[Event[Shown], None, None]:
    with hold_lease():
        yield from _run(task, finish)  # a generator function, as ZeroGPU wants it


def _lease_seconds(task: Task[Any], finish: Any) -> int:
    return task.lease_seconds()


_run_on_gpu = GPU(duration=_lease_seconds)(_run_leased)
