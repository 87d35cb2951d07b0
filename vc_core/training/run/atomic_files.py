"""Atomic file writes with fsync, which survive a killed process and a power failure."""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vc_core.errors import Message, UserError

FULL = {
    errno.ENOSPC: Message("The disk is full"),
    errno.EDQUOT: Message("The disk quota is used up"),
    errno.EFBIG: Message("The disk is full"),
}
"""EFBIG is what a limit on the size of files gives."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a temporary file, fsync it, and rename it to `path`."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _fsync_folder(path.parent)


def append_line(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


@contextmanager
def report_full_disk(kept: Message) -> Iterator[None]:
    """Turn the OSError of a full disk into a `UserError` that states what has been `kept`."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise UserError("{problem}. {kept} Make room, then resume.", problem=FULL[error.errno], kept=kept) from error


def _fsync_folder(folder: Path) -> None:
    """Some file systems write a rename to the disk only when the folder is synced."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
