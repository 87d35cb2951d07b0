"""Memory that is free again goes back to the system: on Linux the C library keeps what lies between things in use."""

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Takes milliseconds, so after a window of a song, not after each step; elsewhere it does nothing."""
    _trim()(0)


@cache
def _trim() -> Callable[[int], int]:
    try:
        trim: Callable[[int], int] = ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):  # another system, or another C library
        return lambda kept: 0
    return trim
