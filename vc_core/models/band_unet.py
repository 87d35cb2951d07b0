"""Band-split U-Net with complex masks: separates the vocals of a stereo spectrum up to 22 kHz.

The bins of each band become one vector (Y. Luo and J. Yu, “Music source separation with band-split RNN”, TASLP 2023).
A U-Net over bands and frames follows, whose blocks mix along frequency as well (W. Choi et al., “Investigating U-Nets
with various intermediate blocks for spectrogram-based singing voice separation”, ISMIR 2020).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

FFT_SIZE = 4096
BINS = 2048
"""Without the highest one, at half the sample rate."""
BANDS = ((32, 8), (16, 16), (8, 32), (8, 160))
"""Number of bands and bins in each, from 0 Hz up."""
BAND_COUNT = sum(count for count, _ in BANDS)
HALVINGS = 3
"""Of both axes: the number of frames must be divisible by 2 ** HALVINGS."""
FEATURES = 8
"""Of each bin: four magnitudes and two complex values."""
MASKS = 6
"""Of each bin: a gate and a complex value for mid and side."""
DILATIONS = (1, 2, 4)
"""Along time, of the blocks at the lowest resolution."""


class BandUNet(nn.Module):
    """Spectra of mid and side (B, 2, T, BINS) to those of the vocals, of the same shape."""

    def __init__(self, widths: tuple[int, ...] = (24, 48, 96, 144)) -> None:
        super().__init__()
        self.split = BandLinear(FEATURES, widths[0])
        self.down = nn.ModuleList(Block(width, BAND_COUNT >> level) for level, width in enumerate(widths[:-1]))
        self.halve = nn.ModuleList(nn.Conv2d(before, after, 2, stride=2) for before, after in pairwise(widths))
        self.middle = nn.Sequential(*(Block(widths[-1], BAND_COUNT >> HALVINGS, dilation) for dilation in DILATIONS))
        self.expand = nn.ModuleList(
            nn.ConvTranspose2d(after, before, 2, stride=2) for before, after in pairwise(widths)
        )
        self.up = nn.ModuleList(Block(width, BAND_COUNT >> level) for level, width in enumerate(widths[:-1]))
        self.norm = nn.BatchNorm2d(widths[0])
        self.masks = BandLinear(widths[0], MASKS, joins=True)

    def forward(self, mid_side: Tensor) -> Tensor:
        gate, real, imaginary = torch.chunk(self.compute_masks(mid_side).float(), 3, dim=1)
        gate = torch.sigmoid(gate)
        return torch.complex(gate * (1 + real), gate * imaginary) * mid_side

    def compute_masks(self, mid_side: Tensor) -> Tensor:
        """Gates, real and imaginary parts for mid and side, shape (B, MASKS, T, BINS)."""
        x = self.split(compute_features(mid_side))
        skips = []
        for block, halve in zip(self.down, self.halve, strict=True):
            x = block(x)
            skips.append(x)
            x = halve(x)
        x = self.middle(x)
        for block, expand in zip(reversed(self.up), reversed(self.expand), strict=True):
            x = block(expand(x) + skips.pop())
        masks: Tensor = self.masks(functional.relu(self.norm(x)))
        return masks


def to_mid_side(stereo: Tensor) -> Tensor:
    """Left and right, along the first axis, to mid and side, or back."""
    left, right = stereo
    sides: Tensor = torch.stack([left + right, left - right]) * 0.5**0.5
    return sides


def compute_features(mid_side: Tensor) -> Tensor:
    """Square roots of magnitudes, relative to the average level, shape (B, FEATURES, T, BINS).

    Mid, side, left, right, then the real and imaginary parts of mid and side at the same scale.
    """
    parts = torch.view_as_real(mid_side)
    powers = parts.square().sum(-1)
    level = powers.mean((1, 2, 3), keepdim=True) + 1e-12
    product = (parts[:, 0] * parts[:, 1]).sum(-1)
    middle = powers.mean(1)
    scaled = (torch.cat([powers, torch.stack([middle + product, middle - product], 1)], 1) / level).clamp_min(1e-10)
    roots = scaled.sqrt().sqrt()
    phased = parts * (roots[:, :2] / (scaled[:, :2] * level).sqrt())[..., None]
    return torch.cat([roots, phased[..., 0], phased[..., 1]], dim=1)


class BandLinear(nn.Module):
    """A linear layer for each band: from its bins to one vector, or (`joins`) from its vector to its bins."""

    def __init__(self, inputs: int, outputs: int, *, joins: bool = False) -> None:
        super().__init__()
        self.joins = joins
        shapes = [
            (count, inputs if joins else inputs * bins, outputs * bins if joins else outputs) for count, bins in BANDS
        ]
        self.weights = nn.ParameterList(torch.randn(shape) * shape[1] ** -0.5 for shape in shapes)
        self.biases = nn.ParameterList(torch.zeros(count, 1, width) for count, _, width in shapes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T, BINS) to (B, outputs, T, BAND_COUNT), or with `joins` (B, inputs, T, BAND_COUNT) to bins."""
        batch, _, frames, _ = x.shape
        sizes = [count if self.joins else count * bins for count, bins in BANDS]
        outputs = []
        for (count, bins), part, weight, bias in zip(
            BANDS, torch.split(x, sizes, dim=3), self.weights, self.biases, strict=True
        ):
            if self.joins:
                vectors = part.permute(3, 0, 2, 1).reshape(count, batch * frames, -1)
            else:
                grouped = part.reshape(batch, -1, frames, count, bins)
                vectors = grouped.permute(3, 0, 2, 1, 4).reshape(count, batch * frames, -1)
            made = (torch.bmm(vectors, weight) + bias).view(count, batch, frames, -1)
            if self.joins:
                outputs.append(made.view(count, batch, frames, -1, bins).permute(1, 3, 2, 0, 4).flatten(3))
            else:
                outputs.append(made.permute(1, 3, 2, 0))
        joined = torch.cat(outputs, dim=3)
        return joined if self.joins else joined.contiguous(memory_format=torch.channels_last)


class Block(nn.Module):
    """Residual convolutions over time and bands, and between them a linear layer along all bands."""

    def __init__(self, width: int, bands: int, dilation: int = 1) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(2))
        self.first = nn.Conv2d(width, width, 3, padding=(dilation, 1), dilation=(dilation, 1))
        self.along = nn.Linear(bands, bands)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, T, bands)"""
        inner = self.first(functional.relu(self.norms[0](x)))
        tokens = functional.relu(inner).permute(0, 2, 3, 1)
        along = torch.matmul(self.along.weight, tokens) + self.along.bias[:, None]
        inner = inner + along.permute(0, 3, 1, 2)
        made: Tensor = x + self.second(functional.relu(self.norms[1](inner)))
        return made
