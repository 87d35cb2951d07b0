"""The interface of all pitch (F0) estimators: F0 and confidence per frame of mono audio."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.engine import Engine

FrameValues = npt.NDArray[np.float32]
"""Shape (frames,): one value per pitch frame."""


@dataclass(frozen=True, eq=False)
class Pitch:
    """F0 contour. Frame i is centred at `i * hop_seconds`."""

    hertz: FrameValues
    """F0; 0 in unvoiced frames."""
    confidence: FrameValues
    """From 0 to 1. Not comparable between methods."""
    hop_seconds: float

    def __post_init__(self) -> None:
        if self.hertz.ndim != 1 or self.hertz.shape != self.confidence.shape or self.hop_seconds <= 0:
            raise ValueError(
                f"{self.hertz.shape} pitches and {self.confidence.shape} confidences every {self.hop_seconds} s"
            )

    @property
    def frames(self) -> int:
        return len(self.hertz)

    @property
    def voiced(self) -> npt.NDArray[np.bool_]:
        """Mask of shape (frames,)."""
        return self.hertz > 0


@dataclass(frozen=True)
class PitchSettings:
    hop_seconds: float = 0.005
    lowest_hz: float = 50.0
    highest_hz: float = 1100.0

    def __post_init__(self) -> None:
        if not (self.hop_seconds > 0 and 20 <= self.lowest_hz < self.highest_hz):
            raise ValueError(f"nothing can be found so: {self}")

    def count_frames(self, audio: Audio) -> int:
        """The number of frames that WORLD gives for this length."""
        return int(audio.seconds / self.hop_seconds + 1e-9) + 1


PitchEstimator = Callable[[Audio, PitchSettings], Pitch]
"""Takes mono audio of 0.2 seconds or more; returns at least `settings.count_frames(audio)` frames."""


@dataclass(frozen=True)
class PitchEngine(Engine[None, PitchEstimator]):
    """A registered pitch method; loaded without options."""

    is_network: bool = False
    """Whether it runs on a GPU, where there is one."""
    window_seconds: float = 20.0
    """Of a long recording at once: 3 seconds of work at most on a CPU, since only between windows it can be stopped."""
    context_seconds: float = 0.5
    """Additional sound on both sides of a window."""
    cpu_seconds_per_second: float = 0.05
    """About how long a second of sound takes on two cores."""
