"""Coded spectral envelopes (mel-cepstra): a few numbers per frame, independent of the sample rate, for networks."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.signal.world import LOWEST_HZ, FloatArray, WorldFeatures, decode_envelope, encode_envelope

Codes = npt.NDArray[np.float32]
"""Shape (frames, CODE_DIMENSIONS)."""

CODE_SAMPLE_RATE, CODE_DIMENSIONS = 16_000, 36
"""Nearly all recordings contain this band; higher frequencies follow the change at its upper edge."""
MAX_CHANGE_DB = 30.0
AUDIBLE_DB = 40.0
"""Frames further below the loud ones of a recording are pauses."""


def encode_features(features: WorldFeatures) -> Codes:
    """Encode as if the recording had the sample rate of the codes."""
    frequencies = np.linspace(0.0, CODE_SAMPLE_RATE / 2, _count_bins())
    # WORLD's power is proportional to the sample rate.
    power = np.maximum(features.envelope * (CODE_SAMPLE_RATE / features.sample_rate), 1e-16)
    envelope = np.exp(_interpolate_columns(np.log(power), frequencies / features.frequencies[1]))
    return encode_envelope(replace(features, envelope=envelope, sample_rate=CODE_SAMPLE_RATE), CODE_DIMENSIONS)


def apply_code_change(features: WorldFeatures, before: Codes | FloatArray, after: Codes | FloatArray) -> WorldFeatures:
    """Filter each frame by the difference of two codes, so that detail which codes lack is preserved."""
    log_change = np.log(decode_envelope(after, CODE_SAMPLE_RATE) / decode_envelope(before, CODE_SAMPLE_RATE))
    limit = MAX_CHANGE_DB / 10 * np.log(10)
    bins = np.minimum(features.frequencies / (CODE_SAMPLE_RATE / 2), 1.0) * (_count_bins() - 1)
    gains = np.exp(_interpolate_columns(np.clip(log_change, -limit, limit), bins))
    return replace(features, envelope=features.envelope * gains)


def compute_log_power(codes: Codes | FloatArray) -> FloatArray:
    """Natural log of each frame's power, shape (frames,)."""
    return np.asarray(np.log(decode_envelope(codes, CODE_SAMPLE_RATE).mean(axis=1)))


def find_audible_frames(features: WorldFeatures) -> npt.NDArray[np.bool_]:
    """Mask of the frames that are not pauses, shape (frames,)."""
    level_db = 10 * np.log10(features.envelope.mean(axis=1) + 1e-16)
    return np.asarray(level_db > np.percentile(level_db, 95) - AUDIBLE_DB)


def resample_for_networks(audio: Audio) -> Audio:
    return audio.to_mono().resample(CODE_SAMPLE_RATE)


def _count_bins() -> int:
    fft_samples: int = 2 ** int(1 + np.log2(3 * CODE_SAMPLE_RATE / LOWEST_HZ + 1))  # WORLD's own formula
    return int(fft_samples // 2 + 1)


def _interpolate_columns(rows: FloatArray, positions: FloatArray) -> FloatArray:
    """Interpolate each row at fractional column positions."""
    low = np.minimum(positions.astype(int), rows.shape[1] - 2)
    fraction = positions - low
    return np.asarray(rows[:, low] * (1 - fraction) + rows[:, low + 1] * fraction)
