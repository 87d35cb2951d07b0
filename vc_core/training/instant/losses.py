"""Training excerpts, and the multi-resolution spectral loss of the decoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vc_core.device import autocast_bfloat16
from vc_core.models.ddsp import Decoder, compute_hop, render
from vc_core.voices.prepared_recording import PreparedRecording, make_excitation

FFT_SIZES = (256, 512, 1024, 2048)
MAGNITUDE_FLOOR = 1e-3
"""Of the level-normalised sound."""
WARM_UP_STEPS, WARM_UP_SHARE = 20, 0.1
"""Warm-up of the learning rate: the shorter of the two."""
MIN_LEARNING_RATE = 1e-6


@dataclass(frozen=True)
class Excerpts:
    """A batch: (B, T, units), (B, T), (B, T), (B, 2, samples), (B, samples), (B,), (B,)."""

    units: Tensor
    hertz: Tensor
    energy: Tensor
    sources: Tensor
    sound: Tensor
    bandwidth_hz: Tensor
    speakers: Tensor
    sample_rate: int


def draw_excerpts(
    speakers: Sequence[Sequence[PreparedRecording]], excerpts: int, frames: int, generator: np.random.Generator
) -> Excerpts:
    """Draw excerpts with uniformly random speakers."""
    rows = [_draw_excerpt(speakers, frames, generator) for _ in range(excerpts)]
    units, hertz, energy, sources, sound, bandwidth_hz, numbers = (torch.stack(c) for c in zip(*rows, strict=True))
    return Excerpts(units, hertz, energy, sources, sound, bandwidth_hz, numbers, speakers[0][0].sample_rate)


def _draw_excerpt(
    speakers: Sequence[Sequence[PreparedRecording]], frames: int, generator: np.random.Generator
) -> tuple[Tensor, ...]:
    """Draw the tensors of one excerpt, in the order of the fields of `Excerpts`."""
    speaker = int(generator.integers(len(speakers)))
    lengths = np.array([recording.frames for recording in speakers[speaker]], float)
    recording = speakers[speaker][generator.choice(len(lengths), p=lengths / lengths.sum())]
    hop = compute_hop(recording.sample_rate)
    start = int(generator.integers(0, max(1, recording.frames - frames - 1)))
    span, samples = slice(start, start + frames + 1), slice(start * hop, (start + frames) * hop)
    padding = frames + 1 - len(recording.hertz[span])
    augmentation = int(generator.integers(len(recording.units)))
    units = functional.pad(recording.units[augmentation, span], (0, 0, 0, padding))
    hertz, energy = functional.pad(recording.hertz[span], (0, padding)), recording.energy[augmentation, span]
    energy = functional.pad(energy, (0, padding), value=float(energy.min()))
    sound = functional.pad(recording.sound[samples], (0, frames * hop - len(recording.sound[samples])))
    sources = make_excitation(hertz, frames * hop, recording.sample_rate, generator)
    return units, hertz, energy, sources, sound, torch.tensor(recording.bandwidth_hz), torch.tensor(speaker)


def synthesise_excerpts(decoder: Decoder, excerpts: Excerpts, codes: Tensor | None = None) -> Tensor:
    """Synthesise sound of shape (B, samples): the network in mixed precision, the signal processing in float32."""
    with autocast_bfloat16("cpu"):
        curves = decoder(excerpts.units, excerpts.hertz, excerpts.energy, codes)
    return render(curves.float(), excerpts.sources, excerpts.sample_rate)


def schedule_learning_rate(highest: float, step: int, steps: int) -> float:
    """Warm-up and decay to the last step; steps are counted from 1."""
    left, rising = max(0.0, 1 - step / steps), max(1.0, min(WARM_UP_STEPS, WARM_UP_SHARE * steps))
    return float(highest * min(step / rising, 1.0) * left**0.7 + MIN_LEARNING_RATE)


def compute_spectral_loss(generated: Tensor, target: Tensor, bandwidth_hz: Tensor, sample_rate: int) -> Tensor:
    """Multi-resolution STFT loss below each bandwidth: log-magnitude distance and spectral convergence."""
    total = torch.zeros(())
    for size in FFT_SIZES:
        magnitudes, target_magnitudes = compute_magnitudes(torch.cat([generated, target]), size).chunk(2)
        mask = (torch.arange(size // 2 + 1) * sample_rate / size < bandwidth_hz[:, None])[:, None].float()
        share = mask.sum() / mask.numel()
        logarithms = (torch.log(one + MAGNITUDE_FLOOR) for one in (magnitudes, target_magnitudes))
        log_distance = torch.sub(*logarithms).abs() * mask
        error, norm = (
            ((one * mask) ** 2).sum((1, 2)).sqrt() for one in (magnitudes - target_magnitudes, target_magnitudes)
        )
        total = total + log_distance.mean() / share + 0.5 * (error / norm.clamp_min(1.0)).mean()
    return total / len(FFT_SIZES)


class _RealFft(torch.autograd.Function):
    """`rfft` with a faster gradient: torch computes it by a complex FFT of the full size, at three times the cost."""

    @staticmethod
    def forward(context: Any, frames: Tensor) -> Tensor:
        context.size = frames.shape[-1]
        spectrum: Tensor = torch.fft.rfft(frames)
        return spectrum

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        size: int = context.size
        halved = gradient * 0.5
        halved[..., 0], halved[..., -1] = gradient[..., 0], gradient[..., -1]
        whole: Tensor = torch.fft.irfft(halved, size) * size
        return whole


def compute_magnitudes(sound: Tensor, size: int) -> Tensor:
    """STFT magnitudes (B, T, bins) of sound (B, samples); white noise of power 1 gives 1 on average."""
    window = torch.hann_window(size)
    frames = sound.unfold(1, size, size // 3) * window
    spectrum = torch.view_as_real(_RealFft.apply(frames))  # type: ignore[no-untyped-call]
    power: Tensor = spectrum.square().sum(-1) / (window**2).sum()
    return (power + 1e-9).sqrt()
