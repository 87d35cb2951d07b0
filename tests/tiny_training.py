"""A fast training method for tests: linear prediction of each sample from the previous ones.

As a script it is a worker process with this method registered.
"""

import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from vc_core.audio import Audio
from vc_core.files.reading import read_audio
from vc_core.signal.pitch import estimate_pitch, measure_pitch_range
from vc_core.training import TRAINING_METHODS, TrainingEngine
from vc_core.training.base import Clips, PrepareTrainer, TrainedModel, Trainer

ORDER, WINDOWS = 32, 64


@dataclass(frozen=True)
class TinySettings:
    steps: int = 60
    seed: int = 0
    rate: float = 0.01
    pause_seconds: float = 0.0
    """After each step, so that a test has time to interfere."""
    pauses_until: str = ""
    """A file; once it exists there are no more pauses."""
    last_step_waits_for: str = ""
    """A file without which the training does not end, so that a slow browser cannot miss it."""
    ballast: int = 0
    """Numbers that make the checkpoint larger."""


class TinyTrainer(Trainer):
    def __init__(self, sound: torch.Tensor, held_out: Audio, settings: TinySettings, clips: int) -> None:
        self.sound, self.held_out, self.settings = sound, held_out, settings
        self.steps_per_epoch = clips
        self.model = torch.nn.Linear(ORDER, 1, bias=False)
        self.optimizer = torch.optim.Adam(self.model.parameters(), settings.rate)
        self.draws = torch.Generator().manual_seed(settings.seed)
        self.ballast = torch.zeros(settings.ballast)

    def step(self) -> dict[str, float]:
        starts = torch.randint(len(self.sound) - ORDER - 1, (WINDOWS,), generator=self.draws)
        windows = self.sound[starts[:, None] + torch.arange(ORDER + 1)]
        # Torch's global generator is used too, so that a test notices if its state isn't restored.
        noisy = windows[:, :ORDER] + 0.01 * torch.randn(WINDOWS, ORDER)
        loss = ((self.model(noisy)[:, 0] - windows[:, ORDER]) ** 2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.steps_done += 1
        if not (self.settings.pauses_until and Path(self.settings.pauses_until).exists()):
            time.sleep(self.settings.pause_seconds)
        gate = self.settings.last_step_waits_for
        while gate and self.steps_done == self.settings.steps - 1 and not Path(gate).exists():
            time.sleep(0.05)
        return {"loss": loss.item()}

    def state_dict(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "draws": self.draws.get_state(),
            "noise": torch.get_rng_state(),
            "steps_done": self.steps_done,
            "ballast": self.ballast,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.draws.set_state(state["draws"])
        torch.set_rng_state(state["noise"])
        self.steps_done = state["steps_done"]

    def score_held_out(self) -> float:
        torch.randn(100)  # a score may well use random numbers
        wave = self.held_out.samples[0]
        return float(np.mean((self._predict() - wave[ORDER:]) ** 2) / np.mean(wave**2))

    def render_samples(self) -> dict[str, Audio]:
        return {"held-out": self.held_out.with_samples(self._predict()[None].copy())}

    def _predict(self) -> np.ndarray:
        with torch.inference_mode():
            return self.model(torch.from_numpy(self.held_out.samples[0].copy()).unfold(0, ORDER, 1))[:-1, 0].numpy()

    def export(self, folder: Path) -> TrainedModel:
        save_file({"filter": self.model.weight.detach().clone()}, folder / "tiny.safetensors")
        reach = measure_pitch_range(estimate_pitch(self.held_out))
        return TrainedModel("tiny", self.held_out.sample_rate, reach)


def prepare_tiny(clips: Clips, settings: TinySettings, folder: Path, device: str, progress: Any) -> TinyTrainer:
    sounds = []
    for at, path in enumerate(clips.all):
        progress(at / len(clips.all), path.name)
        sounds.append(read_audio(path).resample(16_000).samples[0])
    (folder / "prepared").touch()
    held_out = Audio(sounds[-1][None, -16_000:], 16_000)
    return TinyTrainer(torch.from_numpy(np.concatenate(sounds)), held_out, settings, len(clips.all))


def register() -> None:
    def load(settings: TinySettings, device: str) -> PrepareTrainer:
        return lambda clips, folder, progress: prepare_tiny(clips, settings, folder, device, progress)

    TRAINING_METHODS["tiny"] = TrainingEngine("tiny", "Tiny", load, "For tests.", settings=TinySettings)


def main(folder: str, home: str = "", largest_file: int = 0) -> None:
    """Run the worker with this method registered, and optionally with a limit on the size of files."""
    from vc_core.training import __main__ as worker

    if home:
        os.environ["VOICE_STUDIO_HOME"] = home
    if largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    register()
    sys.exit(worker.main(Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1])
