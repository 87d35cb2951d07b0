"""Import packages that set up logging for the whole program, without letting them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_import(name: str) -> Iterator[None]:
    """What the package `name` changes while it is imported is undone, and only its warnings are logged."""
    root = logging.getLogger()
    handlers, level, warnings = list(root.handlers), root.level, logging._warnings_showwarning  # type: ignore[attr-defined]
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        if warnings is None:
            logging.captureWarnings(False)
        logging.getLogger(name).setLevel(logging.WARNING)
