"""Trainer of shallow diffusion for so-vits voices: a denoising diffusion model of mel spectrograms.

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
from vc_core.training.adversarial import move_to_cpu
from vc_core.training.base import Clips, TrainedModel, Trainer
from vc_core.training.mixed_precision import MixedPrecision
from vc_core.training.so_vits.batches import make_random_generator
from vc_core.training.so_vits.config import FFT_SIZE, HOP_SAMPLES, SAMPLE_RATE, read_template
from vc_core.training.so_vits.features import FeatureOptions, load_features, prepare_features
from vc_core.training.so_vits.settings import DiffusionSettings
from vc_core.training.so_vits.split import split_held_out
from vc_core.voices.diffusion_files import HIGH_HZ, LOW_HZ, MELS, MODEL_CONFIG_FILE
from vc_core.voices.so_vits_files import DIFFUSION_FILE

MEL_FLOOR = 1e-5
HIDDEN = 256
DRAW_STREAM = 6
"""Random stream, beside those of `batches` and `kmeans`."""


@dataclass(frozen=True)
class DiffusionClip:
    """Tensors of shape (width, T), (T,), (T,), (mels, T) and (); in a batch, B comes first."""

    content: Tensor
    hertz: Tensor
    loudness: Tensor
    mels: Tensor
    speaker: Tensor


def read_clip(path: Path) -> DiffusionClip:
    """Read cached features, and compute the vocoder's log-mel spectrogram and the RMS level of each frame."""
    features = load_features(path)
    sound, frames = features["audio"], len(features["f0"])
    padding = (FFT_SIZE - HOP_SAMPLES) // 2
    padded = functional.pad(sound[:, None], (padding, padding), mode="reflect")[:, 0]
    spectrum = torch.stft(
        padded, FFT_SIZE, HOP_SAMPLES, window=torch.hann_window(FFT_SIZE), center=False, return_complex=True
    ).abs()[0]
    bands = mel(sr=SAMPLE_RATE, n_fft=FFT_SIZE, n_mels=MELS, fmin=LOW_HZ, fmax=HIGH_HZ)
    half = HOP_SAMPLES // 2
    power = functional.pad(sound[:, None].square(), (half, half), mode="reflect")[0, 0, : frames * HOP_SAMPLES]
    return DiffusionClip(
        content=features["content"],
        hertz=features["f0"],
        loudness=power.reshape(frames, HOP_SAMPLES).mean(1).sqrt(),
        mels=torch.log((torch.from_numpy(bands) @ spectrum).clamp_min(MEL_FLOOR)),
        speaker=features["spk"],
    )


def draw_excerpts(
    clips: Sequence[DiffusionClip], count: int, frames: int, generator: np.random.Generator
) -> DiffusionClip:
    """Draw excerpts of equal length, with clips weighted by their length; shorter clips are zero-padded."""
    lengths = np.array([len(clip.hertz) for clip in clips], float)
    rows = []
    for at in generator.choice(len(clips), size=count, p=lengths / lengths.sum()):
        clip = clips[at]
        start = int(generator.integers(max(0, len(clip.hertz) - frames) + 1))
        padding = max(0, frames - len(clip.hertz))
        features = (clip.content, clip.hertz, clip.loudness, clip.mels)
        cropped = (functional.pad(one[..., start : start + frames], (0, padding)) for one in features)
        rows.append([*cropped, clip.speaker])
    return DiffusionClip(*(torch.stack(column) for column in zip(*rows, strict=True)))


def initialise_weights(network: MelDiffusion) -> None:
    """Initialise as DiffWave does: Kaiming normal, with a zero output projection."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv1d):
            nn.init.kaiming_normal_(layer.weight)
    nn.init.zeros_(network.decoder.denoise_fn.output_projection.weight)


class DiffusionTrainer(Trainer):
    def __init__(
        self,
        training: Sequence[DiffusionClip],
        held_out: Sequence[DiffusionClip],
        settings: DiffusionSettings,
        *,
        speakers: int,
        device: str = "cpu",
    ) -> None:
        self._training, self._held_out, self._settings = training, held_out, settings
        self._speakers, self._device = speakers, torch.device(device)
        shape = DiffusionShape(
            content_width=len(training[0].content),
            mels=MELS,
            channels=settings.channels,
            hidden=HIDDEN,
            layers=settings.layers,
            speakers=speakers if speakers > 1 else 0,
        )
        with torch.random.fork_rng():
            torch.manual_seed(settings.seed)
            self.network = MelDiffusion(shape)
            initialise_weights(self.network)
        self.network.to(self._device)
        self._optimiser = torch.optim.AdamW(self.network.parameters(), settings.learning_rate)
        self._precision = MixedPrecision(self._device)

    def step(self) -> dict[str, float]:
        generator = make_random_generator(self._settings.seed, DRAW_STREAM, self.steps_done)
        with self._precision.autocast():
            loss = self._loss(self._training, generator)
        self._precision.step(self._optimiser, loss)
        self.steps_done += 1
        return {"noise": loss.item()}

    def _loss(self, clips: Sequence[DiffusionClip], generator: np.random.Generator) -> Tensor:
        """Mean squared error of the predicted noise; 1 is the chance level of predicting none."""
        count, frames = self._settings.batch_size, round(self._settings.excerpt_seconds * SAMPLE_RATE / HOP_SAMPLES)
        excerpts = draw_excerpts(clips, count, frames, generator)
        diffusion = self.network.decoder
        steps = torch.from_numpy(generator.integers(self._settings.deepest, size=count)).to(self._device)
        noise = torch.from_numpy(generator.standard_normal((count, MELS, frames), np.float32)).to(self._device)
        low, high = diffusion.spec_min.transpose(1, 2), diffusion.spec_max.transpose(1, 2)
        clean = (excerpts.mels.to(self._device) - low) / (high - low) * 2 - 1
        signal_power = torch.cumprod(1 - diffusion.betas, 0)[steps][:, None, None]
        noisy = signal_power.sqrt() * clean + (1 - signal_power).sqrt() * noise
        features = (excerpts.content, excerpts.hertz, excerpts.loudness)
        content, hertz, loudness = (one.to(self._device) for one in features)
        condition = self.network.encode_condition(content, hertz, loudness, [])
        if self.network.spk_embed is not None:
            condition = condition + self.network.spk_embed(excerpts.speaker.to(self._device))[..., None]
        return functional.mse_loss(diffusion.denoise_fn(noisy, steps.float(), condition).float(), noise)

    def state_dict(self) -> dict[str, Any]:
        state = {
            "steps_done": self.steps_done,
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "scaler": self._precision.state_dict(),
        }
        return dict(move_to_cpu(state))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._precision.load_state_dict(state.get("scaler", {}))

    @torch.no_grad()
    def score_held_out(self) -> float:
        """The loss on fixed held-out excerpts with fixed noise."""
        return float(self._loss(self._held_out, make_random_generator(0, DRAW_STREAM, 0)))

    def render_samples(self) -> dict[str, Audio]:
        """No samples: they would need a voice and a vocoder."""
        return {}

    def export(self, folder: Path) -> TrainedModel:
        tensors = {name: value.cpu().contiguous().clone() for name, value in self.network.state_dict().items()}
        save_file(tensors, folder / DIFFUSION_FILE)
        settings = self._settings
        config = {"model": {"n_spk": self._speakers, "k_step_max": settings.deepest, "timesteps": 1000}}
        (folder / MODEL_CONFIG_FILE).write_text(json.dumps(config, indent=2))
        return TrainedModel("so-vits diffusion", SAMPLE_RATE, settings={"for": settings.template})


def prepare_diffusion(
    clips: Clips, settings: DiffusionSettings, folder: Path, device: str = "cpu", progress: Progress = silent
) -> DiffusionTrainer:
    speakers = {name: number for number, name in enumerate(sorted(clips.folders))}
    options = FeatureOptions(read_template(settings.template)["model"]["ssl_dim"], settings.pitch_method, device)
    features = split_held_out(prepare_features(clips, speakers, options, folder, progress=progress), folder)
    training, held_out = (
        [read_clip(path) for path in paths] for paths in (features.all_training, features.all_held_out)
    )
    if not any((clip.hertz > 0).any() for clip in training):
        raise UserError("No voice was heard in these recordings. Choose some in which somebody sings or speaks.")
    return DiffusionTrainer(training, held_out, settings, speakers=len(speakers), device=device)
