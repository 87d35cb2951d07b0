"""Takes of one session as folders: a JSON file and the sounds, which share their disk space with the results.

They expire as results do. On one's own machine, those that are kept move to the data directory.
"""

import json
import os
import shutil
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.errors import UserError
from vc_core.expiry import delete_expired
from vc_core.files.results import choose_free_path
from vc_core.home import get_studio_home
from vc_core.training.run.atomic_files import write_atomically
from vc_core.training.run.trash import TRASH, list_trash, move_to_trash, restore
from vc_core.ui.server.sessions import EXPIRY_HOURS, create_results_folder, get_takes_folder, is_shared

MAX_TAKES = 40
MAX_GIGABYTES = 2.0
"""Of one session; the oldest that are not kept go first."""
MAX_TITLE_LENGTH = 80
TAKE_FILE = "take.json"


@dataclass(frozen=True)
class Take:
    panel: str
    """The tab that made it."""
    title: str
    source: str
    """Name of the file it was made of; takes of one source are compared at the same place of it."""
    settings: Mapping[str, Any]
    """By the API's names."""
    sounds: Mapping[str, str] = field(default_factory=dict)
    """File names by the words of their labels; the main one first."""
    start_seconds: float = 0.0
    """Of a preview, in the source."""
    created: float = field(default_factory=time.time)
    """Seconds since 1970."""
    is_kept: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Takes:
    def __init__(self, folder: Path, kept_folder: Path | None = None) -> None:
        """`folder` is the session's; without a folder for those that are kept, they stay in it."""
        self.folder, self.kept_folder = folder, kept_folder

    def list_takes(self) -> list[Take]:
        """The newest first."""
        return sorted(self._read(), key=lambda take: take.created, reverse=True)

    def find(self, take_id: str) -> Take:
        found = next((take for take in self._read() if take.id == take_id), None)
        if found is None:
            raise UserError("This take is not there any more.")
        return found

    def add(self, take: Take, sounds: Mapping[str, Path]) -> None:
        folder = self.folder / take.id
        folder.mkdir(parents=True)
        names = {}
        for word, path in sounds.items():
            target = choose_free_path(folder / path.name)
            _link(path, target)
            names[word] = target.name
        # The clock may have been set back: the newest must not be taken for the oldest, which goes first.
        newest = max((one.created for one in self._read() if not one.is_kept), default=0.0)
        created = max(take.created, newest)
        _write(folder, replace(take, sounds=names, title=take.title[:MAX_TITLE_LENGTH], created=created))
        self._delete_surplus()
        delete_expired(self.folder.parent.glob("*"), EXPIRY_HOURS)

    def rename(self, take_id: str, title: str) -> None:
        if not (title := " ".join(title.split())[:MAX_TITLE_LENGTH]):
            raise UserError("Give the take a title.")
        take = self.find(take_id)
        _write(self._locate(take_id), replace(take, title=title))

    def keep(self, take_id: str) -> None:
        take, folder = self.find(take_id), self._locate(take_id)
        _write(folder, replace(take, is_kept=True))
        if self.kept_folder is not None and folder.parent != self.kept_folder:
            self.kept_folder.mkdir(parents=True, exist_ok=True)
            unfinished = self.kept_folder / f".{take_id}"
            shutil.copytree(folder, unfinished, copy_function=_link)
            unfinished.rename(self.kept_folder / take_id)
            shutil.rmtree(folder)

    def delete(self, take_id: str) -> None:
        """`undo` brings the latest back, for a day or as long as the session."""
        folder = self._locate(take_id)
        for root in self._roots():
            shutil.rmtree(root / TRASH, ignore_errors=True)
        move_to_trash(folder)

    def can_undo(self) -> bool:
        return any(list_trash(root) for root in self._roots())

    def undo(self) -> None:
        for root in self._roots():
            for folder in list_trash(root)[:1]:
                restore(folder)
                return
        raise UserError("There is nothing to restore.")

    def serve(self, take: Take) -> dict[str, str]:
        """Paths of its sounds that the page may load, by the words of their labels."""
        folder, served = self._locate(take.id), create_results_folder()
        for name in take.sounds.values():
            _link(folder / name, served / name)
        return {word: str(served / name) for word, name in take.sounds.items()}

    def _roots(self) -> tuple[Path, ...]:
        return (self.folder, self.kept_folder) if self.kept_folder else (self.folder,)

    def _read(self) -> list[Take]:
        oldest, takes = time.time() - EXPIRY_HOURS * 3600, []
        for root in self._roots():
            for path in root.glob(f"[!.]*/{TAKE_FILE}"):
                with suppress(OSError, ValueError, TypeError):  # deleted by another request, or damaged
                    take = replace(Take(**json.loads(path.read_text("utf-8"))), id=path.parent.name)
                    if root == self.folder and take.created < oldest:
                        shutil.rmtree(path.parent, ignore_errors=True)
                    else:
                        takes.append(take)
        return takes

    def _locate(self, take_id: str) -> Path:
        take = self.find(take_id)  # so that an id is never used as a path before it is known
        return next(root / take.id for root in self._roots() if (root / take.id / TAKE_FILE).exists())

    def _delete_surplus(self) -> None:
        takes = [take for take in self.list_takes() if (self.folder / take.id).exists()]
        sizes = {take.id: _measure(self.folder / take.id) for take in takes}
        for take in reversed([take for take in takes if not take.is_kept]):
            if len(sizes) <= MAX_TAKES and sum(sizes.values()) <= MAX_GIGABYTES * 1e9:
                return
            shutil.rmtree(self.folder / take.id, ignore_errors=True)
            del sizes[take.id]


def get_takes(request: gr.Request | None) -> Takes:
    """Those of this session, and on one's own machine those that were kept before."""
    return Takes(get_takes_folder(request), None if is_shared() else get_studio_home() / "takes")


def _link(source: str | Path, target: str | Path) -> None:
    """A second name of the same file, or a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write(folder: Path, take: Take) -> None:
    write_atomically(folder / TAKE_FILE, json.dumps(asdict(take)).encode())


def _measure(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
