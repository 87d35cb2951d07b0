"""REPET-SIM, vocal separation without a model: what repeats is the accompaniment, the rest is the voice.

After Z. Rafii and B. Pardo, “Music/voice separation using the similarity matrix”, ISMIR 2012. The
median over similar frames of a magnitude spectrogram estimates the accompaniment. In stereo, the voice is also expected
in the centre. A trained model does far better.
"""

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.separation.base import SeparationEngine, Separator, Stems
from vc_core.signal.windows import Windows

FFT_SIZE = 4096
HOP_SAMPLES = 1024
SIMILAR_FRAMES = 10
APART_SECONDS = 1.0
"""Frames nearer than this are always similar, so they are excluded."""
VOICE_FLOOR_HZ = 120.0
MUSIC_MARGIN = 0.5
"""Weight of the accompaniment in the mask; below 1, ambiguous bins go to the voice."""
COMPARED_HZ = 8_000.0

Magnitudes = npt.NDArray[np.float32]
"""Shape (channels, bins, frames)."""


class Repet(Separator):
    stem_names = ("vocals", "accompaniment")
    # Long windows, so that something repeats within them.
    windows = Windows(seconds=20.0, context_seconds=5.0, fade_seconds=0.5)

    def split(self, window: Audio) -> Stems:
        import librosa  # not at the top: it is slow to import

        padded = np.pad(window.samples, ((0, 0), (0, max(0, FFT_SIZE - window.frames))))
        spectrum = librosa.stft(padded, n_fft=FFT_SIZE, hop_length=HOP_SAMPLES)
        magnitudes = np.abs(spectrum)
        similar = _find_similar_frames(magnitudes.mean(axis=0), window.sample_rate)
        repeated = np.minimum(_compute_median_over(magnitudes, similar), magnitudes)
        voice = magnitudes - repeated
        mask = np.sqrt(voice**2 / (voice**2 + (MUSIC_MARGIN * repeated) ** 2 + 1e-12))
        if window.channels == 2:
            mask *= _compute_mid_mask(spectrum)
        mask[:, : round(VOICE_FLOOR_HZ * FFT_SIZE / window.sample_rate)] = 0.0
        vocals = librosa.istft(spectrum * mask, n_fft=FFT_SIZE, hop_length=HOP_SAMPLES, length=window.frames)
        return {
            "vocals": window.with_samples(vocals.astype(np.float32)),
            "accompaniment": window.with_samples(window.samples - vocals.astype(np.float32)),
        }


def _find_similar_frames(magnitudes: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.intp]:
    """Indices of the most similar frames by cosine similarity; shape (frames, SIMILAR_FRAMES)."""
    features = np.log1p(10 * magnitudes[: round(COMPARED_HZ * FFT_SIZE / sample_rate)])
    features -= features.mean(axis=0)
    features /= np.linalg.norm(features, axis=0) + 1e-9
    similarity = features.T @ features
    frames = len(similarity)
    at = np.arange(frames)
    similarity[np.abs(at[:, None] - at) < APART_SECONDS * sample_rate / HOP_SAMPLES] = -1.0
    count = min(SIMILAR_FRAMES, frames)
    return np.argpartition(-similarity, count - 1, axis=1)[:, :count]


def _compute_median_over(magnitudes: Magnitudes, frames: npt.NDArray[np.intp]) -> Magnitudes:
    result = np.empty_like(magnitudes)
    for start in range(0, len(frames), 128):  # in blocks: all at once would take ten times the memory of the window
        here = slice(start, start + 128)
        result[:, :, here] = np.median(magnitudes[:, :, frames[here]], axis=3)
    return result


def _compute_mid_mask(spectrum: npt.NDArray[np.complex64]) -> Magnitudes:
    """Mask of centre-panned bins, from 0 to 1: how far both channels agree."""
    left, right = spectrum
    both = np.abs(left) ** 2 + np.abs(right) ** 2 + 1e-12
    agreement = np.clip(2 * np.real(left * np.conj(right)) / both, 0.0, 1.0)
    return np.asarray(agreement**2, np.float32)


ENGINE = SeparationEngine(
    "repet",
    "Quick preview, no model",
    load=lambda options, device: Repet(),
    quality=2,
    guessed_speed=0.06,
    notice="A preview: it works without any model, and leaves some of the music in the vocals.",
)
