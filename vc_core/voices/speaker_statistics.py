"""Speaker statistics: mean and deviation of spectral codes, and prosody, for normalising and converting features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.signal.pitch import Pitch, find_voiced_segments
from vc_core.signal.world import HOP_SECONDS, estimate_world_pitch, extract_world_features
from vc_core.signal.world_codes import (
    CODE_DIMENSIONS,
    Codes,
    compute_log_power,
    encode_features,
    find_audible_frames,
    resample_for_networks,
)

Values = npt.NDArray[np.float64]
PROSODY = ("pitch", "pitch_range", "speaking_rate", "aperiodicity", "level")
"""In the order of the `prosody` tensor."""
LEAST_DEVIATION = 0.05
MAX_CODE = 1_000.0
"""Of the mean and the deviation of codes; real ones are below 100."""
MAX_PROSODY = (10.0, 10.0, 10.0, 30.0, 60.0)
"""Of the logarithms, in the order of `PROSODY`; larger ones would overflow."""


@dataclass(frozen=True, eq=False)
class RecordingFeatures:
    """Features of one recording."""

    codes: Codes
    """Shape (frames, CODE_DIMENSIONS), without pauses."""
    log_hertz: Values
    """Log F0 of the voiced frames."""
    log_speaking_rate: float
    """Voiced segments per second of speech."""
    log_aperiodicity: float
    """Mean over the voiced frames."""


@dataclass(frozen=True, eq=False)
class SpeakerStatistics:
    """Mean and deviation of the codes, and the prosody as logarithms; those of an emotion are relative to neutral."""

    mean: Values
    deviation: Values
    pitch: float
    pitch_range: float
    speaking_rate: float = 0.0
    aperiodicity: float = 0.0
    level: float = 0.0
    """Log power."""

    def interpolate(self, other: "SpeakerStatistics", fraction: float) -> "SpeakerStatistics":
        """Means and log prosody linearly, deviations geometrically."""
        return SpeakerStatistics(
            self.mean + fraction * (other.mean - self.mean),
            self.deviation * (other.deviation / self.deviation) ** fraction,
            *(here + fraction * (there - here) for here, there in zip(self.prosody, other.prosody, strict=True)),
        )

    @property
    def prosody(self) -> tuple[float, ...]:
        return tuple(float(getattr(self, name)) for name in PROSODY)

    def tensors(self, name: str) -> dict[str, Values]:
        """By the tensor names of the weights file."""
        return {
            f"{name}.mean": self.mean, f"{name}.deviation": self.deviation, f"{name}.prosody": np.array(self.prosody)
        }  # fmt: skip


def read_statistics(tensors: Mapping[str, Any], name: str, *, source: str) -> SpeakerStatistics:
    """From the tensors of an untrusted file."""
    found = [np.asarray(tensors.get(f"{name}.{key}", ()), np.float64) for key in ("mean", "deviation", "prosody")]
    if [one.shape for one in found] != [(CODE_DIMENSIONS,), (CODE_DIMENSIONS,), (len(PROSODY),)]:
        raise UserError(
            "“{source}” does not say how “{name}” sounds, so it is no model of this engine.", source=source, name=name
        )
    limits = (MAX_CODE, MAX_CODE, np.array(MAX_PROSODY))
    # False for NaN as well.
    in_range = all((np.abs(one) <= limit).all() for one, limit in zip(found, limits, strict=True))
    if not in_range or (found[1] <= 0).any():
        raise UserError("“{source}” is broken: what it says of “{name}” is out of range.", source=source, name=name)
    return SpeakerStatistics(found[0], found[1], *map(float, found[2]))


def analyse_recording(audio: Audio) -> RecordingFeatures | None:
    """None if nothing is voiced."""
    resampled = resample_for_networks(audio)
    pitch = estimate_world_pitch(resampled)
    if not pitch.voiced.any():
        return None
    features = extract_world_features(resampled, pitch)
    audible = find_audible_frames(features)
    voiced = pitch.voiced & audible
    if not voiced.any():
        return None
    return RecordingFeatures(
        encode_features(features)[audible],
        np.log(pitch.hertz[voiced].astype(np.float64)),
        compute_log_speaking_rate(pitch, int(audible.sum())),
        float(np.log(features.aperiodicity[voiced].mean())),
    )


def compute_log_speaking_rate(pitch: Pitch, spoken_frames: int) -> float:
    return float(np.log(len(find_voiced_segments(pitch)) / (spoken_frames * HOP_SECONDS)))


def compute_statistics(recordings: Sequence[RecordingFeatures]) -> SpeakerStatistics:
    """Of recordings of one speaker in one emotion."""
    codes = np.concatenate([one.codes for one in recordings]).astype(np.float64)
    log_hertz = np.concatenate([one.log_hertz for one in recordings])
    # Within each recording: differences between sentence means are not pitch range.
    spread = np.sqrt(np.mean([one.log_hertz.var() for one in recordings]))
    return SpeakerStatistics(
        codes.mean(axis=0),
        np.maximum(codes.std(axis=0), LEAST_DEVIATION),
        float(log_hertz.mean()),
        float(np.log(max(spread, 0.01))),
        float(np.mean([one.log_speaking_rate for one in recordings])),
        float(np.mean([one.log_aperiodicity for one in recordings])),
        float(compute_log_power(codes).mean()),
    )


def average_relative_statistics(
    emotional: Sequence[SpeakerStatistics], neutral: Sequence[SpeakerStatistics]
) -> SpeakerStatistics:
    """An emotion relative to neutral, averaged over speakers of both; deviations are absolute."""
    differences = [
        (one.mean - plain.mean, np.array(one.prosody) - np.array(plain.prosody))
        for one, plain in zip(emotional, neutral, strict=True)
    ]
    deviation = np.exp(np.mean([np.log(one.deviation) for one in emotional], axis=0))
    prosody = np.mean([step for _, step in differences], axis=0)
    return SpeakerStatistics(np.mean([step for step, _ in differences], axis=0), deviation, *map(float, prosody))
