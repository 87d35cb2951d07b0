"""Generator body and discriminator trunk of the GANs on spectral envelopes: gated convolutions in 2-1-2D layout.

The generator is 2-D outside and 1-D over time inside, after T. Kaneko et al., “CycleGAN-VC2: Improved
CycleGAN-based Non-parallel Voice Conversion”, 2019.
Envelopes are images of shape (B, channels, dimensions, frames).
"""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

FRAMES_DIVIDE_BY = 4
"""The generator body downsamples time by this factor."""
RESIDUAL_BLOCKS = 6
FULL_WIDTH = 128
"""Channels of the outermost layer of a generator body."""
INITIAL_OUTPUT_STD = 0.02
"""Standard deviation of the last layer's initial weights."""


def scale_channels(channels: int, width: float) -> int:
    """Channels of a layer at a relative width, at least 4."""
    return max(4, round(channels * width))


class GatedConvolution(nn.Module):
    """Gated linear unit (GLU): one half of the convolution's channels gates the other."""

    def __init__(
        self, convolution: nn.Module, *, norm: nn.Module | None = None, shuffled: bool = False, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = norm or nn.Identity()
        self._shuffled, self._gain = shuffled, gain

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)
        if self._shuffled:
            x = functional.pixel_shuffle(x, 2)
        return self._gain * functional.glu(self.norm(x), dim=1)


def build_gated_2d(
    inputs: int, outputs: int, size: tuple[int, int], *, stride: int = 1, shuffled: bool = False
) -> GatedConvolution:
    """With `shuffled`, upsamples both axes by 2 by pixel shuffle."""
    padding = (size[0] // 2, size[1] // 2)
    convolution = nn.Conv2d(inputs, 2 * outputs * (4 if shuffled else 1), size, stride, padding)
    return GatedConvolution(convolution, norm=nn.InstanceNorm2d(2 * outputs, affine=True), shuffled=shuffled)


class SpectralConvolution(nn.Conv2d):
    """For spectral norm, which can't mix precisions: autocast applies to the convolution, not to the norm."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            weight = self.weight
        return functional.conv2d(x, weight, self.bias, self.stride, self.padding)


def build_discriminator_layer(inputs: int, outputs: int, size: tuple[int, int], *, stride: int = 1) -> GatedConvolution:
    """Gated convolution with spectral norm, which bounds its Lipschitz constant.

    No instance norm: it would undo that bound, and hide the level and brightness of a voice. A half-open gate halves
    the signal, and so, about, does a spectrally normed convolution of noise: the gain makes up for both.
    """
    padding = (size[0] // 2, size[1] // 2)
    return GatedConvolution(spectral_norm(SpectralConvolution(inputs, 2 * outputs, size, stride, padding)), gain=4.0)


class ResidualBlock(nn.Module):
    """1-D over time."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        widened = nn.Conv1d(channels, 4 * channels, 3, padding=1)
        self.opened = GatedConvolution(widened, norm=nn.InstanceNorm1d(4 * channels, affine=True))
        self.closed = nn.Conv1d(2 * channels, channels, 3, padding=1)
        self.norm = nn.InstanceNorm1d(channels, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.as_tensor(self.norm(self.closed(self.opened(x))))


class GeneratorBody(nn.Module):
    """Predicts a change of the input envelope; `channels` counts its inputs (envelope, mask …).

    The initial change is small, so training starts from the unchanged voice; were it zero, only the last layer would
    get a gradient at first.
    """

    def __init__(
        self,
        dimensions: int,
        *,
        width: float = 1.0,
        conditions: int = 0,
        channels: int = 1,
        initial_output_std: float = INITIAL_OUTPUT_STD,
    ) -> None:
        super().__init__()
        if dimensions % FRAMES_DIVIDE_BY:
            raise ValueError(f"{dimensions} dimensions can't be halved twice")
        outer = scale_channels(FULL_WIDTH, width)
        inner, rows = 2 * outer, dimensions // FRAMES_DIVIDE_BY  # so that `outer`, in the weights, states the width
        # No instance norm here: it would remove the condition, which is constant over time and frequency.
        self.first = nn.Conv2d(channels, 2 * outer, (5, 15), padding=(2, 7))
        # Equivalent to tiling the conditions as further input channels, at a fraction of the cost.
        self.condition = nn.Linear(conditions, 2 * outer, bias=False) if conditions else None
        self.down = nn.Sequential(
            build_gated_2d(outer, inner, (5, 5), stride=2), build_gated_2d(inner, inner, (5, 5), stride=2)
        )
        self.flat = nn.Sequential(nn.Conv1d(inner * rows, inner, 1), nn.InstanceNorm1d(inner, affine=True))
        self.residual = nn.Sequential(*(ResidualBlock(inner) for _ in range(RESIDUAL_BLOCKS)))
        self.tall = nn.Sequential(nn.Conv1d(inner, inner * rows, 1), nn.InstanceNorm1d(inner * rows, affine=True))
        self.up = nn.Sequential(
            build_gated_2d(inner, inner, (5, 5), shuffled=True), build_gated_2d(inner, outer, (5, 5), shuffled=True)
        )
        self.last = nn.Conv2d(outer, 1, (5, 15), padding=(2, 7))
        nn.init.normal_(self.last.weight, std=initial_output_std)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(B, channels, dimensions, frames) and (B, conditions) to the change (B, dimensions, frames)."""
        opened = self.first(x)
        if self.condition is not None and condition is not None:
            opened = opened + self.condition(condition)[:, :, None, None]
        small = self.down(functional.glu(opened, dim=1))
        batch, channels, rows, frames = small.shape
        # Channels and rows are merged; the time axis stays last.
        over_time = self.residual(self.flat(small.reshape(batch, channels * rows, frames)))
        tall = self.tall(over_time).reshape(batch, channels, rows, frames)
        return torch.as_tensor(self.last(self.up(tall))[:, 0])


class DiscriminatorTrunk(nn.Module):
    """Convolutional features of the discriminators: (B, dimensions, frames) to (B, channels, rows, columns)."""

    def __init__(self, *, width: float = 1.0) -> None:
        super().__init__()
        sizes = [scale_channels(channels, width) for channels in (128, 256, 512, 1024)]
        layers = [build_discriminator_layer(1, sizes[0], (3, 3))]
        layers += [build_discriminator_layer(a, b, (3, 3), stride=2) for a, b in pairwise(sizes)]
        self.layers = nn.Sequential(*layers, build_discriminator_layer(sizes[-1], sizes[-1], (1, 5)))
        self.channels = sizes[-1]

    def forward(self, envelopes: Tensor) -> Tensor:
        return torch.as_tensor(self.layers(envelopes[:, None]))


def initialise_head_near_zero(head: nn.Conv2d) -> nn.Conv2d:
    """Scores start near 0: large initial scores would cost the first hundred training steps."""
    nn.init.normal_(head.weight, std=0.005)
    nn.init.zeros_(head.bias)  # type: ignore[arg-type]
    return head


def iterate_convolution_weights(module: nn.Module) -> Iterator[Tensor]:
    for name, weight in module.named_parameters():
        if weight.dim() > 2 and name.endswith("weight"):
            yield weight


def compute_orthogonality_loss(module: nn.Module) -> Tensor:
    """Orthogonal regularisation: the squared inner products of different filters of each convolution, summed."""
    total = torch.zeros(())
    for weight in iterate_convolution_weights(module):
        rows = weight.flatten(1)
        products = rows @ rows.T
        total = total.to(weight.device) + (products - torch.diag(torch.diag(products))).square().sum()
    return total
