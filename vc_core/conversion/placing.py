"""Where a voice stands between the loudspeakers, and how wide: measured in the song, and given to the new voice.

The new voice is one sound, so what is wide in the song (reverb, doubled lines) is made of it anew: its own echo, thinly
scattered over some milliseconds, added to one side and taken from the other. Heard in mono it is gone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio, Samples

CELL_SECONDS = 0.5
WIDEST = 1.0
"""The sides are never stronger than the middle."""
ECHO_SECONDS, ECHO_TAPS = (0.002, 0.018), 24
Curve = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Placement:
    gains: npt.NDArray[np.float32]
    """Of what is alike in all channels, for each channel."""
    width: npt.NDArray[np.float32]
    """How strong the rest of the sides is beside the middle, in each `CELL_SECONDS`."""


class Placer:
    """Listens to a song's channels block by block."""

    def __init__(self) -> None:
        self._cells: list[Curve] = []
        self._rest: Samples = np.zeros((0, 0), np.float32)

    def middle(self, blocks: Iterable[Audio]) -> Iterator[Audio]:
        """The mean of the channels, while they pass by."""
        for block in blocks:
            heard = np.concatenate([self._rest, block.samples], axis=1) if self._rest.size else block.samples
            size = round(CELL_SECONDS * block.sample_rate)
            whole = heard.shape[1] // size * size
            self._cells += [_products(heard[:, start : start + size]) for start in range(0, whole, size)]
            self._rest = heard[:, whole:].copy()
            yield block.mono()

    def placement(self) -> Placement:
        cells = np.stack([*self._cells, _products(self._rest)])
        gains = cells[:, 1].sum(0) / max(cells[:, 0].sum() / cells.shape[2], 1e-18)
        if cells.shape[2] != 2:
            return Placement(gains.astype(np.float32), np.zeros(len(cells), np.float32))
        middle, crossed, own = cells[:, 0, 0], cells[:, 1], cells[:, 2]
        # What is left of each channel when the middle's share is taken out; half of it is the sides'.
        rest = (own - 2 * gains * crossed + gains**2 * middle[:, None]).mean(1)
        audible = middle > 1e-5 * middle.max(initial=0.0)
        width = np.sqrt(np.maximum(rest, 0.0) / np.where(audible, np.maximum(middle, 1e-18), np.inf))
        return Placement(gains.astype(np.float32), np.minimum(width, WIDEST).astype(np.float32))


def _products(cell: Samples) -> Curve:
    """Sums over a cell for each channel: the middle's power, its product with the channel, and the channel's power."""
    channels = cell.astype(np.float64)
    middle = channels.mean(0) if len(channels) else np.zeros(0)
    return np.stack([np.full(len(channels), middle @ middle), channels @ middle, (channels**2).sum(1)])


def placed(pieces: Iterable[Audio], placement: Placement) -> Iterator[Audio]:
    """Consecutive pieces of one voice, on as many channels as the song had."""
    is_wide = len(placement.gains) == 2 and bool(placement.width.max(initial=0.0) > 1e-3)
    before: Samples | None = None
    start = 0
    for piece in pieces:
        samples = piece.samples * placement.gains[:, None]
        if is_wide:
            # Not at the top: scipy.signal takes longer to import than most songs need of it.
            from scipy.signal import oaconvolve

            echo = _echo(piece.sample_rate)
            tail = np.zeros((1, len(echo) - 1), np.float32) if before is None else before
            heard = np.concatenate([tail, piece.samples], axis=1)
            before = heard[:, heard.shape[1] - (len(echo) - 1) :]
            at = (start + np.arange(piece.frames)) / piece.sample_rate / CELL_SECONDS - 0.5
            width = np.interp(at, np.arange(len(placement.width)), placement.width)
            sides = oaconvolve(heard[0], echo)[len(echo) - 1 : len(echo) - 1 + piece.frames] * width
            samples = samples + np.stack([sides, -sides])
            start += piece.frames
        yield piece.with_samples(samples.astype(np.float32))


def _echo(sample_rate: int) -> Curve:
    """Single frames of either sign, one in each of many equal stretches: it has no colour of its own."""
    generator = np.random.default_rng(0)
    first, last = (round(seconds * sample_rate) for seconds in ECHO_SECONDS)
    echo: Curve = np.zeros(last)
    stretch = (last - first) / ECHO_TAPS
    for tap in range(ECHO_TAPS):
        echo[int(first + (tap + generator.random()) * stretch)] = generator.choice((-1.0, 1.0))
    echo /= np.sqrt(ECHO_TAPS)
    return echo
