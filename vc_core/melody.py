"""The notes that are surely sung, heard in spite of what a separation leaves of the music.

A soft bass under a voice misleads methods that look for the lowest tone. So each moment is compared with itself a
little later: the shortest time after which it repeats is the period of what is loudest, and that is the voice.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio, resample_blocks
from vc_core.pitch import Pitch, without_octave_errors
from vc_core.progress import Progress, silent

RATE = 16_000
HOP_SECONDS = 0.02
LOWEST_HZ, HIGHEST_HZ = 55.0, 1_100.0
COMPARED_SECONDS = 0.03
SURE = 0.8
"""How alike a moment and the one a period later must be."""
NEARLY_THE_BEST = 0.94
"""After two periods sound repeats as well as after one, so the first that is about as good is taken."""
SOFT_DB = 15.0
"""Moments so far below the loud ones are left out: there, what is left of the music is not soft beside the voice."""

Values = npt.NDArray[np.float32]


def surely_sung(
    blocks: Iterable[Audio], *, frames: int | None = None, progress: Progress = silent, sample_rate: int = RATE
) -> Pitch:
    """Every 20 ms; 0 hertz where nothing is sung, or it is not sure what. `frames` of `sample_rate` is the whole."""
    hertz, sureness, levels = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    heard = 0
    for moments in _moments(resample_blocks((block.mono() for block in blocks), RATE)):
        progress(min(1.0, heard * HOP_SECONDS * sample_rate / frames) if frames else 0.0, "Notes")
        found = _periods(moments)
        hertz.append(found[0])
        sureness.append(found[1])
        levels.append(10 * np.log10((moments.astype(np.float64) ** 2).mean(axis=1) + 1e-10))
        heard += len(moments)
    level = np.concatenate(levels)
    loud = np.percentile(level[level > level.max(initial=-100.0) - 40.0], 90) if len(level) else 0.0
    sure, notes = np.concatenate(sureness), np.concatenate(hertz)
    taken = (sure >= SURE) & (level > loud - SOFT_DB)
    pitch = Pitch(np.where(taken, notes, 0.0).astype(np.float32), sure.astype(np.float32), HOP_SECONDS)
    return without_octave_errors(pitch)


def _moments(blocks: Iterable[Audio]) -> Iterator[Values]:
    """Each with the time after it in which it may repeat; some seconds of them at once."""
    length, hop = round(COMPARED_SECONDS * RATE) + _longest(), round(HOP_SECONDS * RATE)
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block.samples[0]])
        if len(held) >= length:
            moments = np.lib.stride_tricks.sliding_window_view(held, length)[::hop]
            yield moments
            held = held[len(moments) * hop :]


def _longest() -> int:
    return round(RATE / LOWEST_HZ) + 1


def _periods(moments: Values) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The pitch of each, and how alike it is to itself one period later."""
    longest, compared = _longest(), moments.shape[1] - _longest()
    size = 1 << (moments.shape[1] + compared - 1).bit_length()
    first = np.fft.rfft(moments[:, :compared], size)
    together = np.fft.irfft(np.fft.rfft(moments, size) * first.conj(), size)[:, : longest + 1]
    energy = np.cumsum(np.pad(moments.astype(np.float64) ** 2, ((0, 0), (1, 0))), axis=1)
    energy = energy[:, compared : compared + longest + 1] - energy[:, : longest + 1]
    alike = together / np.sqrt(energy * energy[:, :1] + 1e-12)
    shortest = int(RATE / HIGHEST_HZ)
    middle = alike[:, shortest:-1]
    tops = (middle >= alike[:, shortest - 1 : -2]) & (middle > alike[:, shortest + 1 :])
    heights = np.where(tops, middle, 0.0)
    best = heights.max(axis=1)
    at = np.argmax(heights >= NEARLY_THE_BEST * np.maximum(best, 1e-9)[:, None], axis=1) + shortest
    rows = np.arange(len(alike))
    before, here, after = alike[rows, at - 1], alike[rows, at], alike[rows, at + 1]
    bend = before - 2 * here + after
    between = np.where(np.abs(bend) > 1e-9, 0.5 * (before - after) / np.where(bend == 0, 1.0, bend), 0.0)
    return RATE / (at + np.clip(between, -0.5, 0.5)), np.where(best > 0, here, 0.0)
