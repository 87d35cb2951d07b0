"""Blocks of GANs on spectral envelopes: gated convolutions, and a body that is 2-D outside and 1-D over time inside.

The 2-1-2D shape is of T. Kaneko et al., “CycleGAN-VC2: Improved CycleGAN-based Non-parallel Voice Conversion”, 2019.
Envelopes are images of shape (batch, channels, dimensions, frames).
"""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

FRAMES_DIVIDE_BY = 4
"""By so much a body shrinks time in between."""
RESIDUAL_BLOCKS = 6
FULL_WIDTH = 128
"""Channels of a body's outermost layer."""
FIRST_CHANGE = 0.02
"""Deviation of the last layer's weights."""


def scaled(channels: int, width: float) -> int:
    """Of a layer at full width, so many channels at another; never so few that nothing fits through."""
    return max(4, round(channels * width))


class Gated(nn.Module):
    """A convolution whose one half says how much of the other passes."""

    def __init__(
        self, convolution: nn.Module, *, norm: nn.Module | None = None, shuffled: bool = False, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = norm or nn.Identity()
        self._shuffled, self._gain = shuffled, gain

    def forward(self, heard: Tensor) -> Tensor:
        made = self.convolution(heard)
        if self._shuffled:
            made = functional.pixel_shuffle(made, 2)
        return self._gain * functional.glu(self.norm(made), dim=1)


def gated_2d(inputs: int, outputs: int, size: tuple[int, int], *, stride: int = 1, shuffled: bool = False) -> Gated:
    """With `shuffled`, twice as high and wide, of a quarter of the channels that it computes."""
    padding = (size[0] // 2, size[1] // 2)
    convolution = nn.Conv2d(inputs, 2 * outputs * (4 if shuffled else 1), size, stride, padding)
    return Gated(convolution, norm=nn.InstanceNorm2d(2 * outputs, affine=True), shuffled=shuffled)


def judging_2d(inputs: int, outputs: int, size: tuple[int, int], *, stride: int = 1) -> Gated:
    """With a spectral norm, so that no small change of a voice makes a large one of the judgement.

    No instance norm, which would undo that, and would hide how loud and bright a voice is. A gate that is half open
    passes half, and a convolution that stretches nothing passes about half of what is no pattern: the gain makes up for
    both, as after a few layers nothing would be left.
    """
    padding = (size[0] // 2, size[1] // 2)
    return Gated(spectral_norm(nn.Conv2d(inputs, 2 * outputs, size, stride, padding)), gain=4.0)


class Residual(nn.Module):
    """Over time alone."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        widened = nn.Conv1d(channels, 4 * channels, 3, padding=1)
        self.opened = Gated(widened, norm=nn.InstanceNorm1d(4 * channels, affine=True))
        self.closed = nn.Conv1d(2 * channels, channels, 3, padding=1)
        self.norm = nn.InstanceNorm1d(channels, affine=True)

    def forward(self, heard: Tensor) -> Tensor:
        return heard + torch.as_tensor(self.norm(self.closed(self.opened(heard))))


class Body(nn.Module):
    """From an envelope to a change of it; `conditions` say how, `channels` are what it hears (an envelope, a mask …).

    The change starts at little, so training starts from the voice as it is and not from noise; were it nothing, no
    layer but the last would learn at first.
    """

    def __init__(
        self,
        dimensions: int,
        *,
        width: float = 1.0,
        conditions: int = 0,
        channels: int = 1,
        first_change: float = FIRST_CHANGE,
    ) -> None:
        super().__init__()
        if dimensions % FRAMES_DIVIDE_BY:
            raise ValueError(f"{dimensions} dimensions can't be halved twice")
        outer, inner = scaled(FULL_WIDTH, width), scaled(2 * FULL_WIDTH, width)
        self._inner, rows = inner, dimensions // FRAMES_DIVIDE_BY
        # Unnormed: what is the same at every place, as a condition is, an instance norm would take away again.
        self.first = nn.Conv2d(channels, 2 * outer, (5, 15), padding=(2, 7))
        # Conditions tiled as further channels would come to the same, at many times the cost.
        self.condition = nn.Linear(conditions, 2 * outer, bias=False) if conditions else None
        self.down = nn.Sequential(gated_2d(outer, inner, (5, 5), stride=2), gated_2d(inner, inner, (5, 5), stride=2))
        self.flat = nn.Sequential(nn.Conv1d(inner * rows, inner, 1), nn.InstanceNorm1d(inner, affine=True))
        self.residual = nn.Sequential(*(Residual(inner) for _ in range(RESIDUAL_BLOCKS)))
        self.tall = nn.Sequential(nn.Conv1d(inner, inner * rows, 1), nn.InstanceNorm1d(inner * rows, affine=True))
        self.up = nn.Sequential(
            gated_2d(inner, inner, (5, 5), shuffled=True), gated_2d(inner, outer, (5, 5), shuffled=True)
        )
        self.last = nn.Conv2d(outer, 1, (5, 15), padding=(2, 7))
        nn.init.normal_(self.last.weight, std=first_change)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, heard: Tensor, condition: Tensor | None = None) -> Tensor:
        """Of (batch, channels, dimensions, frames) the change, (batch, dimensions, frames)."""
        opened = self.first(heard)
        if self.condition is not None and condition is not None:
            opened = opened + self.condition(condition)[:, :, None, None]
        small = self.down(functional.glu(opened, dim=1))
        batch, channels, rows, frames = small.shape
        # Channels and rows become one; frames stay in their order.
        over_time = self.residual(self.flat(small.reshape(batch, channels * rows, frames)))
        tall = self.tall(over_time).reshape(batch, channels, rows, frames)
        return torch.as_tensor(self.last(self.up(tall))[:, 0])


class Trunk(nn.Module):
    """What discriminators hear with: features of an envelope, (batch, channels, rows, frames)."""

    def __init__(self, *, width: float = 1.0) -> None:
        super().__init__()
        sizes = [scaled(channels, width) for channels in (128, 256, 512, 1024)]
        layers = [judging_2d(1, sizes[0], (3, 3))]
        layers += [judging_2d(a, b, (3, 3), stride=2) for a, b in pairwise(sizes)]
        self.layers = nn.Sequential(*layers, judging_2d(sizes[-1], sizes[-1], (1, 5)))
        self.channels = sizes[-1]

    def forward(self, envelopes: Tensor) -> Tensor:
        return torch.as_tensor(self.layers(envelopes[:, None]))


def undecided(head: nn.Conv2d) -> nn.Conv2d:
    """A judgement that starts near 0 for everything: a loud one would take its first hundred steps to calm down."""
    nn.init.normal_(head.weight, std=0.005)
    nn.init.zeros_(head.bias)  # type: ignore[arg-type]
    return head


def convolution_weights(module: nn.Module) -> Iterator[Tensor]:
    for name, weight in module.named_parameters():
        if weight.dim() > 2 and name.endswith("weight"):
            yield weight


def orthogonality(module: nn.Module) -> Tensor:
    """How far the filters of each convolution are from being at right angles to each other, squared and summed."""
    total = torch.zeros(())
    for weight in convolution_weights(module):
        rows = weight.flatten(1)
        products = rows @ rows.T
        total = total.to(weight.device) + (products - torch.diag(torch.diag(products))).square().sum()
    return total
