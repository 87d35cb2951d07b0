"""Spectral envelopes as a few numbers for each frame, the same for every sample rate, as networks hear them."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.world import LOWEST_HZ, Values, WorldFeatures, code_envelope, decode_envelope

Codes = npt.NDArray[np.float32]
"""Shape (frames, DIMENSIONS)."""

RATE, DIMENSIONS = 16_000, 36
"""What most recordings have; what is above changes as its edge does."""
FURTHEST_DB = 30.0
AUDIBLE_DB = 40.0
"""Below the loud frames of a recording; the rest is pauses."""


def code(features: WorldFeatures) -> Codes:
    """As though the recording had the networks' rate."""
    wanted = np.linspace(0.0, RATE / 2, _bins())
    # WORLD's power grows with the rate.
    logs = np.log(np.maximum(features.envelope * (RATE / features.sample_rate), 1e-16))
    envelope = np.exp(_at(logs, wanted / features.frequencies[1]))
    return code_envelope(replace(features, envelope=envelope, sample_rate=RATE), DIMENSIONS)


def with_change(features: WorldFeatures, before: Codes | Values, after: Codes | Values) -> WorldFeatures:
    """Each frame's envelope times what lies between two codes: the detail that codes leave out stays."""
    change = np.log(decode_envelope(after, RATE) / decode_envelope(before, RATE))
    limit = FURTHEST_DB / 10 * np.log(10)
    places = np.minimum(features.frequencies / (RATE / 2), 1.0) * (_bins() - 1)
    gains = np.exp(_at(np.clip(change, -limit, limit), places))
    return replace(features, envelope=features.envelope * gains)


def log_levels(codes: Codes | Values) -> Values:
    """The logarithm of each frame's power."""
    return np.asarray(np.log(decode_envelope(codes, RATE).mean(axis=1)))


def audible(features: WorldFeatures) -> npt.NDArray[np.bool_]:
    """Which frames are not pauses."""
    level = 10 * np.log10(features.envelope.mean(axis=1) + 1e-16)
    return np.asarray(level > np.percentile(level, 95) - AUDIBLE_DB)


def heard_by_networks(audio: Audio) -> Audio:
    return audio.mono().resampled(RATE)


def _bins() -> int:
    fft_frames: int = 2 ** int(1 + np.log2(3 * RATE / LOWEST_HZ + 1))  # as WORLD chooses it
    return int(fft_frames // 2 + 1)


def _at(rows: Values, places: Values) -> Values:
    """Each row between its columns."""
    low = np.minimum(places.astype(int), rows.shape[1] - 2)
    part = places - low
    return np.asarray(rows[:, low] * (1 - part) + rows[:, low + 1] * part)
