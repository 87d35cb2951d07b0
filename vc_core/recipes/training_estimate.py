"""The task that estimates how long a training takes here, from a few timed training steps."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vc_core.engine import find_engine
from vc_core.progress import Progress, silent, subprogress
from vc_core.recipes.training import measure_separation_seconds
from vc_core.separation import SeparatorOptions, prepare_separator
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Clips
from vc_core.training.recordings.dataset import write_clips
from vc_core.training.recordings.gathering import gather_recordings
from vc_core.training.run.estimate import TimeEstimate, estimate_training_time
from vc_core.training.settings import read_settings

LEASE_SECONDS = 90
"""Loading, the features of a few clips, and the timed steps."""


@dataclass(frozen=True)
class TrainingEstimateTask:
    sources: Sequence[Path]
    """Sound files, folders, or zip files of them."""
    method: str
    settings: Mapping[str, Any]
    separator: str = ""
    """The engine that takes music away first; none if empty."""

    def check(self) -> None:
        read_settings(find_engine(TRAINING_METHODS, self.method).settings, self.settings)

    def prepare(self, progress: Progress) -> None:
        method = find_engine(TRAINING_METHODS, self.method)
        method.prepare(read_settings(method.settings, self.settings), progress)
        if self.separator:
            prepare_separator(self.separator, SeparatorOptions())

    def lease_seconds(self) -> int:
        return LEASE_SECONDS

    def estimate(self) -> None:
        return None

    def run(self, progress: Progress = silent) -> TimeEstimate:
        method, separation_seconds = find_engine(TRAINING_METHODS, self.method), 0.0
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if self.separator:
                report = subprogress(progress, 0.0, 0.2)
                separation_seconds = measure_separation_seconds(self.sources, folder, self.separator, progress=report)
            found = gather_recordings(self.sources, folder / "unpacked", sort=method.sort)
            write_clips(found.recordings, folder / "clips", progress=subprogress(progress, 0.2, 0.5))
            kinds = sorted((folder / "clips").iterdir())
            clips = Clips({kind.name: sorted(kind.glob("*.flac")) for kind in kinds})
            timing = subprogress(progress, 0.5, 1.0)
            measured = estimate_training_time(method.name, self.settings, clips, progress=timing)
        return replace(measured, separation_seconds=separation_seconds)
