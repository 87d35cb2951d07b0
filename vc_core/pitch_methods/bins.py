"""From what a network says of its bins, a fifth of a semitone each, to pitch at the moments that are asked for."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.pitch_methods.base import Pitch, PitchSearch

REFERENCE_HZ = 10.0
"""Where cents are counted from."""
REACH = 4
"""So many bins on either side of the highest have a say in what lies between them."""
LEAP_OCTAVES = 1 / 6
"""Neighbouring moments further apart are two notes, with nothing in between."""


@dataclass(frozen=True)
class Bins:
    lowest_cents: float
    """Where the centre of the first lies."""
    cents: float
    """From one to the next."""
    count: int = 360

    @property
    def centres(self) -> npt.NDArray[np.float64]:
        return self.lowest_cents + self.cents * np.arange(self.count, dtype=np.float64)


CREPE_BINS = Bins(1997.3794084376191, 20.0)
"""Those of J. W. Kim et al., “CREPE: a convolutional representation for pitch estimation”, ICASSP 2018; from 32 Hz."""


@dataclass(frozen=True)
class Moments:
    """Where a network's own moments lie."""

    hop_seconds: float
    first_seconds: float = 0.0


def read_bins(
    activations: npt.NDArray[np.float32], bins: Bins, search: PitchSearch, threshold: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """From (frames, bins) the hertz of the highest bin in the range, and how high it is; under `threshold` unvoiced."""
    low, high = 1200 * np.log2(np.array([search.lowest_hz, search.highest_hz]) / REFERENCE_HZ)
    centres = bins.centres
    inside = (centres >= low - bins.cents / 2) & (centres <= high + bins.cents / 2)
    if not inside.any() or not len(activations):
        return np.zeros(len(activations)), np.zeros(len(activations))
    best = np.argmax(np.where(inside, activations, -1.0), axis=1)
    around = best[:, None] + np.arange(-REACH, REACH + 1)
    counted = (around >= 0) & (around < bins.count)
    around = np.clip(around, 0, bins.count - 1)
    weights = np.take_along_axis(activations, around, axis=1).astype(np.float64) * counted
    cents = (weights * centres[around]).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    confidence = np.take_along_axis(activations, best[:, None], axis=1)[:, 0].astype(np.float64)
    hertz = np.clip(REFERENCE_HZ * 2 ** (cents / 1200), search.lowest_hz, search.highest_hz)
    return np.where(confidence >= threshold, hertz, 0.0), confidence


def at_moments_of(
    search: PitchSearch,
    audio: Audio,
    hertz: npt.NDArray[np.float64],
    confidence: npt.NDArray[np.float64],
    own: Moments,
) -> Pitch:
    """Pitch at the moments that are searched, from one at a method's own moments."""
    times = np.arange(search.frames(audio)) * search.hop_seconds
    at = np.clip((times - own.first_seconds) / own.hop_seconds, 0, len(hertz) - 1)
    before, after, nearest = np.floor(at).astype(int), np.ceil(at).astype(int), np.round(at).astype(int)
    octaves = np.log2(np.maximum(hertz, 1.0))
    one_note = (hertz[before] > 0) & (hertz[after] > 0) & (np.abs(octaves[after] - octaves[before]) < LEAP_OCTAVES)
    between = 2 ** (octaves[before] + (at - before) * (octaves[after] - octaves[before]))
    found = np.where(one_note, between, hertz[nearest])
    return Pitch(found.astype(np.float32), confidence[nearest].astype(np.float32), search.hop_seconds)
