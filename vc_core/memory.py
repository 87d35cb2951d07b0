"""Return freed memory to the operating system: on Linux the C library otherwise keeps fragmented heap pages."""

import ctypes
from collections.abc import Callable
from functools import cache


def release_free_memory() -> None:
    """Takes milliseconds, so call it after a window of a song, not after each step; does nothing on other systems."""
    _load_malloc_trim()(0)


@cache
def _load_malloc_trim() -> Callable[[int], int]:
    try:
        trim: Callable[[int], int] = ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):  # another system, or another C library
        return lambda padding: 0
    return trim
