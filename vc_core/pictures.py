"""Sound as a picture: time from left to right, pitch from low to high, loudness as brightness."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from vc_core.reading import AudioFile

COLUMNS, ROWS = 900, 220
FFT_FRAMES = 4096
LOWEST_HZ, HIGHEST_HZ = 50.0, 20_000.0
SPAN_DB = 90.0
"""What is so far below full scale is black."""

COLOURS = np.array(
    [(8, 10, 24), (36, 28, 84), (20, 84, 130), (13, 148, 136), (132, 204, 140), (253, 240, 180)], np.float64
)
"""From silence to full scale, each plainly lighter than the one before, so that it also works in grey."""


def draw_spectrogram(file: AudioFile, target: Path) -> Path:
    """A PNG of a fixed size, whatever the length of the sound; memory doesn't depend on that either."""
    frames = file.frames or sum(block.frames for block in file.blocks())
    columns = min(COLUMNS, max(1, frames // 64))
    starts = np.linspace(0, max(0, frames - FFT_FRAMES), columns).astype(int)
    levels = np.full((columns, ROWS), -SPAN_DB)
    heard = np.zeros(0, np.float32)
    begin = at = 0
    for block in file.blocks():
        heard = np.concatenate([heard, block.mono().samples[0]])
        while at < columns and starts[at] + FFT_FRAMES <= begin + len(heard):
            first = starts[at] - begin
            levels[at] = _levels_db(heard[first : first + FFT_FRAMES], file.sample_rate)
            at += 1
        kept = min(len(heard), max(0, starts[at] - begin)) if at < columns else len(heard)
        heard, begin = heard[kept:], begin + kept
    if at < columns:  # a sound shorter than one spectrum
        levels[at:] = _levels_db(np.pad(heard, (0, max(0, FFT_FRAMES - len(heard))))[:FFT_FRAMES], file.sample_rate)
    Image.fromarray(_coloured(levels)).resize((COLUMNS, ROWS)).save(target)
    return target


def _levels_db(samples: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float64]:
    """How loud each row's band is against full scale; rows are spaced as the ear hears."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(FFT_FRAMES))) * 4 / FFT_FRAMES
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1) * FFT_FRAMES / sample_rate
    first = np.minimum(edges[:-1].round().astype(int), len(spectrum) - 1)
    last = np.maximum(first + 1, edges[1:].round().astype(int))
    loudest = np.array([spectrum[low:high].max(initial=0.0) for low, high in zip(first, last, strict=True)])
    loudest[edges[:-1] > len(spectrum)] = 0.0  # above what the sample rate can hold
    return np.asarray(20 * np.log10(loudest + 1e-9))


def _coloured(levels: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    share = np.clip(1 + levels.T[::-1] / SPAN_DB, 0.0, 1.0) * (len(COLOURS) - 1)
    steps = np.arange(len(COLOURS))
    return np.stack([np.interp(share, steps, COLOURS[:, part]) for part in range(3)], axis=-1).astype(np.uint8)
