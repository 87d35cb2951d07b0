"""Speaker embedding of the timbre and voice similarity: small and coarse.

The embedding is the mean mel cepstrum of voiced frames, so loudness, melody and words hardly change it. A sentence is
about 2 dB from the embedding of its own speaker and 9 dB from another's; siblings, and speech far higher than usual,
lie between.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import dct
from scipy.ndimage import uniform_filter1d

from vc_core.audio import Audio, resample_blocks
from vc_core.signal.pitch import Pitch

EMBEDDING_SETTING = "voice_print"
"""Key in the card's settings: the speaker embedding of the training recordings."""
SAMPLE_RATE, WINDOW_SAMPLES, HOP_SAMPLES = 16_000, 512, 160
BANDS, EMBEDDING_SIZE = 40, 20
BAND_EDGES_HZ = (80.0, 7_000.0)
SMOOTHING_FRAMES = 3
FLOOR = 1e-7
"""Relative to the mean power of a frame."""
SAME_DB, STRANGER_DB = 2.3, 8.9
"""Median distance of a sentence from its own speaker's embedding and from those of others (12 speakers)."""

Values = npt.NDArray[np.float64]


def compute_speaker_embedding(blocks: Iterable[Audio], pitch: Pitch) -> tuple[float, ...] | None:
    """Of consecutive blocks; None if no frame is voiced."""
    total, voiced_frames, buffer, first = np.zeros(EMBEDDING_SIZE), 0, np.zeros(0, np.float32), 0
    for block in resample_blocks((block.to_mono() for block in blocks), SAMPLE_RATE):
        buffer = np.concatenate([buffer, block.samples[0]])
        count = max(0, (len(buffer) - WINDOW_SAMPLES) // HOP_SAMPLES + 1)
        centres = ((first + np.arange(count)) * HOP_SAMPLES + WINDOW_SAMPLES / 2) / SAMPLE_RATE
        nearest = np.minimum(np.round(centres / pitch.hop_seconds).astype(int), pitch.frames - 1)
        voiced = np.flatnonzero(pitch.voiced[nearest])
        total += _compute_cepstra(buffer[voiced[:, None] * HOP_SAMPLES + np.arange(WINDOW_SAMPLES)]).sum(axis=0)
        voiced_frames += len(voiced)
        buffer, first = buffer[count * HOP_SAMPLES :], first + count
    return tuple(round(float(value), 3) for value in total / voiced_frames) if voiced_frames else None


def compute_voiced_cepstra(audio: Audio, pitch: Pitch) -> Values:
    """Smoothed mel cepstra of the voiced frames, shape (frames, EMBEDDING_SIZE)."""
    samples = np.pad(audio.to_mono().resample(SAMPLE_RATE).samples[0], (0, WINDOW_SAMPLES))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)[::HOP_SAMPLES]
    cepstra = uniform_filter1d(_compute_cepstra(frames), SMOOTHING_FRAMES, axis=0)
    nearest = np.minimum(
        np.round(np.arange(len(cepstra)) * HOP_SAMPLES / SAMPLE_RATE / pitch.hop_seconds).astype(int), pitch.frames - 1
    )
    return np.asarray(cepstra[pitch.voiced[nearest]])


def compute_distance_db(one: Sequence[float], other: Sequence[float]) -> float:
    return float(np.linalg.norm(np.subtract(one, other)))


def compute_similarity(one: Sequence[float], other: Sequence[float]) -> float:
    """1: as similar as two recordings of one speaker; 0: as two different speakers."""
    return float(np.clip((STRANGER_DB - compute_distance_db(one, other)) / (STRANGER_DB - SAME_DB), 0.0, 1.0))


def read_speaker_embedding(settings: Mapping[str, Any]) -> tuple[float, ...] | None:
    """The embedding in a card's settings; None if it is missing or invalid, since cards are untrusted."""
    stored = settings.get(EMBEDDING_SETTING)
    if not isinstance(stored, list | tuple) or len(stored) != EMBEDDING_SIZE:
        return None
    if not all(isinstance(value, int | float) and abs(value) < 1e3 for value in stored):
        return None
    return tuple(map(float, stored))


def _compute_cepstra(frames: npt.NDArray[np.float32]) -> Values:
    """In decibels, so that Euclidean distance is that of the smoothed spectra; without the level coefficient."""
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW_SAMPLES), axis=1)) ** 2 @ _MEL_FILTERS
    levels = 10 * np.log10(power + FLOOR * power.mean(axis=1, keepdims=True) + 1e-20)
    return np.asarray(dct(levels, axis=1, norm="ortho")[:, 1 : EMBEDDING_SIZE + 1] / np.sqrt(BANDS))


def _compute_mel_filters() -> Values:
    lowest, highest = (float(2595 * np.log10(1 + edge / 700)) for edge in BAND_EDGES_HZ)
    mels = np.linspace(lowest, highest, BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    hertz = np.arange(WINDOW_SAMPLES // 2 + 1)[:, None] * SAMPLE_RATE / WINDOW_SAMPLES
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(weights / np.maximum(weights.sum(axis=0), 1e-9))


_MEL_FILTERS = _compute_mel_filters()
