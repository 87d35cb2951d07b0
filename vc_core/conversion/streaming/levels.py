"""Slow level and noise gate of a stream, without the future: as for whole songs, but from the past alone."""

import numpy as np
import numpy.typing as npt

from vc_core.conversion.instant.converter import GATE_CLOSED_DB, GATE_OPEN_DB
from vc_core.conversion.streaming.track import Track
from vc_core.models.content_encoder import FRAMES_PER_SECOND, HOP_SAMPLES, QUIETEST

Signal = npt.NDArray[np.float32]
LEVEL_SECONDS, LEVEL_DB = 0.5, -5.0
"""The power of the last loud frames, so much lower, is nearest to the smoothed power of both sides (2.5 dB off)."""
LOUD_SECONDS = 10.0
"""For the noise gate, and for the level below which nothing is amplified any further."""
EXPECTED_POWER, EXPECTED_WEIGHT = 0.01, 0.1
"""What is assumed before anything was heard."""
GATE_FRAMES = 1
"""The gate is open so many frames before and after the sound."""
LOWEST_POWER = 1e-16


class LevelTracker:
    """At frame k: the level up to k · HOP_SAMPLES, and the gate from the sound until one frame later."""

    def __init__(self) -> None:
        self._rest: Signal = np.zeros(0, np.float32)
        self._level, self._loud = _LoudPower(LEVEL_SECONDS), _LoudPower(LOUD_SECONDS)
        self.levels = Track([10 ** (LEVEL_DB / 20) * self._level.power**0.5])
        self._opened = [0.0] * (GATE_FRAMES + 1)
        self.gates = Track()

    def feed(self, samples: Signal) -> None:
        """Audio at 16 kHz, shape (n,)."""
        samples = np.concatenate([self._rest, samples])
        frames = len(samples) // HOP_SAMPLES
        self._rest = samples[frames * HOP_SAMPLES :]
        powers = np.square(samples[: frames * HOP_SAMPLES].reshape(frames, HOP_SAMPLES), dtype=np.float64).mean(1)
        for power in powers:
            self._add(float(power))

    def drop_before(self, frame: int) -> None:
        self.levels.drop_before(frame)
        self.gates.drop_before(frame)

    def _add(self, power: float) -> None:
        level, loud = self._level.add(power), self._loud.add(power)
        self.levels.append([max(10 ** (LEVEL_DB / 10) * level, QUIETEST * loud, LOWEST_POWER) ** 0.5])
        level_db = 10 * np.log10(power / loud + 1e-12)
        self._opened.append(float(np.clip((level_db - GATE_CLOSED_DB) / (GATE_OPEN_DB - GATE_CLOSED_DB), 0.0, 1.0)))
        del self._opened[: -2 * GATE_FRAMES - 1]
        if len(self._opened) == 2 * GATE_FRAMES + 1:
            self.gates.append([max(self._opened)])


class _LoudPower:
    """Power of the last seconds, weighted with itself, so that silence doesn't count however much of it there is."""

    def __init__(self, seconds: float) -> None:
        self._share = 1 / (seconds * FRAMES_PER_SECOND)
        self._sums = EXPECTED_WEIGHT * EXPECTED_POWER**2, EXPECTED_WEIGHT * EXPECTED_POWER

    @property
    def power(self) -> float:
        return max(self._sums[0] / max(self._sums[1], 1e-30), LOWEST_POWER)

    def add(self, power: float) -> float:
        squares, powers = self._sums
        self._sums = squares + self._share * (power**2 - squares), powers + self._share * (power - powers)
        return self.power
