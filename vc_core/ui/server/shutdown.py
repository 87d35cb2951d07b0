"""Orderly end on SIGTERM, which `docker stop` and systemd send: trainings save their step, and the server ends."""

import os
import signal
import sys
import time

from vc_core.training.run.job import Run, list_worker_folders

GRACE_SECONDS = 4.0
"""Most that a training gets for its current step; its last checkpoint is at most a minute old."""


def end_on_sigterm() -> None:
    """Covers are kept as their stages are, and found interrupted after the next start."""
    signal.signal(signal.SIGTERM, lambda *_: _end())


def _end() -> None:
    end = time.monotonic() + GRACE_SECONDS
    for folder in list_worker_folders():
        Run(folder).request_stop()
    while list_worker_folders() and time.monotonic() < end:
        time.sleep(0.05)
    sys.stdout.flush()
    os._exit(0)  # a usual exit would wait for the threads of running jobs
