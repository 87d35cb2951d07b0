"""Mel-spectrogram diffusion conditioned on content features, F0 and loudness; sampled with DPM-Solver++.

The denoiser is that of DiffWave (Z. Kong et al., ICLR 2021) as DiffSinger has it (J. Liu et al., AAAI 2022); shallow
diffusion, which starts from a rough spectrogram instead of noise, is DiffSinger's too. The sampler is DPM-Solver++
(C. Lu et al., 2022), second order, multistep. The tensor names are those of so-vits-svc 4.1's checkpoints.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

FIRST_ORDER_BELOW_STEPS = 10
"""With fewer sampling steps the last one is of first order, which is more stable."""


@dataclass(frozen=True)
class DiffusionShape:
    content_width: int
    mels: int
    channels: int
    hidden: int
    layers: int
    steps: int = 1000
    speakers: int = 0
    has_shift: bool = False
    range_width: int = 1


class DenoiserLayer(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.dilated_conv = nn.Conv1d(channels, 2 * channels, 3, padding=1)
        self.diffusion_projection = nn.Linear(channels, channels)
        self.conditioner_projection = nn.Conv1d(hidden, 2 * channels, 1)
        self.output_projection = nn.Conv1d(channels, 2 * channels, 1)

    def forward(self, inner: Tensor, condition: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        mixed = self.dilated_conv(inner + self.diffusion_projection(step)[..., None])
        gate, value = (mixed + self.conditioner_projection(condition)).chunk(2, dim=1)
        residual, skip = self.output_projection(torch.sigmoid(gate) * torch.tanh(value)).chunk(2, dim=1)
        return (inner + residual) / sqrt(2.0), skip


class Denoiser(nn.Module):
    def __init__(self, shape: DiffusionShape) -> None:
        super().__init__()
        channels = shape.channels
        self.input_projection = nn.Conv1d(shape.mels, channels, 1)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.Mish(), nn.Linear(4 * channels, channels))
        self.residual_layers = nn.ModuleList(DenoiserLayer(channels, shape.hidden) for _ in range(shape.layers))
        self.skip_projection = nn.Conv1d(channels, channels, 1)
        self.output_projection = nn.Conv1d(channels, shape.mels, 1)

    def forward(self, mel: Tensor, step: Tensor, condition: Tensor) -> Tensor:
        """The noise in a mel of shape (B, mels, frames), at diffusion steps of shape (B,)."""
        inner = functional.relu(self.input_projection(mel))
        step_embedding = self.mlp(_embed_step(step, inner.shape[1]))
        skips = torch.zeros_like(inner)
        for layer in self.residual_layers:
            inner, skip = layer(inner, condition, step_embedding)
            skips = skips + skip
        together = self.skip_projection(skips / sqrt(len(self.residual_layers)))
        noise: Tensor = self.output_projection(functional.relu(together))
        return noise


class Diffusion(nn.Module):
    def __init__(self, shape: DiffusionShape) -> None:
        super().__init__()
        self.denoise_fn = Denoiser(shape)
        self.register_buffer("betas", torch.linspace(1e-4, 0.02, shape.steps))
        self.register_buffer("spec_min", torch.full((1, 1, shape.range_width), -12.0))
        self.register_buffer("spec_max", torch.full((1, 1, shape.range_width), 2.0))
        self.betas: Tensor
        self.spec_min: Tensor
        self.spec_max: Tensor


class MelDiffusion(nn.Module):
    def __init__(self, shape: DiffusionShape) -> None:
        super().__init__()
        self.unit_embed = nn.Linear(shape.content_width, shape.hidden)
        self.f0_embed, self.volume_embed = nn.Linear(1, shape.hidden), nn.Linear(1, shape.hidden)
        self.aug_shift_embed = nn.Linear(1, shape.hidden, bias=False) if shape.has_shift else None
        self.spk_embed = nn.Embedding(shape.speakers, shape.hidden) if shape.speakers else None
        self.decoder = Diffusion(shape)

    def encode_condition(
        self, content: Tensor, hertz: Tensor, loudness: Tensor, speakers: list[tuple[int, float]]
    ) -> Tensor:
        """Content (1, content width, frames), F0 and loudness (1, frames), weighted speakers: (1, hidden, frames)."""
        condition: Tensor = self.unit_embed(content.transpose(1, 2)) + self.volume_embed(loudness[..., None])
        condition = condition + self.f0_embed(torch.log(1 + hertz / 700)[..., None])
        if self.spk_embed is not None:
            for number, weight in speakers:
                condition = condition + weight * self.spk_embed.weight[number]
        return condition.transpose(1, 2)

    def refine_mel(self, mel: Tensor, condition: Tensor, noise: Tensor, *, depth: int, speedup: int) -> Tensor:
        """Shallow diffusion: adds `depth` steps of noise to a log mel (1, mels, frames), and removes it again."""
        low, high = self.decoder.spec_min.transpose(1, 2), self.decoder.spec_max.transpose(1, 2)
        scaled = (mel - low) / (high - low) * 2 - 1
        log_alphas = torch.log(torch.cumprod(1 - self.decoder.betas.double(), 0)[:depth]) / 2

        def denoise(noisy: Tensor, step: float) -> Tensor:
            return self.decoder.denoise_fn(noisy, noisy.new_full((1,), step), condition)  # type: ignore[no-any-return]

        sampled = sample_dpm_solver(denoise, scaled, noise, log_alphas, max(1, len(log_alphas) // speedup))
        return (sampled + 1) / 2 * (high - low) + low


def sample_dpm_solver(
    denoise: Callable[[Tensor, float], Tensor], clean: Tensor, noise: Tensor, log_alphas: Tensor, steps: int
) -> Tensor:
    """Noise a clean mel up to the last of `log_alphas`, and denoise it again in `steps` of DPM-Solver++(2M)."""
    positions = torch.linspace(len(log_alphas) - 1, 0, steps + 1, dtype=torch.float64)
    whole = positions.long().clamp(max=max(0, len(log_alphas) - 2))
    after = (whole + 1).clamp(max=len(log_alphas) - 1)
    log_alpha = torch.lerp(log_alphas[whole], log_alphas[after], (positions - whole).to(log_alphas))
    alphas, sigmas = log_alpha.exp(), torch.sqrt(-torch.expm1(2 * log_alpha))
    log_snrs = (alphas / sigmas).log()
    mel = (alphas[0] * clean + sigmas[0] * noise).to(clean)
    last: Tensor | None = None
    for at in range(steps):
        predicted = (mel - sigmas[at].float() * denoise(mel, float(positions[at]))) / alphas[at].float()
        step = log_snrs[at + 1] - log_snrs[at]
        target = predicted
        if last is not None and (at + 1 < steps or steps >= FIRST_ORDER_BELOW_STEPS):
            target = predicted + (step / (2 * (log_snrs[at] - log_snrs[at - 1]))).float() * (predicted - last)
        kept, added = sigmas[at + 1] / sigmas[at], -alphas[at + 1] * torch.expm1(-step)
        mel, last = kept.float() * mel + added.float() * target, predicted
    return mel


def _embed_step(step: Tensor, width: int) -> Tensor:
    """Sinusoidal embedding of diffusion steps: (B,) to (B, width)."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half, device=step.device) * (-log(10_000) / max(1, half - 1)))
    angles = step[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)
