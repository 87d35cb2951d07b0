"""What a tiny so-vits training needs in tests: clips that were heard already, made of a few tones, and its settings."""

from pathlib import Path

import numpy as np
import torch

from vc_core.training.so_vits import SoVitsTrainer
from vc_core.training.so_vits_config import HOP, RATE, config_of
from vc_core.training.so_vits_features import Features
from vc_core.training.so_vits_recordings import hold_out
from vc_core.training.so_vits_settings import SoVitsSettings
from vc_core.training.so_vits_spectra import mels_of, spectrum_of

SEGMENT_HOPS = 8
"""So much of a clip is made sound in a step."""
TINY = SoVitsSettings(start="scratch", batch_size=2, width=0.06, judges=1, keep_ckpts=0, learning_rate=1e-3)


def tone_features(seed: int, hops: int = 40, speaker: int = 0, width: int = 768) -> Features:
    """A tone with overtones, and what is “said” in it, which is random."""
    generator = np.random.default_rng(seed)
    hertz = np.linspace(150, 200, hops) * generator.uniform(0.8, 1.5)
    phase = 2 * np.pi * np.cumsum(np.repeat(hertz, HOP)) / RATE
    sound = torch.from_numpy(sum(np.sin(n * phase) / n for n in (1, 2, 3)).astype(np.float32) * 0.2)[None]
    spectrum = spectrum_of(sound)
    return {
        "spec": spectrum[0],
        "mel_spec": mels_of(spectrum)[0],
        "f0": torch.from_numpy(hertz).float(),
        "uv": torch.ones(hops),
        "content": torch.from_numpy(generator.standard_normal((width, hops)).astype(np.float32)),
        "audio": sound,
        "spk": torch.tensor(speaker),
    }


def write_features(folder: Path, count: int = 5, width: int = 768) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{at}.data.pt" for at in range(count)]
    for at, path in enumerate(paths):
        torch.save(tone_features(at, hops=36 + 4 * at, width=width), path)
    return paths


def tiny_trainer(folder: Path, settings: SoVitsSettings = TINY, clips: int = 5) -> SoVitsTrainer:
    config = config_of(settings, ["singer"])
    config["train"]["segment_size"] = SEGMENT_HOPS * HOP
    config["model"]["n_layers"] = 2
    paths = write_features(folder / "singer", clips, config["model"]["ssl_dim"])
    return SoVitsTrainer(hold_out({"singer": paths}, folder), settings, config)
