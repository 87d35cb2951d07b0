"""A training run: a folder with its spec, status, metrics, clips, checkpoints, samples and exports.

`spec.json` `status.json` `log.txt` `losses.jsonl` `scores.jsonl` `clips/` `checkpoints/` `samples/` `voice/`, and
`stop`, which requests a stop. The worker process holds the lock file `worker.lock` (an advisory lock), which the
system releases when the process ends, however it ends.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from vc_core.errors import UserError
from vc_core.locks import FileLock, is_locked
from vc_core.training.base import Clips
from vc_core.training.run.advice import Advice, advise
from vc_core.training.run.atomic_files import append_line, write_atomically
from vc_core.training.run.spec import ACTIVE_STATES, SPEC, STATUS, Spec, Status
from vc_core.training.run.trash import list_trash, move_to_trash

INTERRUPTED = (
    "It ended without a word: the machine or the program was stopped, or the disk was full. It can be resumed."
)
WORKER = (sys.executable, "-m", "vc_core.training")
WORKER_START_TIMEOUT_SECONDS = 30.0
"""A new worker process that has not taken its lock after this time has failed."""
DELETED = ".deleted-"
ROOT = Path(__file__).parents[3]
MAX_LOG_BYTES = 1_000_000
"""Of a run's log, at each start of its worker; what is longer becomes the previous log."""

_worker_folders: set[Path] = set()
"""The runs of the living workers that this process has started."""


@dataclass(frozen=True)
class Run:
    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def spec(self) -> Spec:
        return SPEC.validate_json((self.folder / "spec.json").read_bytes())

    def read_status(self) -> Status:
        """Read status.json; an active state without a living worker is returned as interrupted."""
        is_alive = self.is_alive()  # before reading: a worker writes its final status before it releases the lock
        status = STATUS.validate_json((self.folder / "status.json").read_bytes())
        age_seconds = abs(time.time() - status.updated)  # the clock may have been set back
        is_starting = status.state == "waiting" and age_seconds < WORKER_START_TIMEOUT_SECONDS
        if status.state in ACTIVE_STATES and not (is_alive or is_starting):
            return replace(status, state="interrupted", message=INTERRUPTED)
        return status

    def write_status(self, status: Status) -> None:
        write_atomically(self.folder / "status.json", STATUS.dump_json(replace(status, updated=time.time())))

    def is_alive(self) -> bool:
        return is_locked(self.folder / "worker.lock")

    def request_stop(self) -> None:
        (self.folder / "stop").touch()

    def clear_stop_request(self) -> None:
        (self.folder / "stop").unlink(missing_ok=True)

    def is_stop_requested(self) -> bool:
        """True also when the run has been deleted."""
        return (self.folder / "stop").exists() or not self.folder.exists()

    @contextmanager
    def hold_worker_lock(self) -> Iterator[None]:
        lock = FileLock(self.folder / "worker.lock")
        if not lock.acquire_soon():
            raise UserError("This run is being worked on already. Wait until it ends, or stop it first.")
        try:
            yield
        finally:
            lock.release()

    def list_clips(self) -> Clips:
        folders = sorted(path for path in (self.folder / "clips").iterdir() if path.is_dir())
        return Clips({folder.name: sorted(folder.glob("*.flac")) for folder in folders})

    def read_losses(self) -> list[dict[str, float]]:
        return _read_lines(self.folder / "losses.jsonl")

    def read_scores(self) -> list[tuple[int, float]]:
        lines = _read_lines(self.folder / "scores.jsonl")
        return [(int(line["step"]), line["score"]) for line in lines if "score" in line]

    def append_metrics(self, file: str, line: Mapping[str, float]) -> None:
        append_line(self.folder / f"{file}.jsonl", json.dumps(line))

    def truncate_metrics(self, step: int) -> None:
        """Drop metrics after the checkpoint from which the run resumes."""
        for name in ("losses", "scores"):
            path = self.folder / f"{name}.jsonl"
            lines = [line for line in _read_lines(path) if line["step"] <= step]
            write_atomically(path, "".join(json.dumps(line) + "\n" for line in lines).encode())

    def get_advice(self) -> Advice:
        return advise(self.read_scores())

    def list_samples(self) -> dict[int, dict[str, Path]]:
        """Audio samples of each evaluation, by step and name."""
        steps = sorted((self.folder / "samples").glob("step-*"))
        return {int(step.name[5:]): {path.stem: path for path in sorted(step.glob("*.flac"))} for step in steps}

    def start(self) -> None:
        """Start a worker process, which outlives this process."""
        if self.is_alive():
            raise UserError("This run is being worked on already.")
        self.clear_stop_request()
        self.write_status(replace(self.read_status(), state="waiting", message="Starting"))
        start_worker(self.folder)

    def move_to_trash(self) -> None:
        """Stop it, and keep its folder for a day (`training/run/trash.py`)."""
        try:
            self.request_stop()
            move_to_trash(self.folder)
        except FileNotFoundError:  # another program was faster
            raise UserError("There is no such run. It may have been deleted.") from None

    def delete(self) -> None:
        self.request_stop()
        doomed = self.folder.with_name(f"{DELETED}{self.id}")
        self.folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def start_worker(folder: Path) -> None:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    written = folder / "log.txt"
    if written.is_file() and written.stat().st_size > MAX_LOG_BYTES:
        written.replace(folder / "log.previous.txt")
    with written.open("ab") as log:
        process = subprocess.Popen(
            [*WORKER, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    _worker_folders.add(folder)
    threading.Thread(target=_reap, args=(process, folder), daemon=True).start()


def list_worker_folders() -> set[Path]:
    """The runs of the living workers that this process has started, also of runs that have been deleted."""
    return set(_worker_folders)


def _reap(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for the child process, or it would remain a zombie process for as long as this process lives."""
    process.wait()
    _worker_folders.discard(folder)


def list_runs(root: Path) -> list[Run]:
    """List all runs, the newest first; other folders are skipped. Runs that were deleted a day ago are removed."""
    list_trash(root)
    found = []
    for path in root.glob("[!.]*/spec.json"):
        run = Run(path.parent)
        try:
            found.append((run.spec.created, run))
            run.read_status()
        except (ValidationError, OSError, UserError):
            continue
    return [run for _, run in sorted(found, key=lambda one: one[0], reverse=True)]


def find_run(root: Path, name: str) -> Run:
    for run in list_runs(root):
        if run.id == name:
            return run
    raise UserError("There is no such run. It may have been deleted.")


def write_run_files(folder: Path, spec: Spec) -> Run:
    """Write spec and status into a folder that already contains the clips."""
    run = Run(folder)
    write_atomically(folder / "spec.json", SPEC.dump_json(spec, indent=2))
    run.write_status(Status("stopped", "Not started yet"))
    return run


def _read_lines(path: Path) -> list[dict[str, float]]:
    """Read JSON lines of numbers with their step; one that a killed process has truncated is skipped."""
    found = []
    for line in path.read_text("utf-8", "replace").splitlines() if path.is_file() else []:
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(values, dict) and "step" in values and all(map(_is_number, values.values())):
            found.append(values)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
