"""Many files with one task: from folders and lists, on all cores or GPUs, going on where it was stopped.

A journal in the target folder remembers what is done, from what and how. A worker that dies, for want of memory say,
takes nothing with it: its file is tried once more, and then told as failed.
"""

import csv
import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vc_core.errors import UserError

SOUND_SUFFIXES = (
    *(".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aiff", ".aif"),
    *(".webm", ".mp4", ".mkv", ".mov"),
)
LIST_SUFFIXES = (".csv", ".txt")
JOURNAL_FILE = "batch.jsonl"
TRIES = 2


@dataclass(frozen=True)
class Item:
    source: Path
    target: Path
    """A folder of its own."""


@dataclass(frozen=True)
class Outcome:
    item: Item
    files: tuple[Path, ...] = ()
    sentence: str = ""
    """Why it failed; empty if it didn't."""
    was_done: bool = False
    """Before, and so it was left alone."""


Work = Callable[[Item], Sequence[Path]]
"""Gives the files it wrote. It goes to other processes, so it is a plain value too."""

Crew = Callable[[dict[Item, int], Work], Iterator[Outcome]]
"""Works on what is missing, and counts there how often an item was tried when its worker died."""


def items_of(inputs: Sequence[Path], out_folder: Path) -> list[Item]:
    """Files, folders with all that is in them, and lists: one path a line, or the column `source` of a table."""
    found: dict[Path, Path] = {}
    for given in inputs:
        if given.is_dir():
            for path in sorted(given.rglob("*")):
                if path.suffix.lower() in SOUND_SUFFIXES and path.is_file():
                    found.setdefault(path, path.relative_to(given).with_suffix(""))
        elif given.suffix.lower() in LIST_SUFFIXES:
            for path in _listed(given):
                found.setdefault(path, Path(path.stem))
        else:
            found.setdefault(given, Path(given.stem))
    if not found:
        raise UserError("There is no sound file in what you named.")
    return [Item(source, out_folder / name) for source, name in _distinct(found)]


def _listed(path: Path) -> list[Path]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"“{path.name}” can't be read as a list of files.") from error
    if path.suffix.lower() == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        if any(not row.get("source") for row in rows):
            raise UserError(f"“{path.name}” needs a column `source`, filled in every row.")
        lines = [row["source"] for row in rows]
    else:
        lines = [line.strip() for line in text.splitlines()]
    return [path.parent / line for line in lines if line and not line.startswith("#")]


def _distinct(found: dict[Path, Path]) -> Iterator[tuple[Path, Path]]:
    """Two songs of one name get folders of their own."""
    taken: set[Path] = set()
    for source, name in found.items():
        place, count = name, 2
        while place in taken:
            place, count = name.with_name(f"{name.name}-{count}"), count + 1
        taken.add(place)
        yield source, place


class Journal:
    """What is done; a line for each, written when it is done."""

    def __init__(self, folder: Path, settings: object) -> None:
        self._path = folder / JOURNAL_FILE
        self._settings = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
        self._done: dict[str, list[str]] = {}
        if self._path.is_file():
            for line in self._path.read_text("utf-8").splitlines():
                self._take(line)

    def files_of(self, item: Item) -> list[Path] | None:
        """What came of it, if all of that is still there, and the source is still the same."""
        files = self._done.get(self._name(item))
        paths = [Path(file) for file in files] if files else []
        return paths if paths and all(path.is_file() for path in paths) else None

    def add(self, item: Item, files: Sequence[Path]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"item": self._name(item), "files": [str(file) for file in files]}, ensure_ascii=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._take(line)

    def _take(self, line: str) -> None:
        try:
            entry = json.loads(line)
            self._done[entry["item"]] = entry["files"]
        except (ValueError, KeyError, TypeError):  # cut off when the power went
            return

    def _name(self, item: Item) -> str:
        try:
            state = item.source.stat()
        except OSError:
            return ""
        return f"{item.source.resolve()}|{state.st_size}|{state.st_mtime_ns}|{item.target.resolve()}|{self._settings}"


def run_batch(
    items: Iterable[Item], work: Work, journal: Journal, crew: Crew, *, again: bool = False
) -> Iterator[Outcome]:
    """Outcomes come as they are ready."""
    missing: dict[Item, int] = {}
    for item in items:
        files = None if again else journal.files_of(item)
        if files is None:
            missing[item] = 0
        else:
            yield Outcome(item, tuple(files), was_done=True)
    while missing:
        for outcome in crew(missing, work):
            del missing[outcome.item]
            if not outcome.sentence:
                journal.add(outcome.item, outcome.files)
            yield outcome
        for item in [item for item, tries in missing.items() if tries >= TRIES]:
            del missing[item]
            yield Outcome(item, sentence="Its worker died, perhaps for want of memory. Use fewer workers.")


def on_this_machine(devices: Sequence[str]) -> Crew:
    """One worker for each device (`cpu` once for each core)."""
    return partial(_round, devices)


def _round(devices: Sequence[str], missing: dict[Item, int], work: Work) -> Iterator[Outcome]:
    """Until all are done or a worker dies; then those that were being worked on count as tried."""
    context = multiprocessing.get_context("spawn")
    names = context.Queue()
    for device in devices:
        names.put(device)
    with ProcessPoolExecutor(len(devices), context, initializer=_begin, initargs=(names,)) as pool:
        waiting = list(missing)
        running: dict[Future[Outcome], Item] = {}
        while waiting or running:
            # No more than there are workers, so that it is known who was at work when one died.
            while waiting and len(running) < len(devices):
                item = waiting.pop(0)
                running[pool.submit(outcome_of, work, item)] = item
            done = wait(running, return_when=FIRST_COMPLETED).done
            try:
                for future in done:
                    outcome = future.result()
                    del running[future]
                    yield outcome
            except BrokenProcessPool:
                for item in running.values():
                    missing[item] += 1
                return


def _begin(names: "multiprocessing.Queue[str]") -> None:
    settle_on(names.get())


def settle_on(device: str) -> None:
    """What a worker does first, before torch is imported."""
    os.environ["VOICE_STUDIO_DEVICE"] = device
    if device == "cpu":  # the cores are shared out among the workers
        os.environ["OMP_NUM_THREADS"] = "1"


def outcome_of(work: Work, item: Item) -> Outcome:
    try:
        return Outcome(item, tuple(work(item)))
    except UserError as error:
        return Outcome(item, sentence=str(error))


def devices_for(workers: int = 0) -> list[str]:
    """Every GPU once, or every core; or as many as asked for."""
    from vc_core.device import choose_device

    if choose_device().startswith("cuda"):
        import torch

        names = [f"cuda:{at}" for at in range(torch.cuda.device_count())]
        return [names[at % len(names)] for at in range(workers or len(names))]
    return [choose_device()] * (workers or (os.cpu_count() or 1 if choose_device() == "cpu" else 1))
