"""Estimates the cost of work before it starts: seconds as measured on this machine, memory, downloads."""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from vc_core.home import get_studio_home

NEWEST_SHARE = 0.5
"""Weight of the newest run in the moving average of a stage's speed."""
MIN_MEASURED_SECONDS = 5.0
"""Shorter runs are mostly loading, so they do not predict longer ones."""


@dataclass(frozen=True)
class Preflight:
    seconds: float
    is_measured: bool
    """Whether this machine has run every stage before; otherwise `seconds` is a guess."""
    peak_megabytes: int
    download_megabytes: int
    lease_seconds: int = 0
    """The GPU time to ask of ZeroGPU."""


@dataclass(frozen=True)
class StageEstimate:
    """What the duration of a stage depends on."""

    speed_name: str
    """The stage and its engine, as in the file of measured speeds."""
    sound_seconds: float
    guessed_speed: float = 0.0
    """Seconds of work per second of sound, for a machine that has not measured it yet."""


class Speeds:
    """Measured seconds of work per second of sound, by stage; a small JSON file that is replaced atomically."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or get_studio_home() / "speeds.json"

    def load(self) -> Mapping[str, float]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):  # missing or damaged: speeds are measured again
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: float(speed) for name, speed in found.items() if isinstance(speed, int | float) and speed >= 0}

    @contextmanager
    def measure(self, name: str, sound_seconds: float) -> Iterator[None]:
        """Measure the block, unless it raises."""
        started = time.monotonic()
        yield
        if sound_seconds >= MIN_MEASURED_SECONDS:
            self._update(name, (time.monotonic() - started) / sound_seconds)

    def measure_stage(self, stage: StageEstimate | None) -> AbstractContextManager[None]:
        """Measure the block for later estimates, where there is one."""
        return nullcontext() if stage is None else self.measure(stage.speed_name, stage.sound_seconds)

    def expect(self, stage: StageEstimate | None) -> float | None:
        """Seconds as measured on this machine; None if it has not run the stage before."""
        speed = None if stage is None else self.load().get(stage.speed_name)
        return None if stage is None or speed is None else speed * stage.sound_seconds

    def estimate(self, stages: Sequence[StageEstimate]) -> tuple[float, bool]:
        """Seconds for all stages, and whether all of them were measured here."""
        speeds = self.load()
        seconds = sum(speeds.get(stage.speed_name, stage.guessed_speed) * stage.sound_seconds for stage in stages)
        return seconds, all(stage.speed_name in speeds for stage in stages)

    def _update(self, name: str, speed: float) -> None:
        speeds = dict(self.load())
        speeds[name] = speed if name not in speeds else speeds[name] * (1 - NEWEST_SHARE) + speed * NEWEST_SHARE
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=self.path.parent, prefix=".speeds-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(speeds, file, indent=2)
            Path(part).replace(self.path)
        finally:
            Path(part).unlink(missing_ok=True)
