"""Silence gate and loudness matching: the converted voice follows the loudness envelope of the song."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from vc_core.audio import Audio, Samples

FADE_DB = 10.0
"""The gate is fully closed so far below the threshold."""
FRAME_SECONDS = 0.01
SMOOTH_SECONDS = 0.15
LARGEST_CHANGE_DB = 24.0


def compute_silence_gate(power: npt.NDArray[np.float32], silence_db: float) -> npt.NDArray[np.float32]:
    """Gain from 0 (silence) to 1 for each power frame; shape (frames,)."""
    power = power.astype(np.float64)
    if not power.any():
        return np.zeros(len(power), np.float32)
    loud = np.sum(power**2) / np.sum(power)
    below_db = 10 * np.log10(power / loud + 1e-13)
    opened = np.clip((below_db - silence_db + FADE_DB) / FADE_DB, 0.0, 1.0)
    # Opened one frame earlier and later, so that nothing is cut off.
    widened = np.max([np.pad(opened, 1)[at : at + len(opened)] for at in range(3)], axis=0)
    return np.asarray(widened, np.float32)


def interpolate_frames(values: npt.NDArray[np.float32], start: int, samples: int, hop_samples: float) -> Samples:
    """Values per frame, interpolated linearly at `samples` from sample `start` on."""
    at = np.arange(start, start + samples) / hop_samples
    return np.interp(at, np.arange(len(values)), values).astype(np.float32)


def follow_loudness(window: Audio, converted: Samples, gate: Samples, ratio: float) -> Audio:
    """A converted window with the loudness of the original's, as far as `ratio` says, and silent where that is."""
    if ratio and converted.any():
        converted = match_loudness(converted, window.samples[0], window.sample_rate, ratio)
    return window.with_samples((converted * gate)[None])


def match_loudness(converted: Samples, original: Samples, sample_rate: int, ratio: float) -> Samples:
    """Give `converted` the smoothed loudness of `original`, both of shape (samples,)."""
    hop = round(FRAME_SECONDS * sample_rate)
    target, actual = (_compute_smooth_power(samples, hop) for samples in (original, converted))
    change_db = np.clip(
        5 * ratio * 2 * np.log10((target + 1e-12) / (actual + 1e-12)), -LARGEST_CHANGE_DB, LARGEST_CHANGE_DB
    )
    gain = 10 ** (interpolate_frames(change_db.astype(np.float32), -hop // 2, len(converted), hop) / 20)
    return np.asarray(converted * gain, np.float32)


def _compute_smooth_power(samples: Samples, hop: int) -> npt.NDArray[np.float64]:
    starts = np.arange(0, len(samples), hop)
    powers = np.add.reduceat(np.square(samples, dtype=np.float64), starts) / hop
    width = round(SMOOTH_SECONDS / FRAME_SECONDS)
    smooth: npt.NDArray[np.float64] = uniform_filter1d(
        uniform_filter1d(powers, width, mode="nearest"), width, mode="nearest"
    )
    return np.maximum(smooth, 0.0)
