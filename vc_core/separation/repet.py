"""A preview that needs no model: what repeats is the accompaniment, what doesn't is the voice (REPET-SIM).

After Z. Rafii and B. Pardo, “Music/voice separation using the similarity matrix”, ISMIR 2012. Each moment
is compared with the most similar other moments; what they share is taken for the music. In stereo, voices
are also expected in the middle. A trained model does far better.
"""

import librosa
import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.separation.base import Separator, Stems
from vc_core.slicing import Windows

FFT_FRAMES = 4096
HOP_FRAMES = 1024
SIMILAR_MOMENTS = 10
APART_SECONDS = 1.0
"""Moments nearer than this are alike anyway, and say nothing of repetition."""
VOICE_FLOOR_HZ = 120.0
MUSIC_MARGIN = 0.5
"""Below 1, doubtful sound goes to the voice: a preview should rather let through than mute."""
COMPARED_HZ = 8_000.0

Magnitudes = npt.NDArray[np.float32]
"""Shape (channels, bins, moments)."""


class Repet(Separator):
    stem_names = ("vocals", "accompaniment")
    # Long windows, since there must be time for something to repeat in.
    windows = Windows(seconds=20.0, context_seconds=5.0, fade_seconds=0.5)

    def split(self, piece: Audio) -> Stems:
        padded = np.pad(piece.samples, ((0, 0), (0, max(0, FFT_FRAMES - piece.frames))))
        spectrum = librosa.stft(padded, n_fft=FFT_FRAMES, hop_length=HOP_FRAMES)
        magnitudes = np.abs(spectrum)
        alike = _similar_moments(magnitudes.mean(axis=0), piece.sample_rate)
        repeated = np.minimum(_median_over(magnitudes, alike), magnitudes)
        voice = magnitudes - repeated
        share = np.sqrt(voice**2 / (voice**2 + (MUSIC_MARGIN * repeated) ** 2 + 1e-12))
        if piece.channels == 2:
            share *= _middle_share(spectrum)
        share[:, : round(VOICE_FLOOR_HZ * FFT_FRAMES / piece.sample_rate)] = 0.0
        vocals = librosa.istft(spectrum * share, n_fft=FFT_FRAMES, hop_length=HOP_FRAMES, length=piece.frames)
        return {
            "vocals": piece.with_samples(vocals.astype(np.float32)),
            "accompaniment": piece.with_samples(piece.samples - vocals.astype(np.float32)),
        }


def _similar_moments(magnitudes: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.intp]:
    """For each moment, the indices of the others that sound most like it."""
    shape = np.log1p(10 * magnitudes[: round(COMPARED_HZ * FFT_FRAMES / sample_rate)])
    shape -= shape.mean(axis=0)
    shape /= np.linalg.norm(shape, axis=0) + 1e-9
    likeness = shape.T @ shape
    moments = len(likeness)
    at = np.arange(moments)
    likeness[np.abs(at[:, None] - at) < APART_SECONDS * sample_rate / HOP_FRAMES] = -1.0
    taken = min(SIMILAR_MOMENTS, moments)
    return np.argpartition(-likeness, taken - 1, axis=1)[:, :taken]


def _median_over(magnitudes: Magnitudes, moments: npt.NDArray[np.intp]) -> Magnitudes:
    result = np.empty_like(magnitudes)
    for start in range(0, len(moments), 128):  # in parts: all of it at once would be ten times the window
        here = slice(start, start + 128)
        result[:, :, here] = np.median(magnitudes[:, :, moments[here]], axis=3)
    return result


def _middle_share(spectrum: npt.NDArray[np.complex64]) -> Magnitudes:
    """How much both sides agree at each point, from 0 to 1."""
    left, right = spectrum
    both = np.abs(left) ** 2 + np.abs(right) ** 2 + 1e-12
    agreement = np.clip(2 * np.real(left * np.conj(right)) / both, 0.0, 1.0)
    return np.asarray(agreement**2, np.float32)
