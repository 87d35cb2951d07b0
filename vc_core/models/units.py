"""Phonetic units: from a sound what is said or sung in it, and as little as can be of who does it.

Sound is levelled first, so that neither a crescendo nor the distance of a microphone changes what is heard.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

RATE = 16_000
HOP = 160
"""A moment is 10 ms; moment k lies at frame k · HOP."""
MOMENTS_PER_SECOND = RATE // HOP
FRAME, BINS = 400, 257
MELS = 80
UNITS = 64
FLOOR = 1e-4
"""What is 40 dB below a white sound of the levelled strength counts as nothing in a band."""
ENERGY_FLOOR = 1e-5
QUIETEST = 1e-4
"""Power beside that of the loud moments: what is quieter is not raised any further."""


def power_of(samples: Tensor) -> Tensor:
    """Mean power around each moment; (batch, frames) gives (batch, moments)."""
    padded = functional.pad(samples, (FRAME // 2, FRAME // 2))
    return functional.avg_pool1d(padded[:, None] ** 2, FRAME, HOP)[:, 0]


def slow_levels(power: Tensor, spread_seconds: float = 0.3) -> Tensor:
    """The effective value around each moment, as it changes from phrase to phrase; never 0."""
    reach = round(3 * spread_seconds * MOMENTS_PER_SECOND)
    distance = torch.arange(-reach, reach + 1) / (spread_seconds * MOMENTS_PER_SECOND)
    kernel = torch.exp(-0.5 * distance**2)[None, None]
    spread = functional.conv1d(power[:, None], kernel, padding=reach)[:, 0]
    around = functional.conv1d(torch.ones_like(power)[:, None], kernel, padding=reach)[:, 0]
    # Weighted with itself, so that silence doesn't count however much of it there is.
    loud = (power**2).sum(1, keepdim=True) / power.sum(1, keepdim=True).clamp_min(1e-20)
    return torch.maximum(spread / around, QUIETEST * loud).clamp_min(1e-16).sqrt()


def at_frames(levels: Tensor, frames: int, hop: int = HOP) -> Tensor:
    """Values of moments at the frames of any rate, in between on a straight line; shape (batch, frames)."""
    # A moment more, since the last frames lie behind the last moment.
    longer = torch.cat([levels, levels[:, -1:]], dim=1)[:, None]
    size = (longer.shape[2] - 1) * hop + 1
    return functional.interpolate(longer, size=size, mode="linear", align_corners=True)[:, 0, :frames]


def levelled(samples: Tensor) -> Tensor:
    """The same sound with an effective value of about 1 throughout, but for silence."""
    return samples / at_frames(slow_levels(power_of(samples)), samples.shape[1])


def energy_of(levelled_samples: Tensor) -> Tensor:
    """The logarithm of the power around each moment, of sound that is levelled."""
    return torch.log(power_of(levelled_samples) + ENERGY_FLOOR)


def power_spectrum(samples: Tensor) -> Tensor:
    """(batch, frames) gives (batch, moments, BINS); white sound of power 1 gives 1 everywhere."""
    window = torch.hann_window(FRAME)
    spectrum = torch.stft(
        samples, 2 * (BINS - 1), HOP, FRAME, window, center=True, pad_mode="constant", return_complex=True
    )
    return spectrum.abs().transpose(1, 2) ** 2 / float((window**2).sum())


@cache
def mel_bands(warp: float = 1.0) -> Tensor:
    """Weights of shape (BINS, MELS), each band's adding up to 1; a band at f hears what lies at f · `warp`."""
    highest = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, MELS + 2) / 2595) - 1) * warp
    hertz = np.arange(BINS) * RATE / 2 / (BINS - 1)
    edges = np.minimum(edges, RATE / 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    # The lowest bands are narrower than the distance of two bins.
    width = np.maximum(high - low, 2.2 * hertz[1]) / 2
    weights = np.maximum(0.0, 1 - np.abs(hertz[:, None] - np.minimum(middle, hertz[-1])) / width)
    return torch.from_numpy((weights / weights.sum(0)).astype(np.float32))


def log_mel(spectrum: Tensor, warp: float = 1.0) -> Tensor:
    return torch.log(spectrum @ mel_bands(warp) + FLOOR)


class Block(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.wide = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.narrow = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.narrow(functional.gelu(self.wide(self.norm(x))))
        return x + added


class Units(nn.Module):
    """Log-mel bands of shape (batch, moments, MELS) become units of shape (batch, moments, UNITS), within ±1."""

    def __init__(self, width: int = 192, dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 4, 1, 2)) -> None:
        super().__init__()
        self.first = nn.Conv1d(MELS, width, 5, padding=2)
        self.blocks = nn.Sequential(*(Block(width, dilation) for dilation in dilations))
        self.norm = nn.BatchNorm1d(width)
        self.last = nn.Conv1d(width, UNITS, 1)

    def forward(self, mels: Tensor) -> Tensor:
        x = self.first(mels.transpose(1, 2) / 3 + 1)
        return torch.tanh(self.last(self.norm(self.blocks(x)))).transpose(1, 2)
