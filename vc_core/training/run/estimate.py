"""TimeEstimate the duration of a training on this machine by timing a few optimiser steps."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vc_core.device import ThreadTuner, choose_device, tune_threads
from vc_core.engine import find_engine
from vc_core.progress import Progress, silent, subprogress
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Clips, Trainer
from vc_core.training.settings import read_settings

TIMED_STEPS, TIMED_SECONDS = 2 * ThreadTuner.TRIALS, 20.0
MAX_CLIPS = 3
"""Clips of each kind that are prepared for the estimate."""


@dataclass(frozen=True)
class TimeEstimate:
    step_seconds: float
    preparation_seconds: float
    steps: int
    separation_seconds: float = 0.0
    """Of separating the vocals first, if the recordings contain music."""

    @property
    def seconds(self) -> float:
        return self.separation_seconds + self.preparation_seconds + self.steps * self.step_seconds


def estimate_training_time(
    method: str, given: Mapping[str, Any], clips: Clips, *, progress: Progress = silent
) -> TimeEstimate:
    known = find_engine(TRAINING_METHODS, method)
    settings = read_settings(known.settings, given)
    some = Clips({kind: list(paths)[:MAX_CLIPS] for kind, paths in clips.folders.items()})
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        known.prepare(settings, subprogress(progress, 0.0, 0.2))
        prepared = known.load(settings, choose_device())(some, Path(folder), subprogress(progress, 0.2, 0.5))
        preparation = (time.monotonic() - began) * max(1.0, len(clips.all) / max(1, len(some.all)))
        try:
            return TimeEstimate(_step_seconds(prepared, subprogress(progress, 0.5, 1.0)), preparation, settings.steps)
        finally:
            prepared.close()


def _step_seconds(trainer: Trainer, progress: Progress) -> float:
    """With the faster number of threads, as the training chooses it too."""
    with tune_threads(choose_device()) as tuner:
        with tuner.measure():
            trainer.step()
        began, steps = time.monotonic(), 0
        while steps < TIMED_STEPS and (not steps or time.monotonic() - began < TIMED_SECONDS):
            progress(steps / TIMED_STEPS, f"Step {steps + 1} of {TIMED_STEPS}")
            with tuner.measure():
                trainer.step()
            steps += 1
        return tuner.step_seconds


def format_duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"
