"""Background jobs: they continue when their tab is closed, and are found again by their link.

A job is a thread and a status file. Whoever has its id may read, follow and stop it: ids can't be guessed.
Result and status are deleted when results expire.
"""

import json
import shutil
import threading
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from gradio.utils import get_upload_folder

from vc_core.errors import UserError, restore_error
from vc_core.expiry import delete_expired
from vc_core.progress import Progress
from vc_core.training.run.atomic_files import write_atomically
from vc_core.ui.server.clock import STARTING, JobClock
from vc_core.ui.server.events import (
    HEARTBEAT_SECONDS,
    UNEXPECTED,
    Done,
    Event,
    Failed,
    ProgressUpdate,
    run_in_thread,
    run_on_device,
)
from vc_core.ui.server.sessions import EXPIRY_HOURS

MAX_JOBS = 16
"""Unfinished jobs, also of sessions that have ended."""
MAX_JOBS_PER_SESSION = 3
STATUS_FILE = "job.json"
KEPT = "kept"

Outcome = dict[str, Any]
"""The result of a job: paths and plain values, stored as JSON."""


@dataclass(frozen=True)
class Status:
    state: Literal["running", "done", "failed", "stopped", "interrupted"]
    outcome: Outcome | None = None
    sentence: str = ""
    """The error message in English; the key of the file."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """With which it was started, as links have them."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The same as plain values by the API's names."""


@dataclass
class _Running:
    owner: str
    update: ProgressUpdate
    stopped: threading.Event
    ended: threading.Event
    clock: JobClock
    settings: dict[str, Any]
    values: dict[str, Any]


@dataclass(frozen=True)
class InTurns:
    """Work that waits for the device itself, once for each of its files, so that other jobs come in between."""

    work: Callable[[Progress, Path], Outcome]

    def __call__(self, progress: Progress, folder: Path) -> Outcome:
        return self.work(progress, folder)


class Jobs:
    """The jobs of this server. Their files survive a restart; a job that was running then is interrupted."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._starting = threading.Lock()

    def start(
        self,
        work: Callable[[Progress, Path], Outcome],
        *,
        owner: str,
        keep: Sequence[Path] = (),
        settings: Mapping[str, Any] = MappingProxyType({}),
        values: Mapping[str, Any] = MappingProxyType({}),
        clock: JobClock | None = None,
    ) -> str:
        """Return the id at once. `work` waits in the device queue; its folder has copies of `keep` in `KEPT`."""
        self._delete_expired()
        job = uuid.uuid4().hex
        with self._starting:
            self._check_limits(owner)
            first, clock = ProgressUpdate(0.0, STARTING), clock or JobClock()
            events = (threading.Event(), threading.Event())
            self._running[job] = _Running(owner, first, *events, clock, dict(settings), dict(values))
        try:
            get_job_folder(job).mkdir(parents=True)
            for folder in keep:
                shutil.copytree(folder, get_job_folder(job) / KEPT / folder.name)
            _write_status(job, Status("running", settings=dict(settings), values=dict(values)))
            threading.Thread(target=self._run, args=(job, work), daemon=True).start()
        except BaseException:
            del self._running[job]
            raise
        return job

    def _check_limits(self, owner: str) -> None:
        owners = [running.owner for running in self._running.values()]
        if owner and owners.count(owner) >= MAX_JOBS_PER_SESSION:
            raise UserError(
                "You have {count} jobs at work. Wait for one of them, or stop one.", count=MAX_JOBS_PER_SESSION
            )
        if len(owners) >= MAX_JOBS:
            raise UserError("The server is busy: {count} jobs are at work. Try again later.", count=MAX_JOBS)

    def stop(self, job: str) -> None:
        _check_id(job)
        if running := self._running.get(job):
            running.stopped.set()

    def status(self, job: str) -> Status:
        _check_id(job)
        is_running = job in self._running  # before reading the file: a job ends after its file is written
        status = _read_status(job)
        return replace(status, state="interrupted") if status.state == "running" and not is_running else status

    def get_clock(self, job: str) -> JobClock:
        """The clock of a running job, which a page that is opened later reads too."""
        _check_id(job)
        running = self._running.get(job)
        return running.clock if running else JobClock()

    def follow(self, job: str) -> Generator[Event[Outcome], None, None]:
        """Yield progress and then the result. The job continues when nobody follows it."""
        while running := self._running.get(job):
            yield running.update
            running.ended.wait(HEARTBEAT_SECONDS)
        status = self.status(job)
        if status.state == "done" and status.outcome is not None:
            yield Done(status.outcome)
        else:
            yield Failed(restore_error(status.sentence) if status.sentence else _explain(status.state))

    def _run(self, job: str, work: Callable[[Progress, Path], Outcome]) -> None:
        running, status = self._running[job], Status("failed")
        try:
            folder = get_job_folder(job)
            if isinstance(work, InTurns):
                events = run_in_thread(lambda progress: work(progress, folder))
            else:
                events = run_on_device(lambda progress: work(progress, folder), running.clock)
            with closing(events):
                for event in events:
                    if running.stopped.is_set():
                        status = Status("stopped")
                        return
                    match event:
                        case ProgressUpdate():
                            running.update = event
                            running.clock.update(event.fraction, event.message)
                        case Done(outcome):
                            status = Status("done", outcome)
                        case Failed(error):
                            status = Status("failed", sentence=str(error))
        finally:  # also after an unexpected exception, which is logged
            _write_status(job, replace(status, settings=running.settings, values=running.values))
            del self._running[job]
            running.ended.set()

    def _delete_expired(self) -> None:
        ended = (folder for folder in _get_root().glob("*") if folder.name not in self._running)
        delete_expired(ended, EXPIRY_HOURS)


def _explain(state: str) -> UserError:
    """The error of a job that has no result."""
    if state == "stopped":
        return UserError("This was stopped. Start it again: what was done is kept for some hours.")
    if state == "interrupted":
        return UserError("The server was restarted while it worked on this. Start it again: what was done is kept.")
    return restore_error(UNEXPECTED.template)


@cache
def get_jobs() -> Jobs:
    """The registry of this server."""
    return Jobs()


def _get_root() -> Path:
    # Beside Gradio's folder of served files: a job's own files must not be reachable by URL.
    return Path(get_upload_folder()).with_name("voice-studio-jobs")


def _check_id(job: str) -> None:
    """Programs may send anything."""
    if not isinstance(job, str) or len(job) != 32 or not set(job) <= set("0123456789abcdef"):
        raise UserError("There is no such job. Its link may be cut off.")


def get_job_folder(job: str) -> Path:
    """Of its own files, which no URL reaches."""
    _check_id(job)
    return _get_root() / job


def _write_status(job: str, status: Status) -> None:
    write_atomically(get_job_folder(job) / STATUS_FILE, json.dumps(asdict(status)).encode())


def _read_status(job: str) -> Status:
    try:
        return Status(**json.loads((get_job_folder(job) / STATUS_FILE).read_text("utf-8")))
    except FileNotFoundError:
        raise UserError(
            "There is no such job any more: results are kept for {hours:g} hours.", hours=EXPIRY_HOURS
        ) from None
    except (ValueError, TypeError, RecursionError):  # damaged, for example by a power failure
        return Status("interrupted")
