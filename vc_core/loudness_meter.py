"""The loudness of sound that comes in blocks (ITU-R BS.1770-5): the same figure as of the whole, in little memory."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.signal import sosfilt

from vc_core.audio import Audio

STEP_SECONDS, STEPS_IN_BLOCK = 0.1, 4
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
OFFSET_LUFS = -0.691

Values = npt.NDArray[np.float64]


class LoudnessMeter:
    def __init__(self) -> None:
        self._sections: Values | None = None
        self._state: Values | None = None
        self._left: Values | None = None
        self._step_powers: list[float] = []
        self._step_frames = 0

    def hear(self, block: Audio) -> None:
        if self._sections is None or self._state is None or self._left is None:
            self._sections = _k_weighting(block.sample_rate)
            self._state = np.zeros((len(self._sections), block.channels, 2))
            self._left = np.zeros((block.channels, 0))
            self._step_frames = round(STEP_SECONDS * block.sample_rate)
        heard, self._state = sosfilt(self._sections, block.samples.astype(np.float64), zi=self._state)
        heard = np.concatenate([self._left, heard], axis=1)
        steps = heard.shape[1] // self._step_frames
        whole = heard[:, : steps * self._step_frames].reshape(len(heard), steps, self._step_frames)
        self._step_powers += (whole**2).mean(axis=2).sum(axis=0).tolist()
        self._left = heard[:, steps * self._step_frames :]

    def lufs(self) -> float:
        """Integrated loudness of what was heard; minus infinity for silence."""
        steps = np.array(self._step_powers)
        if len(steps) < STEPS_IN_BLOCK:  # too short to be gated
            rest = [] if self._left is None or not self._left.shape[1] else [float((self._left**2).mean(axis=1).sum())]
            blocks = np.array([np.mean([*steps, *rest])]) if len(steps) or rest else np.zeros(0)
        else:
            blocks = np.convolve(steps, np.full(STEPS_IN_BLOCK, 1 / STEPS_IN_BLOCK), "valid")
        loud = blocks[blocks > _power(ABSOLUTE_GATE_LUFS)]
        if len(loud):
            loud = loud[loud > loud.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
        return float(OFFSET_LUFS + 10 * np.log10(loud.mean())) if len(loud) else -np.inf


def loudness_of(blocks: Iterable[Audio]) -> float:
    meter = LoudnessMeter()
    for block in blocks:
        meter.hear(block)
    return meter.lufs()


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - OFFSET_LUFS) / 10))


def _k_weighting(rate: int) -> Values:
    """The standard's two filters, which it gives for 48 kHz, at any rate (from their analogue shape)."""
    gain, quality = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    k = np.tan(np.pi * 1681.974450955533 / rate)
    middle = gain**0.4996667741545416
    norm = 1 + k / quality + k * k
    poles = [1.0, 2 * (k * k - 1) / norm, (1 - k / quality + k * k) / norm]
    shelf = [(gain + middle * k / quality + k * k) / norm, 2 * (k * k - gain) / norm]
    shelf += [(gain - middle * k / quality + k * k) / norm, *poles]
    quality, k = 0.5003270373238773, np.tan(np.pi * 38.13547087602444 / rate)
    norm = 1 + k / quality + k * k
    rumble = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / norm, (1 - k / quality + k * k) / norm]
    return np.array([shelf, rumble])
