"""A disk cache for the files of each stage, keyed by a hash of its inputs, limited in hours and gigabytes."""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vc_core import __version__
from vc_core.locks import FileLock, is_locked

WORK_PREFIX = ".work-"
WORK_LOCK = ".lock"
"""In a work folder, held while it is used, however long that is."""


class StageCache:
    """A folder for each stage, named by a hash; the least recently used ones are evicted first.

    Users get hard links to the files in a folder of their own, so that eviction deletes nothing that is in use.
    """

    def __init__(self, folder: Path, *, max_gigabytes: float = 4.0, max_hours: float = 6.0) -> None:
        self.folder, self.max_gigabytes, self.max_hours = folder, max_gigabytes, max_hours

    @contextmanager
    def make_work_folder(self) -> Iterator[Path]:
        """An empty folder that is deleted at the end of the block."""
        folder = self.folder / f"{WORK_PREFIX}{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        lock = FileLock(folder / WORK_LOCK)
        lock.acquire_soon()
        try:
            yield folder
        finally:
            lock.release()
            shutil.rmtree(folder, ignore_errors=True)

    def has(self, key: str) -> bool:
        return (self.folder / key).is_dir() and not self._is_expired(self.folder / key)

    @contextmanager
    def stage(self, key: str, folder: Path) -> Iterator[bool]:
        """Yields True if `folder` now has the stage's files from the cache.

        Otherwise `folder` is empty, and what the block writes there is cached, unless the block raises.
        """
        if self._link(key, folder):
            yield True
            return
        folder.mkdir(parents=True)
        yield False
        self._store(key, folder)

    def prune(self) -> None:
        """Delete expired entries, and the least recently used ones beyond the size limit."""
        free_bytes = self.max_gigabytes * 1e9
        for entry in sorted(self.folder.glob("*"), key=_get_last_use, reverse=True):
            if entry.name.startswith(WORK_PREFIX):  # may be left of a program that was killed
                if self._is_expired(entry) and not is_locked(entry / WORK_LOCK):
                    shutil.rmtree(entry, ignore_errors=True)
                continue
            free_bytes -= _count_bytes(entry)
            if free_bytes < 0 or self._is_expired(entry):
                shutil.rmtree(entry, ignore_errors=True)

    def _link(self, key: str, folder: Path) -> bool:
        entry = self.folder / key
        if not self.has(key):
            return False
        try:
            os.utime(entry)
            _link_files(entry, folder)
        except FileNotFoundError:  # another process has just evicted it
            shutil.rmtree(folder, ignore_errors=True)
            return False
        return True

    def _store(self, key: str, folder: Path) -> None:
        incoming = self.folder / f"{WORK_PREFIX}{uuid.uuid4().hex}"
        _link_files(folder, incoming)
        if self._is_expired(self.folder / key):
            shutil.rmtree(self.folder / key, ignore_errors=True)
        try:
            incoming.rename(self.folder / key)
        except OSError:  # another process has just stored the same
            shutil.rmtree(incoming, ignore_errors=True)
        self.prune()

    def _is_expired(self, entry: Path) -> bool:
        return _get_last_use(entry) < time.time() - self.max_hours * 3600


def make_stage_key(name: str, *inputs: object) -> str:
    """The cache key of a stage's files; it changes with any input and with the version of the program."""
    content = json.dumps([name, __version__, *inputs], sort_keys=True, default=str)
    return f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _link_files(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for file in source.iterdir():
        os.link(file, target / file.name)


def _get_last_use(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _count_bytes(entry: Path) -> int:
    try:
        return sum(file.stat().st_size for file in entry.iterdir())
    except FileNotFoundError:
        return 0
