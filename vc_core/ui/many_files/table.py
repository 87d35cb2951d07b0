"""The files of a job with their states, stored in the job's folder, so that a page that is opened later shows them."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from vc_core.batch.journal import Outcome
from vc_core.ui.server.jobs import get_job_folder, get_jobs

TABLE_FILE = "files.json"
SAVE_SECONDS = 0.5
"""The progress of a file is written at this interval."""
FileState = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True)
class FileRow:
    source: str
    state: FileState = "waiting"
    fraction: float = 0.0
    files: tuple[str, ...] = field(default_factory=tuple)
    """The results."""
    error: str = ""
    """The error message in English."""

    @property
    def name(self) -> str:
        return Path(self.source).name


class FileTable:
    """Written by the job alone."""

    def __init__(self, folder: Path, rows: Iterable[FileRow]) -> None:
        self._path, self._rows, self._saved = folder / TABLE_FILE, {row.source: row for row in rows}, 0.0
        self._save()

    def begin(self, source: Path) -> None:
        self._change(source, state="running", fraction=0.0)

    def advance(self, source: Path, fraction: float) -> None:
        self._rows[str(source)] = replace(self._rows[str(source)], fraction=min(max(fraction, 0.0), 1.0))
        if time.monotonic() - self._saved >= SAVE_SECONDS:
            self._save()

    def finish(self, outcome: Outcome) -> None:
        state, files = ("failed", ()) if outcome.error else ("done", tuple(map(str, outcome.files)))
        self._change(outcome.item.source, state=state, fraction=1.0, files=files, error=outcome.error)

    @property
    def rows(self) -> list[FileRow]:
        return list(self._rows.values())

    def _change(self, source: Path, **changes: Any) -> None:
        self._rows[str(source)] = replace(self._rows[str(source)], **changes)
        self._save()

    def _save(self) -> None:
        unfinished = self._path.with_name(f".{TABLE_FILE}")
        unfinished.write_text(json.dumps([asdict(row) for row in self._rows.values()]), "utf-8")
        unfinished.replace(self._path)
        self._saved = time.monotonic()


def read_rows(job: str) -> list[FileRow]:
    """Of a job that has ended, what it did not reach or finish is stopped; `UserError` if there is no such job."""
    is_running = get_jobs().status(job).state == "running"
    try:
        stored = json.loads((get_job_folder(job) / TABLE_FILE).read_text("utf-8"))
    except FileNotFoundError:  # not begun
        return []
    rows = [FileRow(**row | {"files": tuple(row["files"])}) for row in stored]
    if is_running:
        return rows
    return [replace(row, state="stopped") if row.state in ("waiting", "running") else row for row in rows]


def list_unfinished(rows: Sequence[FileRow]) -> list[FileRow]:
    return [row for row in rows if row.state != "done"]
