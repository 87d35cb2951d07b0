"""Protocol of all tasks: a picklable request that a page, a shell or a batch checks, prepares and runs."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from vc_core.cover.preflight import StageEstimate
from vc_core.device import is_zerogpu
from vc_core.progress import Progress, silent, subprogress

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """A frozen dataclass that can be pickled: ZeroGPU and batches run it in another process."""

    def check(self) -> None:
        """Raise a `UserError` for an invalid request, before the wait in the device queue."""

    def prepare(self, progress: Progress) -> None:
        """Download missing models, outside the device queue and a GPU lease."""

    def lease_seconds(self) -> int:
        """Duration of the ZeroGPU lease; 0 if the task doesn't use a GPU."""

    def estimate(self) -> StageEstimate | None:
        """What its duration depends on, so that it can be measured; None if that is not known."""

    def run(self, progress: Progress) -> Result_co:
        """Load models, run, write files; called after `prepare`."""


def load_before_lease(task: Task[Any], load: Callable[[], object]) -> None:
    """Load models on the CPU before ZeroGPU forks the process for a task's lease.

    The fork then finds modules imported and files in memory, and a broken file takes no GPU.
    """
    if is_zerogpu() and task.lease_seconds():
        load()


def perform(task: Task[Result], progress: Progress = silent) -> Result:
    """Check, prepare and run a task, where there is no device queue; a page calls the methods itself."""
    task.check()
    task.prepare(subprogress(progress, 0.0, 0.1))
    return task.run(subprogress(progress, 0.1, 1.0))
