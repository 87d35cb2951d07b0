"""How a voice speaks on average, in numbers: what networks learn upon, and what is moved without them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.pitch import Pitch, voiced_stretches
from vc_core.world import HOP_SECONDS, analyse, find_world_pitch
from vc_core.world_codes import DIMENSIONS, Codes, audible, code, heard_by_networks, log_levels

Values = npt.NDArray[np.float64]
PROSODY = ("pitch", "pitch_range", "rate", "breath", "level")
LEAST_DEVIATION = 0.05


@dataclass(frozen=True, eq=False)
class Recorded:
    """What is kept of one recording."""

    codes: Codes
    """Without its pauses."""
    log_hertz: Values
    """Of its voiced frames."""
    log_rate: float
    """How often the voice sets in, for each second in which somebody speaks."""
    log_breath: float
    """The share of noise in what is voiced."""


@dataclass(frozen=True, eq=False)
class Manner:
    """Means of codes and their deviation, and logarithms of factors; of an emotion, all next to the neutral voice."""

    mean: Values
    deviation: Values
    pitch: float
    pitch_range: float
    rate: float = 0.0
    breath: float = 0.0
    level: float = 0.0
    """Of the power."""

    def blended(self, other: "Manner", part: float) -> "Manner":
        """So much of the way to the other one: means on a line, deviations as powers."""
        return Manner(
            self.mean + part * (other.mean - self.mean),
            self.deviation * (other.deviation / self.deviation) ** part,
            *(here + part * (there - here) for here, there in zip(self.prosody, other.prosody, strict=True)),
        )

    @property
    def prosody(self) -> tuple[float, ...]:
        return tuple(float(getattr(self, name)) for name in PROSODY)

    def tensors(self, name: str) -> dict[str, Values]:
        """As they are written to a file of weights."""
        return {
            f"{name}.mean": self.mean, f"{name}.deviation": self.deviation, f"{name}.prosody": np.array(self.prosody)
        }  # fmt: skip


def manner_from(tensors: Mapping[str, Any], name: str, *, source: str) -> Manner:
    """Of a file that nobody vouches for."""
    found = [np.asarray(tensors.get(f"{name}.{part}", ()), np.float64) for part in ("mean", "deviation", "prosody")]
    if [one.shape for one in found] != [(DIMENSIONS,), (DIMENSIONS,), (len(PROSODY),)]:
        raise UserError(f"“{source}” does not say how “{name}” sounds, so it is no model of this engine.")
    if not all(np.isfinite(one).all() for one in found) or (found[1] <= 0).any():
        raise UserError(f"“{source}” is broken: what it says of “{name}” is out of range.")
    return Manner(found[0], found[1], *map(float, found[2]))


def listen(audio: Audio) -> Recorded | None:
    """Nothing, if nobody speaks."""
    heard = heard_by_networks(audio)
    pitch = find_world_pitch(heard)
    if not pitch.voiced.any():
        return None
    features = analyse(heard, pitch)
    loud = audible(features)
    voiced = pitch.voiced & loud
    if not voiced.any():
        return None
    return Recorded(
        code(features)[loud],
        np.log(pitch.hertz[voiced].astype(np.float64)),
        log_rate(pitch, int(loud.sum())),
        float(np.log(features.aperiodicity[voiced].mean())),
    )


def log_rate(pitch: Pitch, spoken_frames: int) -> float:
    return float(np.log(len(voiced_stretches(pitch)) / (spoken_frames * HOP_SECONDS)))


def manner_of(recordings: Sequence[Recorded]) -> Manner:
    """Of one voice in one mood."""
    codes = np.concatenate([one.codes for one in recordings]).astype(np.float64)
    log_hertz = np.concatenate([one.log_hertz for one in recordings])
    # Within each recording: what a sentence's place makes of its mean is no liveliness.
    spread = np.sqrt(np.mean([one.log_hertz.var() for one in recordings]))
    return Manner(
        codes.mean(axis=0),
        np.maximum(codes.std(axis=0), LEAST_DEVIATION),
        float(log_hertz.mean()),
        float(np.log(max(spread, 0.01))),
        float(np.mean([one.log_rate for one in recordings])),
        float(np.mean([one.log_breath for one in recordings])),
        float(log_levels(codes).mean()),
    )


def relative(manners: Sequence[Manner], neutral: Sequence[Manner]) -> Manner:
    """An emotion next to neutral, averaged over those who speak in both; deviations are as they are."""
    away = [
        (one.mean - plain.mean, np.array(one.prosody) - np.array(plain.prosody))
        for one, plain in zip(manners, neutral, strict=True)
    ]
    deviation = np.exp(np.mean([np.log(one.deviation) for one in manners], axis=0))
    prosody = np.mean([step for _, step in away], axis=0)
    return Manner(np.mean([step for step, _ in away], axis=0), deviation, *map(float, prosody))
