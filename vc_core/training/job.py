"""A run is a folder: what is wanted, how far it is, what it has learned. Nothing about it is kept anywhere else.

`spec.json` `status.json` `log.txt` `losses.jsonl` `scores.jsonl` `clips/` `checkpoints/` `samples/` `voice/`, and
`stop`, which is touched to end it. Whoever works on a run holds `worker.lock`, so that everybody can tell whether it
is being worked on, whatever has happened to the worker.
"""

import json
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
from vc_core.training.advice import Advice, advise
from vc_core.training.base import Clips
from vc_core.training.durable import append_line, write_durably
from vc_core.training.locks import FileLock, is_held
from vc_core.training.spec import AT_WORK, SPEC, STATUS, Spec, Status

INTERRUPTED = (
    "It ended without a word: the machine or the program was stopped, or the disk was full. It can be resumed."
)
WORKER = (sys.executable, "-m", "vc_core.training")
STARTING_SECONDS = 30.0
"""A new worker is given so long until it is missed."""
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def spec(self) -> Spec:
        return SPEC.validate_json((self.folder / "spec.json").read_bytes())

    def status(self) -> Status:
        """As the worker last told it; one that says it is at work while nobody is has been interrupted."""
        is_alive = self.is_alive()  # asked first: a worker that ends in between has told its end before
        status = STATUS.validate_json((self.folder / "status.json").read_bytes())
        is_starting = status.state == "waiting" and time.time() - status.updated < STARTING_SECONDS
        if status.state in AT_WORK and not (is_alive or is_starting):
            return replace(status, state="interrupted", message=INTERRUPTED)
        return status

    def tell(self, status: Status) -> None:
        write_durably(self.folder / "status.json", STATUS.dump_json(replace(status, updated=time.time())))

    def is_alive(self) -> bool:
        return is_held(self.folder / "worker.lock")

    def ask_to_stop(self) -> None:
        (self.folder / "stop").touch()

    def allow(self) -> None:
        """An earlier wish to stop is forgotten, before somebody starts to work on it again."""
        (self.folder / "stop").unlink(missing_ok=True)

    def is_to_stop(self) -> bool:
        """Also once the folder is gone: its owner has deleted it."""
        return (self.folder / "stop").exists() or not self.folder.exists()

    @contextmanager
    def worked_on(self) -> Iterator[None]:
        lock = FileLock(self.folder / "worker.lock")
        if not lock.take_soon():
            raise UserError("This run is being worked on already. Wait until it ends, or stop it first.")
        try:
            yield
        finally:
            lock.release()

    def clips(self) -> Clips:
        folders = sorted(path for path in (self.folder / "clips").iterdir() if path.is_dir())
        return Clips({folder.name: sorted(folder.glob("*.flac")) for folder in folders})

    def losses(self) -> list[dict[str, float]]:
        return _read_lines(self.folder / "losses.jsonl")

    def scores(self) -> list[tuple[int, float]]:
        return [(int(line["step"]), line["score"]) for line in _read_lines(self.folder / "scores.jsonl")]

    def note(self, file: str, line: Mapping[str, float]) -> None:
        append_line(self.folder / f"{file}.jsonl", json.dumps(line))

    def forget_after(self, step: int) -> None:
        """What was noted past the checkpoint that it goes on from will be noted again."""
        for name in ("losses", "scores"):
            path = self.folder / f"{name}.jsonl"
            kept = [line for line in _read_lines(path) if line["step"] <= step]
            write_durably(path, "".join(json.dumps(line) + "\n" for line in kept).encode())

    def advice(self) -> Advice:
        return advise(self.scores())

    def samples(self) -> dict[int, dict[str, Path]]:
        """What it sang at each evaluation, by step and name."""
        steps = sorted((self.folder / "samples").glob("step-*"))
        return {int(step.name[5:]): {path.stem: path for path in sorted(step.glob("*.flac"))} for step in steps}

    def start(self) -> None:
        """In a process of its own, which outlives this one."""
        if self.is_alive():
            raise UserError("This run is being worked on already.")
        self.allow()
        self.tell(replace(self.status(), state="waiting", message="Starting"))
        start_worker(self.folder)

    def delete(self) -> None:
        self.ask_to_stop()
        doomed = self.folder.with_name(f".deleted-{self.id}")
        self.folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def start_worker(folder: Path) -> None:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [*WORKER, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    # Somebody must hear of its end, or it stays in the system's list for as long as this process lives.
    threading.Thread(target=process.wait, daemon=True).start()


def list_runs(root: Path) -> list[Run]:
    """The newest first; folders that are none are passed over."""
    found = []
    for path in root.glob("[!.]*/spec.json"):
        run = Run(path.parent)
        try:
            found.append((run.spec.created, run))
            run.status()
        except (ValidationError, OSError):
            continue
    return [run for _, run in sorted(found, key=lambda one: one[0], reverse=True)]


def find_run(root: Path, name: str) -> Run:
    for run in list_runs(root):
        if run.id == name:
            return run
    raise UserError("There is no such run. It may have been deleted.")


def write_run(folder: Path, spec: Spec) -> Run:
    """Into a folder that holds the clips already."""
    run = Run(folder)
    write_durably(folder / "spec.json", SPEC.dump_json(spec, indent=2))
    run.tell(Status("stopped", "Not started yet"))
    return run


def _read_lines(path: Path) -> list[dict[str, float]]:
    """Of which a kill may have cut the last one short."""
    found = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
