"""The job that goes through several files: each waits for its own turn on the device, and one that fails ends no other.

The tasks, their order and the journal of results are those of `vc batch`.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from vc_core.batch.journal import Executor, Item, Work, run_batch, run_item
from vc_core.batch.journal import Outcome as FileOutcome
from vc_core.batch.tasks import ConvertFile, CoverFile, SeparateFile
from vc_core.device import exclusive_device
from vc_core.files.results import ResultJournal, shorten
from vc_core.progress import Progress, Step, Waiting, silent, subprogress
from vc_core.recipes.cover import cover_song
from vc_core.ui.many_files.table import FileRow, FileTable, list_unfinished
from vc_core.ui.server.clock import STARTING, JobClock
from vc_core.ui.server.jobs import Outcome
from vc_core.ui.tabs.cover_work import find_copy, open_cache
from vc_core.ui.widgets.controls import name_after, write_zip
from vc_core.voices.library import Voice

PREPARING_SHARE = 0.1


class FileWork(Protocol):
    """A task of `vc_core/batch/tasks.py`."""

    def prepare(self, progress: Progress) -> None: ...
    def __call__(self, item: Item, progress: Progress = silent) -> Sequence[Path]: ...


class PageCoverFile(CoverFile):
    """With the stages in the page's own cache, which expires."""

    def __call__(self, item: Item, progress: Progress = silent) -> Sequence[Path]:
        task = self.make_task(item)
        made = cover_song(
            task.open_song(), task.voice, item.target, task.options, cache=open_cache(), progress=progress
        )
        return [made.path, *made.stems.values()]


@dataclass(frozen=True)
class ManyFiles:
    work: FileWork
    settings: dict[str, Any]
    """What the results follow from, as plain values."""
    results: Path
    """A folder that the page serves."""
    rows: Sequence[FileRow]
    """Those that are done stay as they are."""
    clock: JobClock

    def run(self, progress: Progress, folder: Path) -> Outcome:
        """In the thread of a job, with the job's folder."""
        table = FileTable(folder, self.rows)
        work = use_copies(self.work, folder)
        work.prepare(subprogress(progress, 0.0, PREPARING_SHARE))
        sources = [Path(row.source) for row in list_unfinished(self.rows)]
        items = [Item(source, self.results / source.stem) for source in sources]
        report = subprogress(progress, PREPARING_SHARE, 1.0)
        executor = self._make_executor(work, table, report)
        for outcome in run_batch(items, work, ResultJournal(self.results, self.settings), executor):
            table.finish(outcome)
        return {"results": str(self.results)}

    def _make_executor(self, work: FileWork, table: FileTable, progress: Progress) -> Executor:
        def run_in_turn(pending: dict[Item, int], _: Work) -> Iterator[FileOutcome]:
            items = list(pending)
            for at, item in enumerate(items):
                whole = subprogress(progress, at / len(items), (at + 1) / len(items))
                report = partial(_report, table, item, whole)
                with exclusive_device(report, self.clock.seconds_left):
                    table.begin(item.source)
                    report(0.0, STARTING)
                    outcome = run_item(partial(_work_and_name, work, report), item)
                yield outcome

        return run_in_turn


def _report(table: FileTable, item: Item, whole: Progress, fraction: float, step: Step) -> None:
    if not isinstance(step, Waiting):
        table.advance(item.source, fraction)
    whole(fraction, step)


def _work_and_name(work: FileWork, progress: Progress, item: Item) -> list[Path]:
    """The results are named after song, voice and part."""
    files, title = work(item, progress), item.source.stem
    match work:
        case ConvertFile():
            name = f"{shorten(f'{title} - {work.voice.folder.name}')}{files[0].suffix}"
            return [files[0].rename(files[0].with_name(name))]
        case CoverFile():
            return [name_after(file, title, work.voice.folder.name) for file in files]
        case SeparateFile():
            return [name_after(file, title) for file in files]
    return list(files)


def use_copies(work: FileWork, folder: Path) -> FileWork:
    """A session's own voices are deleted with it; the job has copies."""
    if isinstance(work, ConvertFile):
        return replace(work, voice=find_copy(work.voice, folder))
    if isinstance(work, CoverFile):
        backing = work.options.backing_voice
        options = replace(work.options, backing_voice=backing and find_copy(backing, folder))
        return replace(work, voice=find_copy(work.voice, folder), options=options)
    return work


def list_own_voices(work: FileWork) -> list[Path]:
    """Folders of the voices that the job needs copies of."""
    singers: list[Voice | None] = [work.voice] if isinstance(work, ConvertFile | CoverFile) else []
    singers += [work.options.backing_voice] if isinstance(work, CoverFile) else []
    return list({singer.folder: None for singer in singers if singer and singer.can_be_deleted})


def pack(rows: Sequence[FileRow], results: Path, title: str) -> Path | None:
    """One zip of all results; those of one song, if they are several, in a folder of its name."""
    files: dict[str, Path] = {}
    for row in rows:
        for path in map(Path, row.files):
            folder = path.parent.name if len(row.files) > 1 or path.name in files else ""
            files[f"{folder}/{path.name}".lstrip("/")] = path
    if not files:
        return None
    unfinished = write_zip(results / f".{uuid.uuid4().hex}", files)
    return unfinished.replace(results / f"{title}.zip")
