"""Take recordings out of a zip file that nobody vouches for: sounds only, into one folder, and never more than told."""

import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO

from vc_core.containers import sniff
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.zip_entries import safe_entries

MOST_FILES, DEEPEST = 5_000, 8
MISPLACED = "leads out of it, or has no name for a file. Pack it again."
MOST_GIGABYTES = 8.0
BLOCK_BYTES = 1 << 20
BROKEN = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zipfile.LargeZipFile)


def unpack_recordings(archive: Path, folder: Path, *, progress: Progress = silent) -> list[str]:
    """Its folders stay, since they may say what is in them; gives the names of what was no sound and left out."""
    left_out = []
    room = int(MOST_GIGABYTES * 1e9)
    try:
        with zipfile.ZipFile(archive) as opened:
            if sum(not entry.is_dir() for entry in opened.infolist()) > MOST_FILES:
                raise UserError(f"This zip file holds more than {MOST_FILES:,} files. Split it.")
            entries = list(safe_entries(opened, deepest=DEEPEST, misplaced=MISPLACED))
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


def _copied(source: IO[bytes], copy: IO[bytes], room: int) -> int:
    """Counted as it comes: what a zip file states of its sizes need not be true."""
    total = 0
    while block := source.read(BLOCK_BYTES):
        total += len(block)
        if total > room:
            raise UserError(f"This zip file unpacks to more than {MOST_GIGABYTES:g} GB. Split it.")
        copy.write(block)
    return total
