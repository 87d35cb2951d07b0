"""Advisory lock files (flock), which the system releases when a process ends, and a queue for the device."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vc_core.progress import Progress, Waiting

ACQUIRE_TIMEOUT_SECONDS = 0.5
"""Testing a lock means acquiring it briefly, so acquiring one retries for this long."""
POLL_SECONDS = 0.5


class FileLock:
    """Held by one object of one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def try_acquire(self) -> bool:
        """Acquire without waiting; return whether it succeeded."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        if _try_lock(handle):
            self._handle = handle
            return True
        os.close(handle)
        return False

    def acquire_soon(self) -> bool:
        """Acquire within ACQUIRE_TIMEOUT_SECONDS; return whether it succeeded."""
        end = time.monotonic() + ACQUIRE_TIMEOUT_SECONDS
        while not self.try_acquire():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Wait for it as long as it takes, and release it in the end."""
        while not self.try_acquire():
            time.sleep(0.01)
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        if self._handle is not None:
            _unlock(self._handle)  # a forked process may have inherited the handle
            os.close(self._handle)
            self._handle = None


def is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    lock = FileLock(path)
    is_free = lock.try_acquire()
    lock.release()
    return not is_free


@contextmanager
def wait_in_queue(folder: Path, progress: Progress) -> Iterator[None]:
    """Wait for the jobs of all processes that came before; those whose process has died are skipped."""
    ticket = _draw_ticket(folder)
    try:
        while before := sum(is_locked(other) for other in sorted(folder.glob("*.ticket")) if other < ticket.path):
            progress(0.0, Waiting("Waiting, {before} before you", before=before))
            time.sleep(POLL_SECONDS)
        yield
    finally:
        ticket.path.unlink(missing_ok=True)
        ticket.release()


def _draw_ticket(folder: Path) -> FileLock:
    """Draw the next number in the queue and lock it, under a lock of all drawing processes."""
    with FileLock(folder / "drawing.lock").hold():
        for old in sorted(folder.glob("*.ticket")):
            if not is_locked(old):
                old.unlink(missing_ok=True)
        last = max((int(path.stem) for path in folder.glob("*.ticket")), default=0)
        ticket = FileLock(folder / f"{last + 1:08d}.ticket")
        if not ticket.try_acquire():
            raise ValueError(f"{ticket.path} is locked by another process")
        return ticket


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
