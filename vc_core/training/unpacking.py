"""Take recordings out of a zip file that nobody vouches for: sounds only, into one folder, and never more than told."""

import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from vc_core.containers import sniff
from vc_core.errors import UserError
from vc_core.progress import Progress, silent

MOST_FILES = 5_000
MOST_GIGABYTES = 8.0
BLOCK_BYTES = 1 << 20
BROKEN = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zipfile.LargeZipFile)


def unpack_recordings(archive: Path, folder: Path, *, progress: Progress = silent) -> list[str]:
    """Its folders stay, since they may say what is in them; gives the names of what was no sound and left out."""
    left_out = []
    room = int(MOST_GIGABYTES * 1e9)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = list(_safe_entries(opened))
            for at, entry in enumerate(entries):
                progress(at / len(entries), PurePosixPath(entry.filename).name)
                target = folder / PurePosixPath(entry.filename)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, target.open("xb") as copy:
                    room -= _copied(source, copy, room)
                if sniff(target) is None:
                    left_out.append(entry.filename)
                    target.unlink()
    except FileExistsError as error:
        raise UserError("This zip file holds a file twice. Pack it again.") from error
    except BROKEN as error:
        if isinstance(error, OSError) and shutil.disk_usage(folder).free < BLOCK_BYTES:
            raise UserError("The disk is full, so the zip file was not unpacked. Make room and try again.") from error
        raise UserError("This zip file is damaged, or locked with a password. Pack it again.") from error
    return left_out


def _safe_entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise UserError(f"This zip file holds more than {MOST_FILES:,} files. Split it.")
    for entry in entries:
        path = PurePosixPath(entry.filename)
        unsafe = ".." in path.parts or path.is_absolute() or "\\" in entry.filename or ":" in entry.filename
        if unsafe or not all(part.isprintable() for part in path.parts) or len(path.parts) > 8:
            raise UserError("This zip file was refused: it holds a file whose name leads out of it. Pack it again.")
        if "__MACOSX" in path.parts or path.name.startswith("."):
            continue  # what systems add to zip files
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UserError(f"This zip file was refused: “{path.name}” is only a link. Pack the file itself.")
        yield entry


def _copied(source: IO[bytes], copy: IO[bytes], room: int) -> int:
    """Counted as it comes: what a zip file states of its sizes need not be true."""
    total = 0
    while block := source.read(BLOCK_BYTES):
        total += len(block)
        if total > room:
            raise UserError(f"This zip file unpacks to more than {MOST_GIGABYTES:g} GB. Split it.")
        copy.write(block)
    return total
