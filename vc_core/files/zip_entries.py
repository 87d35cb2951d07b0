"""Entries of an untrusted zip file that are safe to unpack: no path traversal (zip slip), no symbolic links."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from vc_core.errors import Message, UserError


def select_safe_entries(archive: zipfile.ZipFile, *, max_depth: int, problem: Message) -> Iterator[zipfile.ZipInfo]:
    """Files at most `max_depth` path parts deep; any other raises `UserError` with `problem`.

    The caller limits the unpacked size (zip bombs).
    """
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if entry.is_dir() or "__MACOSX" in path.parts:
            continue
        is_traversal = ".." in path.parts or path.is_absolute() or "\\" in entry.filename or ":" in entry.filename
        if is_traversal or len(path.parts) > max_depth or not all(part.isprintable() for part in path.parts):
            raise UserError("This zip file was refused: “{file}” {misplaced}", file=entry.filename, misplaced=problem)
        if path.name.startswith("."):
            continue  # hidden files that operating systems add
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UserError("This zip file was refused: “{file}” is only a link. Pack the file itself.", file=path.name)
        yield entry
