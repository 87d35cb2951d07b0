"""Locks between processes. The system frees them when their holder ends, however it ends: no stale ones, no PIDs."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vc_core.progress import Progress

ASKING_SECONDS = 0.5
"""Who only looks whether a lock is held, holds it for a moment; whoever wants it tries for so long."""
LOOK_SECONDS = 0.5


class FileLock:
    """Held by one process at a time, and within it by one of these objects."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def take(self) -> bool:
        """Whether it is ours now; doesn't wait."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        if _locked(handle):
            self._handle = handle
            return True
        os.close(handle)
        return False

    def take_soon(self) -> bool:
        end = time.monotonic() + ASKING_SECONDS
        while not self.take():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def is_held(path: Path) -> bool:
    if not path.exists():
        return False
    lock = FileLock(path)
    free = lock.take()
    lock.release()
    return not free


@contextmanager
def turn_in_line(folder: Path, progress: Progress) -> Iterator[None]:
    """Be the only process that works, in the order of arrival; those before that have died are passed over."""
    ticket = _ticket(folder)
    try:
        while before := sum(is_held(other) for other in sorted(folder.glob("*.ticket")) if other < ticket.path):
            progress(0.0, f"Waiting, {before} before you")
            time.sleep(LOOK_SECONDS)
        yield
    finally:
        ticket.path.unlink(missing_ok=True)
        ticket.release()


def _ticket(folder: Path) -> FileLock:
    """The next number, locked before anybody else can draw one."""
    drawing = FileLock(folder / "drawing.lock")
    while not drawing.take():
        time.sleep(0.01)
    try:
        for old in sorted(folder.glob("*.ticket")):
            if not is_held(old):
                old.unlink(missing_ok=True)
        last = max((int(path.stem) for path in folder.glob("*.ticket")), default=0)
        ticket = FileLock(folder / f"{last + 1:08d}.ticket")
        if not ticket.take():
            raise ValueError(f"{ticket.path} is somebody else's")
        return ticket
    finally:
        drawing.release()


if sys.platform == "win32":
    import msvcrt

    def _locked(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _locked(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
