"""Which entries of a zip file that nobody vouches for may be unpacked: files, each in its place, and nothing else."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from vc_core.errors import UserError


def safe_entries(archive: zipfile.ZipFile, *, deepest: int, misplaced: str) -> Iterator[zipfile.ZipInfo]:
    """Those at most so many folders deep, names included; `misplaced` is what is said of one with another name."""
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if entry.is_dir() or "__MACOSX" in path.parts:
            continue
        leads_out = ".." in path.parts or path.is_absolute() or "\\" in entry.filename or ":" in entry.filename
        if leads_out or len(path.parts) > deepest or not all(part.isprintable() for part in path.parts):
            raise UserError(f"This zip file was refused: “{entry.filename}” {misplaced}")
        if path.name.startswith("."):
            continue  # what systems add to zip files
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UserError(f"This zip file was refused: “{path.name}” is only a link. Pack the file itself.")
        yield entry
