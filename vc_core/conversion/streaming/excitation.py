"""Excitation of a stream: a pulse train with continuous phase at the target pitch, and noise."""

import numpy as np

from vc_core.conversion.streaming.track import Track, Values
from vc_core.models.ddsp import synthesise_pulses
from vc_core.signal.streaming.pitch import HOP_SECONDS

PITCH_FRAMES_PER_SECOND = round(1 / HOP_SECONDS)
HIGHEST_SHARE = 0.45
"""Of the sample rate: the highest pitch of the pulses."""


class Excitation:
    def __init__(self, sample_rate: int, seed: int) -> None:
        self._sample_rate = sample_rate
        self.hertz = Track()
        """Target F0 at each pitch frame, 0 where unvoiced."""
        self._made = 0
        self._cycles, self._held_hertz = 0.0, 1.0  # at the frame before the next sample
        self._noise = _Noise(sample_rate, seed)

    def read(self, samples: int) -> Values:
        """The next pulses and noise, array of shape (2, samples); pitch frames up to their end must be known."""
        rate, start = self._sample_rate, self._made
        at = np.arange(start, start + samples) * PITCH_FRAMES_PER_SECOND
        first, last = int(at[0]) // rate, int(at[-1]) // rate + 1
        self._made += samples
        fraction, number = (at % rate) / rate, at // rate - first
        hertz = np.minimum(self.hertz.read(first, last + 1), HIGHEST_SHARE * rate)
        begin, end = self._hold_pitch(hertz)
        steps = (begin + end) / 2 * HOP_SECONDS
        cycles = self._cycles + np.concatenate([[0.0], np.cumsum(steps)])
        rise = end - begin
        phase = cycles[number] + HOP_SECONDS * fraction * (begin[number] + rise[number] * fraction / 2)
        voiced = (hertz > 0).astype(np.float64)
        gain = voiced[number] * (1 - fraction) + voiced[number + 1] * fraction
        pitch = np.where(gain > 0, begin[number] + rise[number] * fraction, 0.0)
        pulses = gain * synthesise_pulses(pitch, phase % 1.0, rate)
        whole = (start + samples) * PITCH_FRAMES_PER_SECOND // rate - first
        self._cycles = float(cycles[whole] % 1.0)
        self._held_hertz = float(end[whole - 1]) if whole else self._held_hertz
        self.hertz.drop_before(first + whole)
        return np.stack([pulses, self._noise.read(start, samples)])

    def _hold_pitch(self, hertz: Values) -> tuple[Values, Values]:
        """Pitch at the beginning and end of each interval: where one end is unvoiced, the other's; else the last."""
        begin, end = hertz[:-1].copy(), hertz[1:].copy()
        begin, end = np.where(begin > 0, begin, end), np.where(end > 0, end, begin)
        held = self._held_hertz
        for at in range(len(begin)):
            if not begin[at]:
                begin[at] = end[at] = held
            held = end[at]
        return begin, end


class _Noise:
    """White noise that depends only on seed and position: one generator for each second."""

    def __init__(self, sample_rate: int, seed: int) -> None:
        self._sample_rate, self._seed = sample_rate, seed
        self._second, self._samples = -1, np.zeros(0)

    def read(self, start: int, samples: int) -> Values:
        parts = []
        while samples:
            second, offset = divmod(start, self._sample_rate)
            if second != self._second:
                self._second = second
                self._samples = np.random.default_rng([self._seed, second]).standard_normal(self._sample_rate)
            parts.append(self._samples[offset : offset + samples])
            start, samples = start + len(parts[-1]), samples - len(parts[-1])
        return np.concatenate(parts)
