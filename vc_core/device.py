"""Where the networks run, chosen once, and the lock that lets one job at a time have it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from vc_core.errors import UserError
from vc_core.progress import Progress

_one_at_a_time = threading.Lock()


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
    """Hold the device alone: two songs at once would run out of memory before either is done.

    Gradio frees its own queue slot when a plain function is cancelled, so its limit is not enough.
    """
    while not _one_at_a_time.acquire(timeout=0.2):
        progress(0.0, "Waiting for another job to finish")
    try:
        yield
    finally:
        _one_at_a_time.release()
