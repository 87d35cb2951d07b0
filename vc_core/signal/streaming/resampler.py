"""Streaming resampler with a short delay: a polyphase FIR filter with 1.5 ms of look-ahead at 16 kHz."""

from functools import lru_cache
from math import gcd

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]
HALF_WIDTH = 24
"""Of the filter, in samples at the lower of both rates."""
CUTOFF, KAISER_BETA = 0.46, 7.0
"""Cutoff as a share of the lower rate. 70 dB of attenuation; the transition is a tenth of the lower rate."""


class LowDelayResampler:
    """Output sample n is at time n / new_rate of the input."""

    def __init__(self, old_rate: int, new_rate: int) -> None:
        divisor = gcd(old_rate, new_rate)
        self._up, self._down = new_rate // divisor, old_rate // divisor
        self._filters = _design_filters(self._up, self._down)
        self._half = self._filters.shape[1] // 2
        self.delay_seconds = self._half / old_rate if self._up != self._down else 0.0
        self._input: Signal = np.zeros(self._half - 1, np.float32)
        self._input_start = 1 - self._half
        self._made = 0

    def feed(self, samples: Signal) -> Signal:
        """Shape (n,) to the samples that are known by now, shape (m,)."""
        if self._up == self._down:
            return samples
        self._input = np.concatenate([self._input, samples])
        known = self._input_start + len(self._input) - self._half  # positions below it have all their taps
        count = max(0, -(-known * self._up // self._down) - self._made)
        at = (self._made + np.arange(count)) * self._down
        first = at // self._up - self._half + 1 - self._input_start
        windows = self._input[first[:, None] + np.arange(2 * self._half)]
        made: Signal = np.einsum("ij,ij->i", windows, self._filters[at % self._up])
        self._made += count
        start = self._made * self._down // self._up - self._half + 1
        self._input = self._input[start - self._input_start :]
        self._input_start = start
        return made


@lru_cache(maxsize=4)
def _design_filters(up: int, down: int) -> Signal:
    """Windowed sinc of shape (up, taps): tap t of phase p is at t − taps / 2 + 1 − p / up input samples."""
    lower = min(1.0, up / down)  # the lower rate, relative to the input's
    half = int(np.ceil(HALF_WIDTH / lower))
    distance = np.arange(2 * half) - half + 1 - np.arange(up)[:, None] / up
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0.0, 1 - (distance / half) ** 2))) / np.i0(KAISER_BETA)
    kernel = np.sinc(2 * CUTOFF * lower * distance) * window
    return np.asarray(kernel / kernel.sum(1, keepdims=True), np.float32)
