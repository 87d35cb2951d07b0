"""Check files that users name: regular and readable ones only. Opening a pipe or a device may block, or never end."""

import stat
from pathlib import Path

from vc_core.errors import UserError


def check_regular(path: Path) -> int:
    """The file's size in bytes; `UserError` if it is missing, a folder, a pipe or a device, or can't be a name."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise UserError("There is no file “{file}”. It may have been moved or deleted.", file=path.name) from None
    except OSError as error:
        raise make_unreadable_error(path, error) from None
    except ValueError:  # a null character, or half of a surrogate pair
        raise UserError("“{file}” can't be the name of a file.", file=ascii(path.name)) from None
    if stat.S_ISDIR(status.st_mode):
        raise UserError("“{file}” is a folder. Pick a sound file in it.", file=path.name)
    if not stat.S_ISREG(status.st_mode):
        raise UserError("“{file}” is a device or a pipe, not a file. Save the sound as a file first.", file=path.name)
    return status.st_size


def make_unreadable_error(path: Path, error: OSError) -> UserError:
    reason = (error.strerror or str(error)).lower()
    return UserError("“{file}” can't be read: {reason}.", file=path.name, reason=reason)


def is_folder(path: Path) -> bool:
    """False, unlike `Path.is_dir`, for a name that is too long."""
    try:
        return path.is_dir()
    except OSError:
        return False


def exists(path: Path) -> bool:
    """False, unlike `Path.exists`, for a name that is too long."""
    try:
        return path.exists()
    except OSError:
        return False
