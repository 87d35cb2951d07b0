"""What has a limited life: results, sessions, and what a killed program has left half made."""

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

LEFTOVER_HOURS = 24.0
"""After which nobody is still making what lies in a hidden folder."""


def delete_expired(paths: Iterable[Path], hours: float, *, with_files: bool = False) -> None:
    """Delete folders and files that have not changed for so long; `with_files` a change of a file in them counts too.

    Other programs may delete them at the same time. A change as far ahead means that the clock has been set back since.
    """
    for path in paths:
        with suppress(FileNotFoundError, PermissionError):
            is_folder = path.is_dir()
            changed = (path, *(path.iterdir() if with_files and is_folder else ()))
            if min(abs(time.time() - one.stat().st_mtime) for one in changed) < hours * 3600:
                continue
            if is_folder:
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()  # such as an upload that broke off, or the lock file of a session


def delete_leftovers(root: Path, *prefixes: str) -> None:
    """Delete what killed programs have left in a folder under hidden names."""
    for prefix in prefixes:
        delete_expired(root.glob(f"{prefix}*"), LEFTOVER_HOURS)
