"""Train the shallow diffusion of a so-vits voice: a network that tells which noise was put into its mel spectra.

J. Ho et al., “Denoising diffusion probabilistic models”, NeurIPS 2020; J. Liu et al., “DiffSinger”, AAAI 2022. The
files are those of so-vits-svc 4.1, with the mel spectra of its vocoder, NSF-HiFiGAN at 44.1 kHz.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from librosa.filters import mel
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.models.mel_diffusion import DiffusionShape, MelDiffusion
from vc_core.progress import Progress, silent
from vc_core.training.adversarial import on_cpu
from vc_core.training.base import Clips, Product, Trainer
from vc_core.training.diffusion_settings import DiffusionSettings
from vc_core.training.so_vits_batches import chance
from vc_core.training.so_vits_config import HOP, RATE, SPECTRUM, read_template
from vc_core.training.so_vits_features import Hearing, load_features, prepare_features
from vc_core.training.so_vits_recordings import hold_out

MODEL_FILE, CONFIG_FILE = "diffusion.safetensors", "diffusion_config.json"
MELS, LOW_HZ, HIGH_HZ, QUIETEST = 128, 40, 16_000, 1e-5
HIDDEN = 256
DRAWING = 6
"""Which chance is meant."""


@dataclass(frozen=True)
class Clip:
    content: Tensor
    hertz: Tensor
    loudness: Tensor
    mels: Tensor
    speaker: Tensor


def read_clip(path: Path) -> Clip:
    """What is kept of it, with the mel spectra of the vocoder and the level around each hop."""
    features = load_features(path)
    sound, hops = features["audio"], len(features["f0"])
    beyond = SPECTRUM - HOP
    padded = functional.pad(sound[:, None], (beyond // 2, beyond // 2), mode="reflect")[:, 0]
    spectrum = torch.stft(
        padded, SPECTRUM, HOP, window=torch.hann_window(SPECTRUM), center=False, return_complex=True
    ).abs()[0]
    bands = mel(sr=RATE, n_fft=SPECTRUM, n_mels=MELS, fmin=LOW_HZ, fmax=HIGH_HZ)
    around = functional.pad(sound[:, None].square(), (HOP // 2, HOP // 2), mode="reflect")[0, 0, : hops * HOP]
    return Clip(
        features["content"],
        features["f0"],
        around.reshape(hops, HOP).mean(1).sqrt(),
        torch.log((torch.from_numpy(bands) @ spectrum).clamp_min(QUIETEST)),
        features["spk"],
    )


def excerpts_of(clips: Sequence[Clip], count: int, hops: int, generator: np.random.Generator) -> Clip:
    """Of clips chosen by their length, all equally long; zeros follow where a clip ends before."""
    lengths = np.array([len(clip.hertz) for clip in clips], float)
    rows = []
    for at in generator.choice(len(clips), size=count, p=lengths / lengths.sum()):
        clip = clips[at]
        start = int(generator.integers(max(0, len(clip.hertz) - hops) + 1))
        missing = max(0, hops - len(clip.hertz))
        parts = (clip.content, clip.hertz, clip.loudness, clip.mels)
        rows.append([*(functional.pad(part[..., start : start + hops], (0, missing)) for part in parts), clip.speaker])
    return Clip(*(torch.stack(column) for column in zip(*rows, strict=True)))


def begin_weights(network: MelDiffusion) -> None:
    """As DiffWave begins: loud within, and with nothing said at the end."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv1d):
            nn.init.kaiming_normal_(layer.weight)
    nn.init.zeros_(network.decoder.denoise_fn.output_projection.weight)


class DiffusionTrainer(Trainer):
    def __init__(
        self,
        learned: Sequence[Clip],
        held_out: Sequence[Clip],
        settings: DiffusionSettings,
        *,
        speakers: int,
        device: str = "cpu",
    ) -> None:
        self._learned, self._held_out, self._settings = learned, held_out, settings
        self._speakers, self._device = speakers, torch.device(device)
        shape = DiffusionShape(
            heard_width=len(learned[0].content),
            mels=MELS,
            channels=settings.channels,
            hidden=HIDDEN,
            layers=settings.layers,
            speakers=speakers if speakers > 1 else 0,
        )
        with torch.random.fork_rng():
            torch.manual_seed(settings.seed)
            self.network = MelDiffusion(shape)
            begin_weights(self.network)
        self.network.to(self._device)
        self._optimiser = torch.optim.AdamW(self.network.parameters(), settings.learning_rate)

    def step(self) -> dict[str, float]:
        loss = self._loss(self._learned, chance(self._settings.seed, DRAWING, self.steps_done))
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self.steps_done += 1
        return {"noise": loss.item()}

    def _loss(self, clips: Sequence[Clip], generator: np.random.Generator) -> Tensor:
        """How wrong it is about the noise; 1 is what it costs to say that there is none."""
        count, hops = self._settings.batch_size, round(self._settings.excerpt_seconds * RATE / HOP)
        excerpts = excerpts_of(clips, count, hops, generator)
        diffusion = self.network.decoder
        steps = torch.from_numpy(generator.integers(self._settings.deepest, size=count)).to(self._device)
        noise = torch.from_numpy(generator.standard_normal((count, MELS, hops), np.float32)).to(self._device)
        low, high = diffusion.spec_min.transpose(1, 2), diffusion.spec_max.transpose(1, 2)
        clean = (excerpts.mels.to(self._device) - low) / (high - low) * 2 - 1
        kept = torch.cumprod(1 - diffusion.betas, 0)[steps][:, None, None]
        noisy = kept.sqrt() * clean + (1 - kept).sqrt() * noise
        parts = (excerpts.content, excerpts.hertz, excerpts.loudness)
        content, hertz, loudness = (part.to(self._device) for part in parts)
        condition = self.network.condition(content, hertz, loudness, [])
        if self.network.spk_embed is not None:
            condition = condition + self.network.spk_embed(excerpts.speaker.to(self._device))[..., None]
        return functional.mse_loss(diffusion.denoise_fn(noisy, steps.float(), condition), noise)

    def state(self) -> dict[str, Any]:
        state = {
            "steps_done": self.steps_done,
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        return dict(on_cpu(state))

    def restore(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])

    @torch.no_grad()
    def score(self) -> float:
        """The loss on what was held out, at the same places with the same noise each time."""
        return float(self._loss(self._held_out, chance(0, DRAWING, 0)))

    def samples(self) -> dict[str, Audio]:
        """None: to be heard it needs a voice and a vocoder."""
        return {}

    def export(self, folder: Path) -> Product:
        tensors = {name: value.cpu().contiguous().clone() for name, value in self.network.state_dict().items()}
        save_file(tensors, folder / MODEL_FILE)
        settings = self._settings
        config = {"model": {"n_spk": self._speakers, "k_step_max": settings.deepest, "timesteps": 1000}}
        (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2))
        return Product("so-vits diffusion", RATE, settings={"for": settings.template})


def prepare_diffusion(
    clips: Clips, settings: DiffusionSettings, folder: Path, device: str = "cpu", progress: Progress = silent
) -> DiffusionTrainer:
    speakers = {name: number for number, name in enumerate(sorted(clips.folders))}
    hearing = Hearing(read_template(settings.template)["model"]["ssl_dim"], settings.pitch_method, device)
    recordings = hold_out(prepare_features(clips, speakers, hearing, folder, progress=progress), folder)
    learned, held_out = (
        [read_clip(path) for path in paths] for paths in (recordings.all_learned, recordings.all_held_out)
    )
    if not any((clip.hertz > 0).any() for clip in learned):
        raise UserError("No voice was heard in these recordings. Choose some in which somebody sings or speaks.")
    return DiffusionTrainer(learned, held_out, settings, speakers=len(speakers), device=device)
