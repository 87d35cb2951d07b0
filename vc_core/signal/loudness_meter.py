"""Streaming loudness meter (ITU-R BS.1770-5, gated): integrated LUFS of audio in blocks, in constant memory."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.signal import sosfilt

from vc_core.audio import Audio

STEP_SECONDS, STEPS_PER_GATING_BLOCK = 0.1, 4
"""Gating blocks of 400 ms overlap by 75 %."""
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
OFFSET_LUFS = -0.691

# The standard gives the K-weighting filters as coefficients for 48 kHz only; these are their analogue prototypes.
HIGH_SHELF_HZ, HIGH_SHELF_Q = 1681.974450955533, 0.7071752369554196
HIGH_SHELF_GAIN_DB, HIGH_SHELF_BAND_GAIN_EXPONENT = 3.999843853973347, 0.4996667741545416
HIGH_PASS_HZ, HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773

FloatArray = npt.NDArray[np.float64]


class LoudnessMeter:
    """Feed blocks, then read `integrated_lufs`."""

    def __init__(self) -> None:
        self._filter: FloatArray | None = None
        self._filter_state: FloatArray | None = None
        self._remainder: FloatArray | None = None
        self._step_powers: list[float] = []
        self._step_frames = 0

    def feed(self, block: Audio) -> None:
        if self._filter is None or self._filter_state is None or self._remainder is None:
            self._filter = _design_k_weighting(block.sample_rate)
            self._filter_state = np.zeros((len(self._filter), block.channels, 2))
            self._remainder = np.zeros((block.channels, 0))
            self._step_frames = round(STEP_SECONDS * block.sample_rate)
        weighted, self._filter_state = sosfilt(self._filter, block.samples.astype(np.float64), zi=self._filter_state)
        weighted = np.concatenate([self._remainder, weighted], axis=1)
        steps = weighted.shape[1] // self._step_frames
        whole = weighted[:, : steps * self._step_frames].reshape(len(weighted), steps, self._step_frames)
        self._step_powers += (whole**2).mean(axis=2).sum(axis=0).tolist()
        self._remainder = weighted[:, steps * self._step_frames :]

    def integrated_lufs(self) -> float:
        """Integrated loudness of all blocks so far; minus infinity for silence."""
        steps = np.array(self._step_powers)
        if len(steps) < STEPS_PER_GATING_BLOCK:  # too short for gating
            rest = []
            if self._remainder is not None and self._remainder.shape[1]:
                rest = [float((self._remainder**2).mean(axis=1).sum())]
            blocks = np.array([np.mean([*steps, *rest])]) if len(steps) or rest else np.zeros(0)
        else:
            blocks = np.convolve(steps, np.full(STEPS_PER_GATING_BLOCK, 1 / STEPS_PER_GATING_BLOCK), "valid")
        gated = blocks[blocks > _lufs_to_power(ABSOLUTE_GATE_LUFS)]
        if len(gated):
            gated = gated[gated > gated.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
        return float(OFFSET_LUFS + 10 * np.log10(gated.mean())) if len(gated) else -np.inf


def measure_stream_loudness_lufs(blocks: Iterable[Audio]) -> float:
    meter = LoudnessMeter()
    for block in blocks:
        meter.feed(block)
    return meter.integrated_lufs()


def _lufs_to_power(lufs: float) -> float:
    return float(10 ** ((lufs - OFFSET_LUFS) / 10))


def _design_k_weighting(sample_rate: int) -> FloatArray:
    """K-weighting for any sample rate: second-order sections of shape (2, 6), a high shelf and a high-pass."""
    gain = 10 ** (HIGH_SHELF_GAIN_DB / 20)
    band_gain = gain**HIGH_SHELF_BAND_GAIN_EXPONENT
    k = np.tan(np.pi * HIGH_SHELF_HZ / sample_rate)
    norm = 1 + k / HIGH_SHELF_Q + k * k
    zeros = [
        (gain + band_gain * k / HIGH_SHELF_Q + k * k) / norm,
        2 * (k * k - gain) / norm,
        (gain - band_gain * k / HIGH_SHELF_Q + k * k) / norm,
    ]
    high_shelf = [*zeros, *_compute_poles(k, HIGH_SHELF_Q)]
    high_pass = [1.0, -2.0, 1.0, *_compute_poles(np.tan(np.pi * HIGH_PASS_HZ / sample_rate), HIGH_PASS_Q)]
    return np.array([high_shelf, high_pass])


def _compute_poles(k: float, quality: float) -> list[float]:
    """Denominator of a biquad by the bilinear transform; `k` is the prewarped frequency."""
    norm = 1 + k / quality + k * k
    return [1.0, 2 * (k * k - 1) / norm, (1 - k / quality + k * k) / norm]
