"""Decode the pitch bins of a network (20 cents each) to F0, and resample F0 contours to another hop."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.signal.pitch_methods.base import Pitch, PitchSettings

FloatArray = npt.NDArray[np.float64]

REFERENCE_HZ = 10.0
"""0 cents."""
NEIGHBOUR_BINS = 4
"""Bins on each side of the maximum that enter the weighted average."""
MAX_GLIDE_OCTAVES = 1 / 6
"""A larger step between neighbouring frames is a change of note and is not interpolated."""


@dataclass(frozen=True)
class PitchBins:
    lowest_cents: float
    """Centre of the first bin."""
    bin_cents: float
    count: int = 360

    @property
    def centres(self) -> FloatArray:
        """In cents, shape (count,)."""
        return self.lowest_cents + self.bin_cents * np.arange(self.count, dtype=np.float64)


CREPE_BINS = PitchBins(1997.3794084376191, 20.0)
"""From J. W. Kim et al., “CREPE: a convolutional representation for pitch estimation”, ICASSP 2018; from 32 Hz."""


@dataclass(frozen=True)
class FrameGrid:
    """The times of a method's own frames."""

    hop_seconds: float
    first_seconds: float = 0.0


def decode_bins(
    activations: npt.NDArray[np.float32], bins: PitchBins, settings: PitchSettings, threshold: float
) -> tuple[FloatArray, FloatArray]:
    """From activations of shape (frames, bins) to F0 in hertz and confidence, each of shape (frames,).

    Local weighted average around the highest bin within the pitch range; frames below `threshold` are unvoiced.
    """
    low, high = 1200 * np.log2(np.array([settings.lowest_hz, settings.highest_hz]) / REFERENCE_HZ)
    centres = bins.centres
    in_range = (centres >= low - bins.bin_cents / 2) & (centres <= high + bins.bin_cents / 2)
    if not in_range.any() or not len(activations):
        return np.zeros(len(activations)), np.zeros(len(activations))
    best = np.argmax(np.where(in_range, activations, -1.0), axis=1)
    neighbours = best[:, None] + np.arange(-NEIGHBOUR_BINS, NEIGHBOUR_BINS + 1)
    exists = (neighbours >= 0) & (neighbours < bins.count)
    neighbours = np.clip(neighbours, 0, bins.count - 1)
    weights = np.take_along_axis(activations, neighbours, axis=1).astype(np.float64) * exists
    cents = (weights * centres[neighbours]).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    confidence = np.take_along_axis(activations, best[:, None], axis=1)[:, 0].astype(np.float64)
    hertz = np.clip(REFERENCE_HZ * 2 ** (cents / 1200), settings.lowest_hz, settings.highest_hz)
    return np.where(confidence >= threshold, hertz, 0.0), confidence


def resample_pitch(
    settings: PitchSettings, audio: Audio, hertz: FloatArray, confidence: FloatArray, grid: FrameGrid
) -> Pitch:
    """Interpolate F0 from a method's own frames to the requested hop; voicing is that of the nearest frame."""
    times = np.arange(settings.count_frames(audio)) * settings.hop_seconds
    position = np.clip((times - grid.first_seconds) / grid.hop_seconds, 0, len(hertz) - 1)
    before, after = np.floor(position).astype(int), np.ceil(position).astype(int)
    nearest = np.round(position).astype(int)
    octaves = np.log2(np.maximum(hertz, 1.0))
    step = octaves[after] - octaves[before]
    is_same_note = (hertz[before] > 0) & (hertz[after] > 0) & (np.abs(step) < MAX_GLIDE_OCTAVES)
    interpolated = 2 ** (octaves[before] + (position - before) * step)
    resampled = np.where(is_same_note, interpolated, hertz[nearest])
    return Pitch(resampled.astype(np.float32), confidence[nearest].astype(np.float32), settings.hop_seconds)
