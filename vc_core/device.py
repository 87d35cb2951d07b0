"""Where the networks run, chosen once, and the line in which jobs wait for it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from vc_core.errors import UserError
from vc_core.progress import Progress

_line: list[object] = []
"""Who has the device, and behind them who waits for it."""
_line_moves = threading.Condition()


@cache
def choose_device() -> str:
    """`cuda`, `mps` or `cpu`; the environment variable VOICE_STUDIO_DEVICE decides where it is set."""
    import torch

    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    wanted = os.environ.get("VOICE_STUDIO_DEVICE", available[0])
    if wanted.split(":")[0] not in available:
        raise UserError(f"This machine has no “{wanted}” device. It has: {', '.join(available)}.")
    return wanted


@contextmanager
def exclusive_device(progress: Progress) -> Iterator[None]:
    """Hold the device alone, in the order of arrival: two songs at once would run out of memory before either is done.

    Gradio's queue is not enough: it frees a place when a plain function is cancelled, while that runs on.
    """
    ticket = object()
    _line.append(ticket)
    try:
        while before := _waiting_before(ticket):
            progress(0.0, f"Waiting, {before} before you")
        yield
    finally:
        with _line_moves:
            _line.remove(ticket)
            _line_moves.notify_all()


def _waiting_before(ticket: object) -> int:
    """How many come first; looks again as soon as the line moves, and not much later in any case."""
    with _line_moves:
        if _line.index(ticket) > 0:
            _line_moves.wait(0.2)
        return _line.index(ticket)
