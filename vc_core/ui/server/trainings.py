"""Limits of the trainings that are active at once: each has a worker process, also while it waits for the device."""

from pathlib import Path

from vc_core.errors import UserError
from vc_core.home import get_studio_home
from vc_core.locks import FileLock
from vc_core.training.run.job import Run, list_runs, list_worker_folders
from vc_core.training.run.spec import ACTIVE_STATES
from vc_core.ui.server.sessions import is_shared, list_training_folders

MAX_TRAININGS = 4
"""Active on this server."""
MAX_TRAININGS_PER_SESSION = 2
"""On a shared page."""


def start_training(run: Run) -> None:
    """Start the run's worker process, or raise if too many are active."""
    with FileLock(get_studio_home() / "training" / ".starting.lock").hold():  # other servers may have the same home
        check_training_limits(run.folder.parent)
        run.start()


def check_training_limits(folder: Path) -> None:
    """Raise if no further training may start in this folder of a session's trainings."""
    own = _list_active(folder)
    if is_shared() and len(own) >= MAX_TRAININGS_PER_SESSION:
        raise UserError(
            "You have {count} trainings at work. Wait for one of them, or stop one.", count=MAX_TRAININGS_PER_SESSION
        )
    # A worker whose folder has been deleted, since its user has left, still takes some seconds to end.
    active = own.union(list_worker_folders(), *map(_list_active, list_training_folders()))
    if len(active) >= MAX_TRAININGS:
        raise UserError(
            "The server is busy: {count} trainings are at work. Wait for one of them, or try again later.",
            count=MAX_TRAININGS,
        )


def _list_active(folder: Path) -> set[Path]:
    return {run.folder for run in list_runs(folder) if run.read_status().state in ACTIVE_STATES}
