"""Spectrogram as a picture, with a logarithmic frequency axis."""

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from vc_core.files.reading import AudioFile

COLUMNS, ROWS = 900, 220
FFT_SAMPLES = 4096
WINDOW = np.hanning(FFT_SAMPLES)
LOWEST_HZ, HIGHEST_HZ = 50.0, 20_000.0
SPAN_DB = 90.0
"""Levels this far below full scale are black."""

COLOURS = np.array(
    [(8, 10, 24), (36, 28, 84), (20, 84, 130), (13, 148, 136), (132, 204, 140), (253, 240, 180)], np.float64
)
"""Colour map from silence to full scale; brightness increases, so that it also works in grey."""


def draw_spectrogram(file: AudioFile, target: Path) -> Path:
    """Write a PNG of fixed size; memory use does not depend on the recording's length."""
    frames = file.frames or sum(block.frames for block in file.blocks())
    columns = min(COLUMNS, max(1, frames // 64))
    starts = np.linspace(0, max(0, frames - FFT_SAMPLES), columns).astype(int)
    levels = np.full((columns, ROWS), -SPAN_DB)
    buffer = np.zeros(0, np.float32)
    buffer_start = column = 0
    for block in file.blocks():
        buffer = np.concatenate([buffer, block.to_mono().samples[0]])
        while column < columns and starts[column] + FFT_SAMPLES <= buffer_start + len(buffer):
            first = starts[column] - buffer_start
            levels[column] = _measure_levels_db(buffer[first : first + FFT_SAMPLES], file.sample_rate)
            column += 1
        consumed = min(len(buffer), max(0, starts[column] - buffer_start)) if column < columns else len(buffer)
        buffer, buffer_start = buffer[consumed:], buffer_start + consumed
    if column < columns:  # shorter than one spectrum
        padded = np.pad(buffer, (0, max(0, FFT_SAMPLES - len(buffer))))
        levels[column:] = _measure_levels_db(padded[:FFT_SAMPLES], file.sample_rate)
    Image.fromarray(_apply_colour_map(levels)).resize((COLUMNS, ROWS)).save(target)
    return target


def _measure_levels_db(samples: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float64]:
    """Peak level of each row's frequency band in dBFS; array of shape (rows,), spaced logarithmically."""
    spectrum = np.abs(np.fft.rfft(samples * WINDOW)) * 4 / FFT_SAMPLES
    bands, is_above = _place_bands(sample_rate)
    loudest = np.maximum.reduceat(np.append(spectrum, 0.0), bands)[::2]
    loudest[is_above] = 0.0
    return np.asarray(20 * np.log10(loudest + 1e-9))


@functools.cache
def _place_bands(sample_rate: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The first bin of each row's band and the one behind its last, in turn; and which rows are above Nyquist."""
    bins = FFT_SAMPLES // 2 + 1
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1) * FFT_SAMPLES / sample_rate
    first = np.minimum(edges[:-1].round().astype(int), bins - 1)
    last = np.minimum(np.maximum(first + 1, edges[1:].round().astype(int)), bins)
    return np.stack([first, last], axis=1).ravel(), edges[:-1] > bins


def _apply_colour_map(levels: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Image of shape (rows, columns, 3) from levels of shape (columns, rows)."""
    position = np.clip(1 + levels.T[::-1] / SPAN_DB, 0.0, 1.0) * (len(COLOURS) - 1)
    steps = np.arange(len(COLOURS))
    return np.stack([np.interp(position, steps, COLOURS[:, channel]) for channel in range(3)], axis=-1).astype(np.uint8)
