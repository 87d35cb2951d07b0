"""Draw a voice's mel spectrogram anew by diffusion, from what is said, the pitch and the loudness.

The denoiser is that of DiffWave (Z. Kong et al., ICLR 2021) as DiffSinger has it (J. Liu et al., AAAI 2022); shallow
diffusion, which starts from a rough spectrogram instead of noise, is DiffSinger's too. Steps are taken by
DPM-Solver++ (C. Lu et al., 2022), second order, multistep. The names are those of so-vits-svc 4.1's checkpoints.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

FEW_STEPS = 10
"""With fewer than these the last one is of first order, which is steadier."""


@dataclass(frozen=True)
class DiffusionShape:
    heard_width: int
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
        stirred = self.dilated_conv(inner + self.diffusion_projection(step)[..., None])
        gate, value = (stirred + self.conditioner_projection(condition)).chunk(2, dim=1)
        onward, aside = self.output_projection(torch.sigmoid(gate) * torch.tanh(value)).chunk(2, dim=1)
        return (inner + onward) / sqrt(2.0), aside


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
        """The noise in (batch, mels, frames), at steps of shape (batch,)."""
        inner = functional.relu(self.input_projection(mel))
        place = self.mlp(_place(step, inner.shape[1]))
        asides = torch.zeros_like(inner)
        for one in self.residual_layers:
            inner, aside = one(inner, condition, place)
            asides = asides + aside
        together = self.skip_projection(asides / sqrt(len(self.residual_layers)))
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
        self.unit_embed = nn.Linear(shape.heard_width, shape.hidden)
        self.f0_embed, self.volume_embed = nn.Linear(1, shape.hidden), nn.Linear(1, shape.hidden)
        self.aug_shift_embed = nn.Linear(1, shape.hidden, bias=False) if shape.has_shift else None
        self.spk_embed = nn.Embedding(shape.speakers, shape.hidden) if shape.speakers else None
        self.decoder = Diffusion(shape)

    def condition(self, heard: Tensor, hertz: Tensor, loudness: Tensor, singers: list[tuple[int, float]]) -> Tensor:
        """From (1, heard width, hops) and twice (1, hops) to (1, hidden, hops); singers come with their shares."""
        condition: Tensor = self.unit_embed(heard.transpose(1, 2)) + self.volume_embed(loudness[..., None])
        condition = condition + self.f0_embed(torch.log(1 + hertz / 700)[..., None])
        if self.spk_embed is not None:
            for number, share in singers:
                condition = condition + share * self.spk_embed.weight[number]
        return condition.transpose(1, 2)

    def drawn_anew(self, mel: Tensor, condition: Tensor, noise: Tensor, *, depth: int, speedup: int) -> Tensor:
        """A log mel of shape (1, mels, hops), sent `depth` steps back and led here again."""
        low, high = self.decoder.spec_min.transpose(1, 2), self.decoder.spec_max.transpose(1, 2)
        scaled = (mel - low) / (high - low) * 2 - 1
        lengths = torch.log(torch.cumprod(1 - self.decoder.betas.double(), 0)[:depth]) / 2

        def denoise(noisy: Tensor, step: float) -> Tensor:
            return self.decoder.denoise_fn(noisy, noisy.new_full((1,), step), condition)  # type: ignore[no-any-return]

        drawn = drawn_by_steps(denoise, scaled, noise, lengths, max(1, len(lengths) // speedup))
        return (drawn + 1) / 2 * (high - low) + low


def drawn_by_steps(
    denoise: Callable[[Tensor, float], Tensor], clean: Tensor, noise: Tensor, lengths: Tensor, steps: int
) -> Tensor:
    """Add noise up to the last of the diffusion's `lengths` (logarithms), and take it away in so many steps."""
    places = torch.linspace(len(lengths) - 1, 0, steps + 1, dtype=torch.float64)
    whole = places.long().clamp(max=max(0, len(lengths) - 2))
    after = (whole + 1).clamp(max=len(lengths) - 1)
    length = torch.lerp(lengths[whole], lengths[after], (places - whole).to(lengths))
    alphas, sigmas = length.exp(), torch.sqrt(-torch.expm1(2 * length))
    ratios = (alphas / sigmas).log()
    sound = (alphas[0] * clean + sigmas[0] * noise).to(clean)
    last: Tensor | None = None
    for at in range(steps):
        guessed = (sound - sigmas[at].float() * denoise(sound, float(places[at]))) / alphas[at].float()
        step = ratios[at + 1] - ratios[at]
        towards = guessed
        if last is not None and (at + 1 < steps or steps >= FEW_STEPS):
            towards = guessed + (step / (2 * (ratios[at] - ratios[at - 1]))).float() * (guessed - last)
        kept, added = sigmas[at + 1] / sigmas[at], -alphas[at + 1] * torch.expm1(-step)
        sound, last = kept.float() * sound + added.float() * towards, guessed
    return sound


def _place(step: Tensor, width: int) -> Tensor:
    """Sines and cosines of a step, as of a place in a sentence."""
    half = width // 2
    rates = torch.exp(torch.arange(half, device=step.device) * (-log(10_000) / max(1, half - 1)))
    angles = step[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
