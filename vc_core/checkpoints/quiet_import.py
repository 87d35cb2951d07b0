"""Import packages that reconfigure global logging (root handlers and level) or warn, without either."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_import(name: str) -> Iterator[None]:
    """Restore the root logger after the import of package `name`, and limit that package to warnings."""
    root = logging.getLogger()
    handlers, level, capture = list(root.handlers), root.level, logging._warnings_showwarning  # type: ignore[attr-defined]
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        if capture is None:
            logging.captureWarnings(False)
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def ignore_old_imports() -> Iterator[None]:
    """Ignore the warning that the imported package uses `pkg_resources`, which a user can do nothing about."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
        yield
