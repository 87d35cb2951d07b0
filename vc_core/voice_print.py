"""The colour of a voice as a few numbers, and how alike two voices are: small, and coarse.

It is the mean of the mel cepstrum over voiced moments, so loudness, melody and words hardly move it. A sentence is
about 2 dB from the print of its own speaker, and 9 dB from a stranger's; siblings, and speech far higher than usual,
lie between.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import dct
from scipy.ndimage import uniform_filter1d

from vc_core.audio import Audio, resample_blocks
from vc_core.pitch import Pitch

SETTING = "voice_print"
"""Under this name a voice's card keeps the print of the recordings it was trained on."""
RATE, FRAME, HOP = 16_000, 512, 160
BANDS, SIZE = 40, 20
BAND_EDGES_HZ = (80.0, 7_000.0)
SMOOTHED_HOPS = 3
FLOOR = 1e-7
"""Beside a moment's mean power: what is weaker counts as nothing."""
SAME_DB, STRANGER_DB = 2.3, 8.9
"""How far apart sentences are from their own speaker's print and from others', in the median (12 speakers)."""

Numbers = npt.NDArray[np.float64]


def voice_print(blocks: Iterable[Audio], pitch: Pitch) -> tuple[float, ...] | None:
    """Of consecutive blocks; none if nothing in them is voiced."""
    total, moments, held, at = np.zeros(SIZE), 0, np.zeros(0, np.float32), 0
    for block in resample_blocks((block.mono() for block in blocks), RATE):
        held = np.concatenate([held, block.samples[0]])
        count = max(0, (len(held) - FRAME) // HOP + 1)
        middles = ((at + np.arange(count)) * HOP + FRAME / 2) / RATE
        nearest = np.minimum(np.round(middles / pitch.hop_seconds).astype(int), pitch.frames - 1)
        voiced = np.flatnonzero(pitch.voiced[nearest])
        total += _cepstra(held[voiced[:, None] * HOP + np.arange(FRAME)]).sum(axis=0)
        moments += len(voiced)
        held, at = held[count * HOP :], at + count
    return tuple(round(float(value), 3) for value in total / moments) if moments else None


def voiced_moments(audio: Audio, pitch: Pitch) -> Numbers:
    """How each voiced moment sounds, shape (moments, numbers); of the same pace and start as the pitch."""
    samples = np.pad(audio.mono().resampled(RATE).samples[0], (0, FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    cepstra = uniform_filter1d(_cepstra(frames), SMOOTHED_HOPS, axis=0)
    nearest = np.minimum(
        np.round(np.arange(len(cepstra)) * HOP / RATE / pitch.hop_seconds).astype(int), pitch.frames - 1
    )
    return np.asarray(cepstra[pitch.voiced[nearest]])


def distance_db(one: Sequence[float], other: Sequence[float]) -> float:
    return float(np.linalg.norm(np.subtract(one, other)))


def likeness(one: Sequence[float], other: Sequence[float]) -> float:
    """1: as alike as two recordings of one speaker; 0: like two strangers."""
    return float(np.clip((STRANGER_DB - distance_db(one, other)) / (STRANGER_DB - SAME_DB), 0.0, 1.0))


def print_in(settings: Mapping[str, Any]) -> tuple[float, ...] | None:
    """The print that a card keeps; cards come from anywhere, so anything else is no print."""
    kept = settings.get(SETTING)
    if not isinstance(kept, list | tuple) or len(kept) != SIZE:
        return None
    if not all(isinstance(value, int | float) and abs(value) < 1e3 for value in kept):
        return None
    return tuple(map(float, kept))


def _cepstra(frames: npt.NDArray[np.float32]) -> Numbers:
    """In decibels, so that the distance of two is that of their smoothed spectra; without the level."""
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)) ** 2 @ _BANDS
    levels = 10 * np.log10(power + FLOOR * power.mean(axis=1, keepdims=True) + 1e-20)
    return np.asarray(dct(levels, axis=1, norm="ortho")[:, 1 : SIZE + 1] / np.sqrt(BANDS))


def _bands() -> Numbers:
    lowest, highest = (float(2595 * np.log10(1 + edge / 700)) for edge in BAND_EDGES_HZ)
    mels = np.linspace(lowest, highest, BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    hertz = np.arange(FRAME // 2 + 1)[:, None] * RATE / FRAME
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(weights / np.maximum(weights.sum(axis=0), 1e-9))


_BANDS = _bands()
