"""DDSP source-filter decoder of the instant engine: a network sets the filters of a harmonic source and a noise source.

A pulse train at the target F0 and noise each pass a filter that changes every 10 ms (after J. Engel et al., “DDSP:
Differentiable digital signal processing”, ICLR 2020). Only the pulses carry the F0, so the pitch is exact, and the
filters are curves over frequency, so that one network serves every sample rate.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.models.content_encoder import CONTENT_UNITS, FRAMES_PER_SECOND

CURVE_POINTS = 96
"""Points of each filter's frequency response, evenly spaced on the mel scale."""
HIGHEST_HZ = 22_050.0
CURVE_POINTS_HZ = 700 * np.expm1(np.linspace(0, np.log1p(HIGHEST_HZ / 700), CURVE_POINTS))
SPEAKER_EMBEDDING_SIZE = 64
"""Dimensions of the speaker embedding; the tensors that hold it are called `code` in the files."""
LOWEST_LOG_GAIN, HIGHEST_LOG_GAIN = -12.0, 5.0
Curve = npt.NDArray[np.float64]


class ResidualBlock(nn.Module):
    """Causal, so that live conversion needs no look-ahead for it."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.wide = nn.Conv1d(width, width, 3, dilation=dilation)
        self.code = nn.Linear(SPEAKER_EMBEDDING_SIZE, 2 * width)
        self.narrow = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor, speaker_embedding: Tensor) -> Tensor:
        scale, shift = self.code(speaker_embedding)[:, :, None].chunk(2, dim=1)
        normal = functional.layer_norm(x.transpose(1, 2), x.shape[1:2]).transpose(1, 2)
        past = functional.pad(normal * (1 + scale) + shift, (2 * self.wide.dilation[0], 0))
        added: Tensor = self.narrow(functional.gelu(self.wide(past)))
        return x + added


class Decoder(nn.Module):
    """Predicts the log frequency responses of both filters, for pulses and for noise, at each frame."""

    def __init__(self, width: int = 256, dilations: tuple[int, ...] = (1, 2, 4, 1, 2)) -> None:
        super().__init__()
        self.code = nn.Parameter(torch.zeros(SPEAKER_EMBEDDING_SIZE))
        self.first = nn.Conv1d(CONTENT_UNITS + 4, width, 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(width, dilation) for dilation in dilations)
        self.last = nn.Conv1d(width, 2 * CURVE_POINTS, 1)

    @property
    def last_bias(self) -> Tensor:
        """Of both log responses, what is the same in every frame; shape (2 * CURVE_POINTS,)."""
        assert self.last.bias is not None
        return self.last.bias

    def forward(self, units: Tensor, hertz: Tensor, energy: Tensor, speaker_embedding: Tensor | None = None) -> Tensor:
        """(batch, frames, CONTENT_UNITS) and twice (batch, frames) to (batch, 2, frames, CURVE_POINTS).

        `hertz` is 0 in unvoiced frames; `energy` is the log power of the level-normalised audio.
        """
        embedding = self.code if speaker_embedding is None else speaker_embedding
        embedding = embedding.expand(len(units), SPEAKER_EMBEDDING_SIZE)
        features = torch.cat([units.transpose(1, 2), compute_prosody(hertz, energy)], 1)
        x = self.first(features)
        for block in self.blocks:
            x = block(x, embedding)
        curves: Tensor = self.last(functional.gelu(x))
        return curves.reshape(len(x), 2, CURVE_POINTS, -1).transpose(2, 3).clamp(LOWEST_LOG_GAIN, HIGHEST_LOG_GAIN)


def compute_prosody(hertz: Tensor, energy: Tensor) -> Tensor:
    """Four features of each frame, as dimension 1, from F0 and log energy."""
    voiced = (hertz > 0).to(energy.dtype)
    pitch = torch.log2(hertz.clamp_min(1.0) / 200) * voiced
    return torch.stack([voiced, pitch, energy / 4, energy.exp().sqrt()], 1)


def compute_hop(sample_rate: int) -> int:
    """Samples from one frame to the next."""
    if sample_rate % FRAMES_PER_SECOND:
        raise ValueError(f"at {sample_rate} Hz a frame is no whole number of samples")
    return sample_rate // FRAMES_PER_SECOND


def compute_phase_cycles(hertz: Curve, sample_rate: int) -> Curve:
    """Phase in periods at each sample, from the F0 at each sample."""
    return np.cumsum(hertz / sample_rate)


def synthesise_pulses(hertz: Curve, cycles: Curve, sample_rate: int) -> Curve:
    """Band-limited pulse train: all harmonics up to the Nyquist frequency in closed form, with a power density of 1.

    The highest harmonic fades in and out as the F0 moves. Where `hertz` is 0 there is silence.
    """
    pitch = np.maximum(hertz, 20.0)
    count = 0.49 * sample_rate / pitch
    whole = np.floor(count)
    phase = 2 * np.pi * (cycles - np.round(cycles))
    half_sine = np.sin(phase / 2)
    is_pole = np.abs(half_sine) < 1e-6
    kernel = np.sin((whole + 0.5) * phase) / np.where(is_pole, 1.0, 2 * half_sine) - 0.5
    kernel = np.where(is_pole, whole, kernel) + (count - whole) * np.cos((whole + 1) * phase)
    return np.where(hertz > 0, kernel * np.sqrt(4 * pitch / sample_rate), 0.0)


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # what a converter has cached must serve training, too
def compute_bin_weights(sample_rate: int, fft_size: int, formant_ratio: float = 1.0) -> Tensor:
    """Weights of shape (CURVE_POINTS, fft_size // 2 + 1) that interpolate a curve at the FFT bins."""
    mels = 2595 * np.log10(1 + np.arange(fft_size // 2 + 1) * sample_rate / fft_size / formant_ratio / 700)
    positions = np.clip(mels / (2595 * np.log10(1 + HIGHEST_HZ / 700)) * (CURVE_POINTS - 1), 0, CURVE_POINTS - 1)
    weights = np.maximum(0.0, 1 - np.abs(positions[None] - np.arange(CURVE_POINTS)[:, None]))
    return torch.from_numpy(weights.astype(np.float32))


def apply_filters(source: Tensor, curves: Tensor, sample_rate: int, formant_ratio: float = 1.0) -> Tensor:
    """Time-varying filtering by overlap-add: source (batch, samples), log responses (batch, frames, CURVE_POINTS).

    Windows of two hops are centred on their frames and overlap by half.
    """
    hop = compute_hop(sample_rate)
    fft_size = 2 ** (4 * hop - 1).bit_length()
    window = torch.hann_window(2 * hop)
    windows = functional.pad(source, (hop, hop)).unfold(1, 2 * hop, hop)[:, : curves.shape[1]] * window
    magnitude = torch.exp(curves @ compute_bin_weights(sample_rate, fft_size, formant_ratio))
    response = torch.polar(magnitude, curves @ compute_phase_weights(sample_rate, fft_size, formant_ratio))
    filtered = torch.fft.irfft(torch.fft.rfft(windows, fft_size) * response, fft_size)
    samples = (curves.shape[1] - 1) * hop + fft_size
    summed = functional.fold(filtered.transpose(1, 2), (1, samples), (1, fft_size), stride=(1, hop))[:, 0, 0]
    return summed[:, hop : hop + source.shape[1]]


@lru_cache(maxsize=16)
@torch.inference_mode(False)
def compute_phase_weights(sample_rate: int, fft_size: int, formant_ratio: float = 1.0) -> Tensor:
    """Weights that give the minimum phase of a curve, by the cepstral method.

    Log magnitude to minimum phase is linear, so the phase of each point is computed beforehand.
    """
    cepstrum = torch.fft.irfft(compute_bin_weights(sample_rate, fft_size, formant_ratio).double(), fft_size)
    cepstrum[:, 1 : fft_size // 2] *= 2
    cepstrum[:, fft_size // 2 + 1 :] = 0
    phase: Tensor = torch.fft.rfft(cepstrum, fft_size).imag.float()
    return phase


def render(curves: Tensor, sources: Tensor, sample_rate: int, formant_ratio: float = 1.0) -> Tensor:
    """Pulses and noise (batch, 2, samples) through their curves (batch, 2, frames, CURVE_POINTS): (batch, samples)."""
    filtered = apply_filters(sources.flatten(0, 1), curves.flatten(0, 1), sample_rate, formant_ratio)
    return filtered.reshape(sources.shape).sum(1)
