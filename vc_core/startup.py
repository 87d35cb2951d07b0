"""For entry points: a faster start, by fewer garbage collections, and a start that can be terminated."""

import gc
import signal
import sys

OBJECTS_BETWEEN_COLLECTIONS = 100_000


def reduce_garbage_collection() -> None:
    """Imports allocate objects that stay: at the default of 700, collections take a fifth of the start-up time."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])


def end_on_sigterm() -> None:
    """As process 1 of a container, Python ignores SIGTERM without a handler, also during long imports."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
