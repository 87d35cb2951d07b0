"""Write files that survive a kill or a power cut: the old one stays until the new one is whole and on the disk."""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vc_core.errors import UserError

FULL = {errno.ENOSPC: "The disk is full", errno.EDQUOT: "The disk quota is used up", errno.EFBIG: "The disk is full"}
"""EFBIG is what a limit on the size of files gives."""


def write_durably(path: Path, content: bytes) -> None:
    """The whole content or none of it."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _keep_name(path.parent)


def append_line(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


@contextmanager
def disk_faults(kept: str) -> Iterator[None]:
    """A disk without room is told in a sentence, with what has been `kept`; other faults stay what they are."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise UserError(f"{FULL[error.errno]}. {kept} Make room, then resume.") from error


def _keep_name(folder: Path) -> None:
    """On some file systems a new name is on the disk only when its folder is."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
