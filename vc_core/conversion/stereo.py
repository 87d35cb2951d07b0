"""Stereo position and width of the vocals: measured in the song, and applied to the converted voice.

The converted voice is mono, so width (reverb, doubled lines) is synthesised: a sparse, decorrelating echo of a few
milliseconds is added to one side and subtracted from the other. The mono downmix cancels it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio, Samples

CELL_SECONDS = 0.5
WIDEST = 1.0
"""The side signal is never stronger than the mid signal."""
ECHO_SECONDS, ECHO_TAPS = (0.002, 0.018), 24
Curve = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StereoImage:
    gains: npt.NDArray[np.float32]
    """Gain of the mono signal in each channel (pan)."""
    width: npt.NDArray[np.float32]
    """Level of the side signal relative to mid, in each `CELL_SECONDS`."""


class StereoAnalyser:
    """Measures the stereo image of a song block by block."""

    def __init__(self) -> None:
        self._cells: list[Curve] = []
        self._rest: Samples = np.zeros((0, 0), np.float32)

    def downmix(self, blocks: Iterable[Audio]) -> Iterator[Audio]:
        """The mean of the channels, measuring the blocks that pass."""
        for block in blocks:
            samples = np.concatenate([self._rest, block.samples], axis=1) if self._rest.size else block.samples
            size = round(CELL_SECONDS * block.sample_rate)
            whole = samples.shape[1] // size * size
            self._cells += [_sum_products(samples[:, start : start + size]) for start in range(0, whole, size)]
            self._rest = samples[:, whole:].copy()
            yield block.to_mono()

    def estimate(self) -> StereoImage:
        cells = np.stack([*self._cells, _sum_products(self._rest)])
        gains = cells[:, 1].sum(0) / max(cells[:, 0].sum() / cells.shape[2], 1e-18)
        if cells.shape[2] != 2:
            return StereoImage(gains.astype(np.float32), np.zeros(len(cells), np.float32))
        mid, crossed, own = cells[:, 0, 0], cells[:, 1], cells[:, 2]
        # Residual power of each channel without its share of mid: the side signal.
        residual = (own - 2 * gains * crossed + gains**2 * mid[:, None]).mean(1)
        audible = mid > 1e-5 * mid.max(initial=0.0)
        width = np.sqrt(np.maximum(residual, 0.0) / np.where(audible, np.maximum(mid, 1e-18), np.inf))
        return StereoImage(gains.astype(np.float32), np.minimum(width, WIDEST).astype(np.float32))


def _sum_products(cell: Samples) -> Curve:
    """Sums over a cell, shape (3, channels): mid power, mid times channel, and channel power."""
    channels = cell.astype(np.float64)
    mid = channels.mean(0) if len(channels) else np.zeros(0)
    return np.stack([np.full(len(channels), mid @ mid), channels @ mid, (channels**2).sum(1)])


def apply_stereo(blocks: Iterable[Audio], stereo: StereoImage) -> Iterator[Audio]:
    """Pan and widen consecutive blocks of a mono voice to the channels of the song."""
    is_wide = len(stereo.gains) == 2 and bool(stereo.width.max(initial=0.0) > 1e-3)
    history: Samples | None = None
    start = 0
    for block in blocks:
        samples = block.samples * stereo.gains[:, None]
        if is_wide:
            # Not at the top: scipy.signal takes longer to import than most songs need of it.
            from scipy.signal import oaconvolve

            echo = _make_echo(block.sample_rate)
            tail = np.zeros((1, len(echo) - 1), np.float32) if history is None else history
            extended = np.concatenate([tail, block.samples], axis=1)
            history = extended[:, extended.shape[1] - (len(echo) - 1) :]
            at = (start + np.arange(block.frames)) / block.sample_rate / CELL_SECONDS - 0.5
            width = np.interp(at, np.arange(len(stereo.width)), stereo.width)
            side = oaconvolve(extended[0], echo)[len(echo) - 1 : len(echo) - 1 + block.frames] * width
            samples = samples + np.stack([side, -side])
            start += block.frames
        yield block.with_samples(samples.astype(np.float32))


def _make_echo(sample_rate: int) -> Curve:
    """Velvet noise: one tap of random sign in each of many equal intervals, so its spectrum is flat."""
    generator = np.random.default_rng(0)
    first, last = (round(seconds * sample_rate) for seconds in ECHO_SECONDS)
    echo: Curve = np.zeros(last)
    interval = (last - first) / ECHO_TAPS
    for tap in range(ECHO_TAPS):
        echo[int(first + (tap + generator.random()) * interval)] = generator.choice((-1.0, 1.0))
    echo /= np.sqrt(ECHO_TAPS)
    return echo
