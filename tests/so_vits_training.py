"""Fixtures of a tiny so-vits training: cached features of synthetic tones, and settings."""

from pathlib import Path

import numpy as np
import torch

from vc_core.training.so_vits.config import HOP_SAMPLES, SAMPLE_RATE, build_config
from vc_core.training.so_vits.features import Features
from vc_core.training.so_vits.settings import SoVitsSettings
from vc_core.training.so_vits.spectra import compute_log_mel, compute_spectrum
from vc_core.training.so_vits.split import split_held_out
from vc_core.training.so_vits.trainer import SoVitsTrainer

SEGMENT_FRAMES = 8
"""The segment that is synthesised in a step."""
TINY = SoVitsSettings(start="scratch", batch_size=2, width=0.06, judges=1, keep_ckpts=0, learning_rate=1e-3)


def tone_features(seed: int, frames: int = 40, speaker: int = 0, width: int = 768) -> Features:
    """A tone with overtones and random content features."""
    generator = np.random.default_rng(seed)
    hertz = np.linspace(150, 200, frames) * generator.uniform(0.8, 1.5)
    phase = 2 * np.pi * np.cumsum(np.repeat(hertz, HOP_SAMPLES)) / SAMPLE_RATE
    sound = torch.from_numpy(sum(np.sin(n * phase) / n for n in (1, 2, 3)).astype(np.float32) * 0.2)[None]
    spectrum = compute_spectrum(sound)
    return {
        "spec": spectrum[0],
        "mel_spec": compute_log_mel(spectrum)[0],
        "f0": torch.from_numpy(hertz).float(),
        "uv": torch.ones(frames),
        "content": torch.from_numpy(generator.standard_normal((width, frames)).astype(np.float32)),
        "audio": sound,
        "spk": torch.tensor(speaker),
    }


def write_features(folder: Path, count: int = 5, width: int = 768) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{at}.data.pt" for at in range(count)]
    for at, path in enumerate(paths):
        torch.save(tone_features(at, frames=36 + 4 * at, width=width), path)
    return paths


def tiny_trainer(folder: Path, settings: SoVitsSettings = TINY, clips: int = 5) -> SoVitsTrainer:
    config = build_config(settings, ["singer"])
    config["train"]["segment_size"] = SEGMENT_FRAMES * HOP_SAMPLES
    config["model"]["n_layers"] = 2
    paths = write_features(folder / "singer", clips, config["model"]["ssl_dim"])
    return SoVitsTrainer(split_held_out({"singer": paths}, folder), settings, config)
