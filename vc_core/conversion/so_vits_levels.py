"""Silence stays silence, and a converted voice is as loud as it was sung, moment by moment."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from vc_core.audio import Samples

FADE_DB = 10.0
"""So far below the threshold all is silent."""
MOMENT_SECONDS = 0.01
SMOOTH_SECONDS = 0.15
LARGEST_CHANGE_DB = 24.0


def gate_of(power: npt.NDArray[np.float32], silence_db: float) -> npt.NDArray[np.float32]:
    """From 0 where a song is silent to 1 where it sounds, for each of its moments."""
    power = power.astype(np.float64)
    if not power.any():
        return np.zeros(len(power), np.float32)
    loud = np.sum(power**2) / np.sum(power)
    below_db = 10 * np.log10(power / loud + 1e-13)
    opened = np.clip((below_db - silence_db + FADE_DB) / FADE_DB, 0.0, 1.0)
    # Open a moment earlier and later, so that nothing is cut off.
    widened = np.max([np.pad(opened, 1)[at : at + len(opened)] for at in range(3)], axis=0)
    return np.asarray(widened, np.float32)


def between(values: npt.NDArray[np.float32], start: int, frames: int, frames_per_value: float) -> Samples:
    """Values of moments at these frames of a song."""
    at = np.arange(start, start + frames) / frames_per_value
    return np.interp(at, np.arange(len(values)), values).astype(np.float32)


def as_loud(made: Samples, sung: Samples, sample_rate: int, ratio: float) -> Samples:
    """Both of shape (frames,); the first with the second's loudness."""
    hop = round(MOMENT_SECONDS * sample_rate)
    wanted, given = (_powers(wave, hop) for wave in (sung, made))
    change_db = np.clip(
        5 * ratio * 2 * np.log10((wanted + 1e-12) / (given + 1e-12)), -LARGEST_CHANGE_DB, LARGEST_CHANGE_DB
    )
    gain = 10 ** (between(change_db.astype(np.float32), -hop // 2, len(made), hop) / 20)
    return np.asarray(made * gain, np.float32)


def _powers(wave: Samples, hop: int) -> npt.NDArray[np.float64]:
    starts = np.arange(0, len(wave), hop)
    powers = np.add.reduceat(np.square(wave, dtype=np.float64), starts) / hop
    width = round(SMOOTH_SECONDS / MOMENT_SECONDS)
    smooth: npt.NDArray[np.float64] = uniform_filter1d(
        uniform_filter1d(powers, width, mode="nearest"), width, mode="nearest"
    )
    return np.maximum(smooth, 0.0)
