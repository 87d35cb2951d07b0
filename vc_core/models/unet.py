"""Spleeter's U-Net: soft masks of the stems from the magnitude spectrogram of a mix.

After R. Hennequin et al., “Spleeter: a fast and efficient music source separation tool with pre-trained
models”, JOSS 2020. Padding is TensorFlow's “same”, and the layers have the order of the published checkpoints, so
that these give the same result here.
"""

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

FILTERS = (16, 32, 64, 128, 256, 512)
HALVINGS = len(FILTERS)
"""Strided convolutions, each halving both axes: frames and bins must be divisible by 2 ** HALVINGS."""

Activation = Literal["relu", "elu"]


class UNet(nn.Module):
    """Magnitudes (B, 2, frames, bins) to mask logits of the same shape, before sigmoid or softmax."""

    def __init__(self, filters: tuple[int, ...] = FILTERS, activation: Activation = "relu") -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 5, stride=2) for before, after in zip((2, *filters), filters, strict=False)
        )
        # The output of the deepest convolution is not normalised.
        self.down_norms = nn.ModuleList(_build_norm(width) for width in filters[:-1])
        self.down_activation = nn.LeakyReLU(0.2) if activation == "relu" else nn.ELU()
        self.up_activation = nn.ReLU() if activation == "relu" else nn.ELU()
        widths = (*reversed(filters[:-1]), 1)
        # From the second on, each takes the skip connection of its size as well.
        inputs = (filters[-1], *(2 * width for width in widths[:-1]))
        self.expansions = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 5, stride=2, padding=1)
            for before, after in zip(inputs, widths, strict=True)
        )
        self.up_norms = nn.ModuleList(_build_norm(width) for width in widths)
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
        logits: Tensor = self.last(x)
        return logits


def _build_norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)


ForEach = Callable[[Callable[[nn.Module], Tensor], Iterable[nn.Module]], Iterable[Tensor]]


class StemNets(nn.Module):
    """One U-Net for each stem; their mask logits become soft masks by softmax over the stems or by sigmoid."""

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
        """Whether the masks of a bin sum to 1 (softmax), or are independent (sigmoid)."""

    def forward(self, magnitudes: Tensor, each: ForEach = map) -> Tensor:
        """Magnitudes (B, 2, frames, bins) to masked magnitudes (stems, B, 2, frames, bins).

        `each` may be a parallel map.
        """
        logits = torch.stack(list(each(lambda net: net(magnitudes), self.nets.values())))
        masks = torch.softmax(logits, dim=0) if self.exclusive else torch.sigmoid(logits)
        return masks * magnitudes
