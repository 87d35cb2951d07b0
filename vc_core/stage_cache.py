"""Work that was done before: the files of each step, found again by what went into it, for some hours and gigabytes."""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vc_core import __version__

WORK_PREFIX = ".work-"


class StageCache:
    """A folder for each step, named by a hash; the least recently used go first when there are too many.

    Whoever uses a step gets links to its files in a folder of their own, so that nothing is deleted under their hands.
    """

    def __init__(self, folder: Path, *, max_gigabytes: float = 4.0, max_hours: float = 6.0) -> None:
        self.folder, self.max_gigabytes, self.max_hours = folder, max_gigabytes, max_hours

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """An empty folder for one piece of work; it is deleted after."""
        place = self.folder / f"{WORK_PREFIX}{uuid.uuid4().hex}"
        place.mkdir(parents=True)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def has(self, key: str) -> bool:
        return (self.folder / key).is_dir() and not self._is_expired(self.folder / key)

    def stage(self, key: str, place: Path, make: Callable[[Path], None]) -> Path:
        """The folder `place` with the files of that step: linked if they are known, made and kept if not."""
        if self._take(key, place):
            return place
        place.mkdir(parents=True)
        make(place)
        self._keep(key, place)
        return place

    def prune(self) -> None:
        """Delete what is too old, and the least recently used of what is too much."""
        room = self.max_gigabytes * 1e9
        for entry in sorted(self.folder.glob("*"), key=_last_use, reverse=True):
            if entry.name.startswith(WORK_PREFIX):  # of a program that was killed
                if self._is_expired(entry):
                    shutil.rmtree(entry, ignore_errors=True)
                continue
            room -= _bytes_of(entry)
            if room < 0 or self._is_expired(entry):
                shutil.rmtree(entry, ignore_errors=True)

    def _take(self, key: str, place: Path) -> bool:
        entry = self.folder / key
        if not self.has(key):
            return False
        try:
            os.utime(entry)
            _link_files(entry, place)
        except FileNotFoundError:  # another program has just deleted it
            shutil.rmtree(place, ignore_errors=True)
            return False
        return True

    def _keep(self, key: str, place: Path) -> None:
        incoming = self.folder / f"{WORK_PREFIX}{uuid.uuid4().hex}"
        _link_files(place, incoming)
        if self._is_expired(self.folder / key):
            shutil.rmtree(self.folder / key, ignore_errors=True)
        try:
            incoming.rename(self.folder / key)
        except OSError:  # somebody else was faster, with the same
            shutil.rmtree(incoming, ignore_errors=True)
        self.prune()

    def _is_expired(self, entry: Path) -> bool:
        return _last_use(entry) < time.time() - self.max_hours * 3600


def stage_key(name: str, *inputs: object) -> str:
    """A name for the outcome of a step: another as soon as anything that goes into it is another."""
    content = json.dumps([name, __version__, *inputs], sort_keys=True, default=str)
    return f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _link_files(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for file in source.iterdir():
        os.link(file, target / file.name)


def _last_use(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _bytes_of(entry: Path) -> int:
    try:
        return sum(file.stat().st_size for file in entry.iterdir())
    except FileNotFoundError:
        return 0
