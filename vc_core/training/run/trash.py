"""Trash folder of deleted trainings and takes: what is in it can be restored for a day."""

import shutil
import time
import uuid
from contextlib import suppress
from pathlib import Path

TRASH = ".trash"
TRASH_HOURS = 24.0


def move_to_trash(path: Path) -> Path:
    """Move a file or folder to the trash beside it; return where it is now."""
    folder = path.parent / TRASH / uuid.uuid4().hex
    folder.mkdir(parents=True)
    return path.rename(folder / path.name)


def list_trash(root: Path) -> list[Path]:
    """What was deleted from the folder `root`, the newest first; what is older than a day is deleted for good."""
    kept: list[tuple[int, Path]] = []
    for folder in (root / TRASH).glob("*"):
        with suppress(FileNotFoundError):  # restored or deleted by another request
            changed = folder.stat().st_mtime_ns
            if time.time() - changed / 1e9 > TRASH_HOURS * 3600:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                kept += [(changed, path) for path in folder.iterdir()]
    return [path for _, path in sorted(kept, reverse=True)]


def restore(path: Path) -> None:
    """Move a path of the trash back; files that are new at its old place stay."""
    target = path.parents[2] / path.name
    if target.exists():
        for child in path.iterdir():
            if not (target / child.name).exists():
                child.rename(target / child.name)
    else:
        path.rename(target)
    shutil.rmtree(path.parent, ignore_errors=True)
