"""Work that goes on when its tab is closed, and is found again by its link.

A job is a thread and a small file. Whoever has its id may look at it, wait for it and stop it: ids can't be guessed.
What it made, and that it was made, is forgotten when results expire.
"""

import json
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from gradio.utils import get_upload_folder

from vc_core.errors import UserError
from vc_core.progress import Progress
from vc_core.ui.events import HEARTBEAT_SECONDS, UNEXPECTED, Done, Happening, Refused, Step, on_device
from vc_core.ui.visitors import EXPIRY_HOURS

MOST_FOR_ONE = 3
"""So many unfinished jobs one visitor may have."""
STATUS_FILE = "job.json"
KEPT = "kept"

Outcome = dict[str, Any]
"""What a job gives: paths and plain values, as JSON keeps them."""


@dataclass(frozen=True)
class Status:
    state: Literal["running", "done", "failed", "stopped", "interrupted"]
    outcome: Outcome | None = None
    sentence: str = ""
    """Why it failed."""


@dataclass
class _Running:
    owner: str
    step: Step
    stopped: threading.Event
    ended: threading.Event


class Jobs:
    """Those of this server; their files outlast it, but a job that ran when it ended is interrupted."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}

    def start(self, work: Callable[[Progress, Path], Outcome], *, owner: str, keep: Sequence[Path] = ()) -> str:
        """Gives its id at once. `work` runs alone on the device, with a folder; copies of `keep` are in its `KEPT`."""
        self._forget_the_expired()
        if owner and sum(running.owner == owner for running in self._running.values()) >= MOST_FOR_ONE:
            raise UserError(f"You have {MOST_FOR_ONE} covers in the making. Wait for one of them, or stop one.")
        job = uuid.uuid4().hex
        _folder_of(job).mkdir(parents=True)
        for folder in keep:
            shutil.copytree(folder, _folder_of(job) / KEPT / folder.name)
        _write(job, Status("running"))
        self._running[job] = _Running(owner, Step(0.0, "…"), threading.Event(), threading.Event())
        threading.Thread(target=self._run, args=(job, work), daemon=True).start()
        return job

    def stop(self, job: str) -> None:
        if running := self._running.get(job):
            running.stopped.set()

    def status(self, job: str) -> Status:
        is_running = job in self._running  # asked before the file is read, since it ends after that is written
        found = _read(job)
        return replace(found, state="interrupted") if found.state == "running" and not is_running else found

    def followed(self, job: str) -> Generator[Happening[Outcome], None, None]:
        """Its steps, and then what it gave. Nothing happens to it if nobody follows any more."""
        while running := self._running.get(job):
            yield running.step
            running.ended.wait(HEARTBEAT_SECONDS)
        status = self.status(job)
        if status.state == "done" and status.outcome is not None:
            yield Done(status.outcome)
        else:
            yield Refused(status.sentence or SENTENCES[status.state])

    def _run(self, job: str, work: Callable[[Progress, Path], Outcome]) -> None:
        running, status = self._running[job], Status("failed")
        try:
            with closing(on_device(lambda progress: work(progress, _folder_of(job)))) as happenings:
                for happening in happenings:
                    if running.stopped.is_set():
                        status = Status("stopped")
                        return
                    match happening:
                        case Step():
                            running.step = happening
                        case Done(outcome):
                            status = Status("done", outcome)
                        case Refused(sentence):
                            status = Status("failed", sentence=sentence)
        finally:  # a bug goes on to the log, and whoever waits hears of it
            _write(job, status)
            del self._running[job]
            running.ended.set()

    def _forget_the_expired(self) -> None:
        oldest = time.time() - EXPIRY_HOURS * 3600
        for folder in _root().glob("*"):
            if folder.name not in self._running and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


SENTENCES = {
    "stopped": "This was stopped. Start it again: what was done is kept for some hours.",
    "interrupted": "The server was restarted while it worked on this. Start it again: what was done is kept.",
    "failed": UNEXPECTED,
    "done": UNEXPECTED,
}

JOBS = Jobs()


def _root() -> Path:
    # Beside Gradio's folder of served files: what a job keeps for itself must not be reachable by address.
    return Path(get_upload_folder()).with_name("voice-studio-jobs")


def _folder_of(job: str) -> Path:
    if len(job) != 32 or not set(job) <= set("0123456789abcdef"):
        raise UserError("There is no such job. Its link may be cut off.")
    return _root() / job


def _write(job: str, status: Status) -> None:
    part = _folder_of(job) / f".{STATUS_FILE}"
    part.write_text(json.dumps(asdict(status)), "utf-8")
    part.replace(_folder_of(job) / STATUS_FILE)


def _read(job: str) -> Status:
    try:
        return Status(**json.loads((_folder_of(job) / STATUS_FILE).read_text("utf-8")))
    except FileNotFoundError:
        raise UserError(f"There is no such job any more: results are kept for {EXPIRY_HOURS:g} hours.") from None
