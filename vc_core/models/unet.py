"""Spleeter's U-Net: from the magnitudes of a song, how much of each point belongs to one stem.

After R. Hennequin et al., “Spleeter: a fast and efficient music source separation tool with pre-trained
models”, JOSS 2020. Its pads are those of TensorFlow's “same”, and its layers stand in the order of the
published checkpoints, so that these give the same result here.
"""

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

FILTERS = (16, 32, 64, 128, 256, 512)
HALVINGS = len(FILTERS)
"""Both sides of the input are halved so many times, and must be divisible by 2 as often."""

Activation = Literal["relu", "elu"]


class UNet(nn.Module):
    """Input and output have the shape (batch, 2, moments, bins); the output is before sigmoid or softmax."""

    def __init__(self, filters: tuple[int, ...] = FILTERS, activation: Activation = "relu") -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 5, stride=2) for before, after in zip((2, *filters), filters, strict=False)
        )
        # What leaves the deepest convolution goes up as it is; only the others are normalised on their way down.
        self.down_norms = nn.ModuleList(_norm(width) for width in filters[:-1])
        self.down_activation = nn.LeakyReLU(0.2) if activation == "relu" else nn.ELU()
        self.up_activation = nn.ReLU() if activation == "relu" else nn.ELU()
        widths = (*reversed(filters[:-1]), 1)
        # From the second on, each hears the convolution of its own size beside the one before it.
        heard = (filters[-1], *(2 * width for width in widths[:-1]))
        self.expansions = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 5, stride=2, padding=1)
            for before, after in zip(heard, widths, strict=True)
        )
        self.up_norms = nn.ModuleList(_norm(width) for width in widths)
        self.dropout = nn.Dropout(0.5)
        self.last = nn.Conv2d(1, 2, 4, dilation=2, padding=3)

    def forward(self, magnitudes: Tensor) -> Tensor:
        skips = []
        x = magnitudes
        for level, convolution in enumerate(self.convolutions):
            x = convolution(functional.pad(x, (1, 2, 1, 2)))
            if level < len(self.down_norms):
                skips.append(x)
                x = self.down_activation(self.down_norms[level](x))
        for level, (expansion, norm) in enumerate(zip(self.expansions, self.up_norms, strict=True)):
            x = norm(self.up_activation(expansion(x)[..., :-1, :-1]))
            if level < 3:
                x = self.dropout(x)
            if skips:
                x = torch.cat([skips.pop(), x], dim=1)
        last: Tensor = self.last(x)
        return last


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)


ForEach = Callable[[Callable[[nn.Module], Tensor], Iterable[nn.Module]], Iterable[Tensor]]


class StemNets(nn.Module):
    """One network for each stem; what they claim of each point is weighed against one another."""

    def __init__(
        self,
        stem_names: tuple[str, ...],
        filters: tuple[int, ...] = FILTERS,
        activation: Activation = "relu",
        *,
        exclusive: bool = False,
    ) -> None:
        super().__init__()
        self.nets = nn.ModuleDict({name: UNet(filters, activation) for name in stem_names})
        self.exclusive = exclusive
        """Whether the stems share each point by softmax, or each claims what it wants of it."""

    def forward(self, magnitudes: Tensor, each: ForEach = map) -> Tensor:
        """Magnitudes of shape (batch, 2, moments, bins); gives each stem's, stacked in front.

        `each` may be a map that works in parallel.
        """
        claims = torch.stack(list(each(lambda net: net(magnitudes), self.nets.values())))
        shares = torch.softmax(claims, dim=0) if self.exclusive else torch.sigmoid(claims)
        return shares * magnitudes
