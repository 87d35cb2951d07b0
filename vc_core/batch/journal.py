"""Batch processing of many files in worker processes on all cores or GPUs, resumable by a journal.

The journal in the target folder records finished files with their source and settings. If a worker process dies, for
example out of memory, its file is retried once and then reported as failed.
"""

import csv
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from vc_core.errors import UserError
from vc_core.files.regular_files import is_folder
from vc_core.files.results import ResultJournal
from vc_core.progress import Cancelled

log = logging.getLogger(__name__)

SOUND_SUFFIXES = (
    *(".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aiff", ".aif"),
    *(".webm", ".mp4", ".mkv", ".mov"),
)
LIST_SUFFIXES = (".csv", ".txt")
TRIES = 2


@dataclass(frozen=True)
class Item:
    source: Path
    target: Path
    """The item's own output folder; `run_batch` adds a number if another item has it."""


@dataclass(frozen=True)
class Outcome:
    item: Item
    files: tuple[Path, ...] = ()
    error: str = ""
    """The error message; empty if it succeeded."""
    was_done: bool = False
    """It was finished in an earlier run, and skipped."""


Work = Callable[[Item], Sequence[Path]]
"""Processes an item and returns the files it wrote. It is pickled for other processes."""

Executor = Callable[[dict[Item, int], Work], Iterator[Outcome]]
"""Runs the pending items in workers; counts in the dictionary how often an item lost its worker."""


def list_items(inputs: Sequence[Path], out_folder: Path) -> list[Item]:
    """Items from audio files, folders (recursively) and lists: one path a line, or the CSV column `source`."""
    found: dict[Path, Path] = {}
    for source in inputs:
        if is_folder(source):
            for path in sorted(source.rglob("*")):
                if path.suffix.lower() in SOUND_SUFFIXES and path.is_file():
                    found.setdefault(path, path.relative_to(source).with_suffix(""))
        elif source.suffix.lower() in LIST_SUFFIXES:
            for path in _read_list(source):
                found.setdefault(path, Path(path.stem))
        else:
            found.setdefault(source, Path(source.stem))
    if not found:
        raise UserError("There is no sound file in what you named.")
    return [Item(source, out_folder / name) for source, name in found.items()]


def _read_list(path: Path) -> list[Path]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("“{file}” can't be read as a list of files.", file=path.name) from error
    if path.suffix.lower() == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        if any(not row.get("source") for row in rows):
            raise UserError("“{file}” needs a column `source`, filled in every row.", file=path.name)
        lines = [row["source"] for row in rows]
    else:
        lines = [line.strip() for line in text.splitlines()]
    return [path.parent / line for line in lines if line and not line.startswith("#")]


def run_batch(
    items: Iterable[Item], work: Work, journal: ResultJournal, executor: Executor, *, again: bool = False
) -> Iterator[Outcome]:
    """Yield outcomes as they become ready. A file that fails does not stop the others.

    Of files with the same name and content, only the first is processed.
    """
    pending: dict[Item, int] = {}
    names: dict[Item, str] = {}
    for item in items:
        name = str(item.target.relative_to(journal.folder))
        files = None if again else journal.find_files(item.source, name)
        if files is None:
            try:
                claimed = replace(item, target=journal.claim(item.source, name, force=again))
            except UserError as error:
                yield Outcome(item, error=str(error))
                continue
            if claimed.target not in {other.target for other in pending}:
                pending[claimed], names[claimed] = 0, name
        else:
            yield Outcome(item, tuple(files), was_done=True)
    while pending:
        for outcome in executor(pending, work):
            del pending[outcome.item]
            if not outcome.error:
                journal.add(outcome.item.source, names[outcome.item], outcome.files)
            yield outcome
        for item in [item for item, tries in pending.items() if tries >= TRIES]:
            del pending[item]
            yield Outcome(item, error="Its worker died, perhaps for want of memory. Use fewer workers.")


def make_local_executor(devices: Sequence[str]) -> Executor:
    """One worker for each device (`cpu` once for each core)."""
    return partial(_run_round, devices)


def _run_round(devices: Sequence[str], pending: dict[Item, int], work: Work) -> Iterator[Outcome]:
    """Run until all are finished or a worker dies; then the items that were running count as tried."""
    context = multiprocessing.get_context("spawn")
    names = context.Queue()
    for device in devices:
        names.put(device)
    with ProcessPoolExecutor(len(devices), context, initializer=_start_worker, initargs=(names,)) as pool:
        waiting = list(pending)
        running: dict[Future[Outcome], Item] = {}
        while waiting or running:
            # At most one item per worker, so that the items of dead workers are known.
            while waiting and len(running) < len(devices):
                item = waiting.pop(0)
                running[pool.submit(run_item, work, item)] = item
            done = wait(running, return_when=FIRST_COMPLETED).done
            try:
                for future in done:
                    outcome = future.result()
                    del running[future]
                    yield outcome
            except BrokenProcessPool:
                for item in running.values():
                    pending[item] += 1
                return


def _start_worker(names: "multiprocessing.Queue[str]") -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    set_up_worker(names.get())


def _end_with_parent() -> None:
    """A killed batch can't end its workers, which would wait for work for ever."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def set_up_worker(device: str) -> None:
    """Configure a worker process; called before torch is imported."""
    os.environ["VOICE_STUDIO_DEVICE"] = device
    if device == "cpu":  # one core for each worker
        os.environ["OMP_NUM_THREADS"] = "1"


def run_item(work: Work, item: Item) -> Outcome:
    try:
        return Outcome(item, tuple(work(item)))
    except Cancelled:  # on a page; in a worker process nobody cancels
        raise
    except UserError as error:
        return Outcome(item, error=str(error))
    except Exception as error:  # must not end the other files
        log.exception("unexpected error")
        return Outcome(item, error=f"Something went wrong that should not have ({type(error).__name__}: {error}).")


def list_devices(workers: int = 0) -> list[str]:
    """The device of each worker: every GPU once, or the CPU once for each core, unless `workers` says otherwise."""
    from vc_core.device import choose_device

    if choose_device().startswith("cuda"):
        import torch

        chosen = os.environ.get("VOICE_STUDIO_DEVICE", "")
        names = [chosen] if ":" in chosen else [f"cuda:{at}" for at in range(torch.cuda.device_count())]
        return [names[at % len(names)] for at in range(workers or len(names))]
    return [choose_device()] * (workers or (os.cpu_count() or 1 if choose_device() == "cpu" else 1))
