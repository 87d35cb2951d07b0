"""How long a training will take on this machine: a few real steps are made, and timed."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vc_core.device import choose_device
from vc_core.progress import Progress, part_of, silent
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Clips, Trainer
from vc_core.training.settings import read_settings

TIMED_STEPS, TIMED_SECONDS = 5, 20.0
MOST_CLIPS = 3
"""Of each kind: preparing all of them is a part of the real work."""


@dataclass(frozen=True)
class Estimate:
    step_seconds: float
    preparation_seconds: float
    steps: int
    separation_seconds: float = 0.0
    """Before all that, where there is music in the recordings."""

    @property
    def seconds(self) -> float:
        return self.separation_seconds + self.preparation_seconds + self.steps * self.step_seconds


def estimate(method: str, given: Mapping[str, Any], clips: Clips, *, progress: Progress = silent) -> Estimate:
    known = TRAINING_METHODS[method]
    settings = read_settings(known.settings, given)
    some = Clips({kind: list(paths)[:MOST_CLIPS] for kind, paths in clips.folders.items()})
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        prepared = known.prepare(some, settings, Path(folder), choose_device(), part_of(progress, 0.0, 0.5))
        preparation = (time.monotonic() - began) * max(1.0, len(clips.all) / max(1, len(some.all)))
        try:
            return Estimate(_step_seconds(prepared, part_of(progress, 0.5, 1.0)), preparation, settings.steps)
        finally:
            prepared.close()


def _step_seconds(trainer: Trainer, progress: Progress) -> float:
    trainer.step()  # the first is slower than those that follow
    began, steps = time.monotonic(), 0
    while steps < TIMED_STEPS and (not steps or time.monotonic() - began < TIMED_SECONDS):
        progress(steps / TIMED_STEPS, f"Step {steps + 1} of {TIMED_STEPS}")
        trainer.step()
        steps += 1
    return (time.monotonic() - began) / steps


def as_words(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"
