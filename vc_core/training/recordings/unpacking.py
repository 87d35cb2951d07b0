"""Unpack audio files from an untrusted zip file, with limits on the count, depth and size."""

import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO

from vc_core.errors import Message, UserError
from vc_core.files.containers import sniff
from vc_core.files.zip_entries import select_safe_entries
from vc_core.progress import Progress, silent

MAX_FILES, MAX_DEPTH = 5_000, 8
MISPLACED = Message("leads out of it, or has no name for a file. Pack it again.")
MAX_GIGABYTES = 8.0
BLOCK_BYTES = 1 << 20
DAMAGED_ERRORS = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zipfile.LargeZipFile)


def unpack_recordings(archive: Path, folder: Path, *, progress: Progress = silent) -> list[str]:
    """Unpack with the folders, which may name emotions or speakers; return the names of skipped files."""
    left_out = []
    remaining_bytes = int(MAX_GIGABYTES * 1e9)
    try:
        with zipfile.ZipFile(archive) as opened:
            if sum(not entry.is_dir() for entry in opened.infolist()) > MAX_FILES:
                raise UserError("This zip file holds more than {files:,} files. Split it.", files=MAX_FILES)
            entries = list(select_safe_entries(opened, max_depth=MAX_DEPTH, problem=MISPLACED))
            for at, entry in enumerate(entries):
                progress(at / len(entries), PurePosixPath(entry.filename).name)
                target = folder / PurePosixPath(entry.filename)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, target.open("xb") as copy:
                    remaining_bytes -= _copy_limited(source, copy, remaining_bytes)
                if sniff(target) is None:
                    left_out.append(entry.filename)
                    target.unlink()
    except FileExistsError as error:
        raise UserError("This zip file holds a file twice. Pack it again.") from error
    except DAMAGED_ERRORS as error:
        if isinstance(error, OSError) and shutil.disk_usage(folder).free < BLOCK_BYTES:
            raise UserError("The disk is full, so the zip file was not unpacked. Make room and try again.") from error
        raise UserError("This zip file is damaged, or locked with a password. Pack it again.") from error
    return left_out


def _copy_limited(source: IO[bytes], copy: IO[bytes], max_bytes: int) -> int:
    """Count the bytes while copying: the sizes in a zip file's directory are untrusted."""
    total = 0
    while block := source.read(BLOCK_BYTES):
        total += len(block)
        if total > max_bytes:
            raise UserError("This zip file unpacks to more than {gigabytes:g} GB. Split it.", gigabytes=MAX_GIGABYTES)
        copy.write(block)
    return total
