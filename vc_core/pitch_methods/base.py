"""What every way of finding pitch does: for each moment of a mono piece, how high it is and how surely."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.progress import Progress

Track = npt.NDArray[np.float32]
"""Shape (frames,): one value for each moment."""


@dataclass(frozen=True, eq=False)
class Pitch:
    """Frame i is centred at `i * hop_seconds`."""

    hertz: Track
    """0 where nothing is voiced."""
    confidence: Track
    """From 0 to 1; each method has a scale of its own."""
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
        return self.hertz > 0


@dataclass(frozen=True)
class PitchSearch:
    hop_seconds: float = 0.005
    lowest_hz: float = 50.0
    highest_hz: float = 1100.0

    def __post_init__(self) -> None:
        if not (self.hop_seconds > 0 and 20 <= self.lowest_hz < self.highest_hz):
            raise ValueError(f"nothing can be found so: {self}")

    def frames(self, audio: Audio) -> int:
        """As many as WORLD makes."""
        return int(audio.seconds / self.hop_seconds + 1e-9) + 1


Method = Callable[[Audio, PitchSearch], Pitch]
"""Hears mono of 0.2 seconds or more; gives at least `search.frames(audio)` frames."""


def _none() -> int:
    return 0


def _nothing(progress: Progress) -> None: ...


@dataclass(frozen=True)
class PitchChoice:
    """A method that a person can choose."""

    label: str
    load: Callable[[str], Method]
    """Makes it ready, on a device."""
    notice: str = ""
    """What it is good for."""
    module: str = ""
    """The package that it needs, if not every installation has it,"""
    install: str = ""
    """and what pip calls that."""
    download_megabytes: Callable[[], int] = _none
    """How much its weights are, if they have yet to be downloaded."""
    prepare: Callable[[Progress], None] = _nothing
    """Downloads them."""

    def is_installed(self) -> bool:
        return not self.module or find_spec(self.module) is not None
