"""The decoder of the instant engine: a source and filters, as in a throat, and a network that sets the filters.

Pulses at the wanted pitch and noise each go through a filter that changes every 10 ms (after J. Engel et al., “DDSP:
Differentiable digital signal processing”, ICLR 2020). The pitch is in the pulses alone, so that it is exact, and the
filters are curves over frequency, so that one network serves every sample rate.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.models.units import MOMENTS_PER_SECOND, UNITS

POINTS = 96
"""Of each filter's curve, closer to each other the lower they lie."""
HIGHEST_HZ = 22_050.0
POINTS_HZ = 700 * np.expm1(np.linspace(0, np.log1p(HIGHEST_HZ / 700), POINTS))
CODE = 32
"""How many numbers say whose throat it is, beside the weights."""
LOWEST_LOG, HIGHEST_LOG = -12.0, 5.0
Curve = npt.NDArray[np.float64]


class Block(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.wide = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.code = nn.Linear(CODE, 2 * width)
        self.narrow = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        scale, shift = self.code(code)[:, :, None].chunk(2, dim=1)
        normal = functional.layer_norm(x.transpose(1, 2), x.shape[1:2]).transpose(1, 2)
        added: Tensor = self.narrow(functional.gelu(self.wide(normal * (1 + scale) + shift)))
        return x + added


class Decoder(nn.Module):
    """Sets the logarithms of both filters, for pulses and for noise, at each moment."""

    def __init__(self, width: int = 192, dilations: tuple[int, ...] = (1, 2, 4, 1, 2)) -> None:
        super().__init__()
        self.code = nn.Parameter(torch.zeros(CODE))
        self.first = nn.Conv1d(UNITS + 4, width, 3, padding=1)
        self.blocks = nn.ModuleList(Block(width, dilation) for dilation in dilations)
        self.last = nn.Conv1d(width, 2 * POINTS, 1)

    def forward(self, units: Tensor, hertz: Tensor, energy: Tensor, code: Tensor | None = None) -> Tensor:
        """(batch, moments, UNITS), and (batch, moments) twice, give (batch, 2, moments, POINTS).

        `hertz` is 0 where nothing is voiced; `energy` is the logarithm of the levelled sound's power.
        """
        code = (self.code if code is None else code).expand(len(units), CODE)
        voiced = (hertz > 0).to(units.dtype)
        pitch = torch.log2(hertz.clamp_min(1.0) / 200) * voiced
        heard = torch.cat([units.transpose(1, 2), torch.stack([voiced, pitch, energy / 4, energy.exp().sqrt()], 1)], 1)
        x = self.first(heard)
        for block in self.blocks:
            x = block(x, code)
        curves: Tensor = self.last(functional.gelu(x))
        return curves.reshape(len(x), 2, POINTS, -1).transpose(2, 3).clamp(LOWEST_LOG, HIGHEST_LOG)


def hop_of(rate: int) -> int:
    if rate % MOMENTS_PER_SECOND:
        raise ValueError(f"a rate of {rate} Hz has no whole number of frames in a moment")
    return rate // MOMENTS_PER_SECOND


def cycles(hertz: Curve, rate: int) -> Curve:
    """How many periods have gone by at each frame, from the pitch at each frame."""
    return np.cumsum(hertz / rate)


def pulses(hertz: Curve, cycle: Curve, rate: int) -> Curve:
    """All harmonics up to half the rate, equally strong, in one closed form; their power density is 1.

    The highest one comes and goes softly as the pitch moves. Where `hertz` is 0 there is silence.
    """
    pitch = np.maximum(hertz, 20.0)
    count = 0.49 * rate / pitch
    whole = np.floor(count)
    turn = 2 * np.pi * (cycle - np.round(cycle))
    half_sine = np.sin(turn / 2)
    near = np.abs(half_sine) < 1e-6
    kernel = np.sin((whole + 0.5) * turn) / np.where(near, 1.0, 2 * half_sine) - 0.5
    kernel = np.where(near, whole, kernel) + (count - whole) * np.cos((whole + 1) * turn)
    return np.where(hertz > 0, kernel * np.sqrt(4 * pitch / rate), 0.0)


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # what a converter has kept must serve a training, too
def points_to_bins(rate: int, size: int, formant_ratio: float = 1.0) -> Tensor:
    """Weights of shape (POINTS, size // 2 + 1) that draw a curve between its points."""
    mels = 2595 * np.log10(1 + np.arange(size // 2 + 1) * rate / size / formant_ratio / 700)
    places = np.clip(mels / (2595 * np.log10(1 + HIGHEST_HZ / 700)) * (POINTS - 1), 0, POINTS - 1)
    weights = np.maximum(0.0, 1 - np.abs(places[None] - np.arange(POINTS)[:, None]))
    return torch.from_numpy(weights.astype(np.float32))


def filtered(sound: Tensor, curves: Tensor, rate: int, formant_ratio: float = 1.0) -> Tensor:
    """`sound` (batch, moments · hop) through the filters of `curves` (batch, moments, POINTS).

    Moment k is the middle of the stretch that its filter shapes; stretches overlap by half.
    """
    hop = hop_of(rate)
    size = 2 ** (4 * hop - 1).bit_length()
    window = torch.hann_window(2 * hop)
    pieces = functional.pad(sound, (hop, hop)).unfold(1, 2 * hop, hop)[:, : curves.shape[1]] * window
    magnitude = torch.exp(curves @ points_to_bins(rate, size, formant_ratio))
    response = torch.polar(magnitude, curves @ points_to_phase(rate, size, formant_ratio))
    shaped = torch.fft.irfft(torch.fft.rfft(pieces, size) * response, size)
    frames = (curves.shape[1] - 1) * hop + size
    summed = functional.fold(shaped.transpose(1, 2), (1, frames), (1, size), stride=(1, hop))[:, 0, 0]
    return summed[:, hop : hop + sound.shape[1]]


@lru_cache(maxsize=16)
@torch.inference_mode(False)
def points_to_phase(rate: int, size: int, formant_ratio: float = 1.0) -> Tensor:
    """Weights that give a curve's minimum phase: of all filters of its magnitudes the one that sounds soonest.

    As the phase of a sum of curves is the sum of their phases, each point's own is found beforehand.
    """
    cepstrum = torch.fft.irfft(points_to_bins(rate, size, formant_ratio).double(), size)
    cepstrum[:, 1 : size // 2] *= 2
    cepstrum[:, size // 2 + 1 :] = 0
    phase: Tensor = torch.fft.rfft(cepstrum, size).imag.float()
    return phase


def rendered(curves: Tensor, sources: Tensor, rate: int, formant_ratio: float = 1.0) -> Tensor:
    """The sound of curves (batch, 2, moments, POINTS) and sources (batch, 2, frames): pulses and noise."""
    parts = filtered(sources.flatten(0, 1), curves.flatten(0, 1), rate, formant_ratio)
    return parts.reshape(sources.shape).sum(1)
