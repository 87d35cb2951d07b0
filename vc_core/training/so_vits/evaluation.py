"""Held-out evaluation of a so-vits voice: mel distance, and samples of held-out clips, also to another melody."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vc_core.audio import Audio
from vc_core.training.so_vits.batches import crop_features
from vc_core.training.so_vits.config import HOP_SAMPLES, SAMPLE_RATE
from vc_core.training.so_vits.features import Features, load_features
from vc_core.training.so_vits.network import synthesise
from vc_core.training.so_vits.spectra import compute_log_mel, compute_spectrum

MAX_SECONDS = 6.0
MELODY = (0, 2, 4, 7, 4, 0)
"""In semitones around the singer's median pitch."""
NOTE_SECONDS, SPEAKING_RATE = 0.6, 0.6
VIBRATO_CENTS, VIBRATO_HZ = 25.0, 5.5
SAMPLE_RMS = 0.1


class HeldOutEvaluation:
    def __init__(self, held_out: Sequence[Path]) -> None:
        self._clips = [choose_excerpt(load_features(path)) for path in held_out]

    def measure_distance(self, generator: nn.Module) -> float:
        """Mean absolute difference of log-mel spectra."""
        differences = []
        for clip in self._clips:
            log_mel = compute_log_mel(compute_spectrum(synthesise_clip(generator, clip)[None]))[0]
            differences.append((log_mel - clip["mel_spec"]).abs().flatten())
        return float(torch.cat(differences).mean())

    def render_samples(self, generator: nn.Module) -> dict[str, Audio]:
        first = self._clips[0]
        sounds = {"phrase": synthesise_clip(generator, first)}
        if (first["uv"] > 0).any():
            sounds["song"] = synthesise_clip(generator, apply_melody(first))
        return {name: _normalise_rms(sound) for name, sound in sounds.items()}


def choose_excerpt(clip: Features) -> Features:
    """Crop a clip to the excerpt with the most voiced frames."""
    frames = round(MAX_SECONDS * SAMPLE_RATE / HOP_SAMPLES)
    voiced = np.concatenate([[0.0], np.cumsum(clip["uv"].numpy())])
    start = int(np.argmax(voiced[frames:] - voiced[:-frames])) if len(voiced) > frames + 1 else 0
    return crop_features(clip, start, start + frames)


def synthesise_clip(generator: nn.Module, clip: Features) -> Tensor:
    """Resynthesise a clip with its own length, as samples of shape (N,)."""
    return synthesise(generator, clip["content"], clip["f0"], clip["uv"], int(clip["spk"]))[: clip["audio"].shape[1]]


def apply_melody(clip: Features) -> Features:
    """Stretch a clip's content over long notes of a melody around its median pitch."""
    notes = np.repeat(MELODY, round(NOTE_SECONDS * SAMPLE_RATE / HOP_SAMPLES)) - np.mean(MELODY)
    at = np.arange(len(notes)) * HOP_SAMPLES / SAMPLE_RATE
    cents = 100 * notes + VIBRATO_CENTS * np.sin(2 * np.pi * VIBRATO_HZ * at)
    voiced = clip["uv"] > 0
    first = int(voiced.int().argmax())
    frames = np.minimum(first + np.arange(len(notes)) * SPEAKING_RATE, len(voiced) - 1).astype(int)
    median_hz = float(clip["f0"][voiced].median())
    hertz = torch.from_numpy(median_hz * 2 ** (cents / 1200)).float()
    silence = torch.zeros(1, len(notes) * HOP_SAMPLES)
    return clip | {"content": clip["content"][:, frames], "f0": hertz, "uv": clip["uv"][frames], "audio": silence}


def _normalise_rms(sound: Tensor) -> Audio:
    rms = float(sound.square().mean().sqrt())
    return Audio((sound * SAMPLE_RMS / max(rms, 1e-6)).clamp(-1, 1).numpy()[None], SAMPLE_RATE)
