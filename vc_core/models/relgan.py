"""RelGAN: a voice is moved along the way from one attribute to another, as far as one likes.

P.-W. Wu et al., “RelGAN: Multi-domain image-to-image translation via relative attributes”, ICCV 2019, on envelopes.
A way is the target's one-hot vector less the source's, so that half of it is half an emotion.
"""

import torch
from torch import Tensor, nn

from vc_core.models.gated import Body, Trunk, judging_2d, scaled, undecided

FIRST_CHANGE = 0.002
"""Less than usual: it comes on top of the means, which say most of it."""


class Generator(nn.Module):
    """Envelopes of shape (batch, dimensions, frames), frames a multiple of 4, and a way of shape (batch, attributes).

    The mean step of each attribute, shape (attributes, dimensions), is known and not learned; the network adds what
    means don't say.
    """

    mean_steps: Tensor

    def __init__(self, mean_steps: Tensor, *, width: float = 1.0) -> None:
        super().__init__()
        attributes, dimensions = mean_steps.shape
        self.register_buffer("mean_steps", mean_steps.clone())
        self.body = Body(dimensions, width=width, conditions=attributes, first_change=FIRST_CHANGE)

    def forward(self, envelopes: Tensor, way: Tensor) -> Tensor:
        moved = envelopes + (way @ self.mean_steps)[:, :, None]
        return moved + torch.as_tensor(self.body(envelopes[:, None], way))


class Discriminator(nn.Module):
    """One trunk and three heads: is it real, how far between two attributes is it, and do three things match."""

    def __init__(self, attributes: int, *, width: float = 1.0) -> None:
        super().__init__()
        self.trunk = Trunk(width=width)
        heard, wide = self.trunk.channels, scaled(1024, width)
        self.real = undecided(nn.Conv2d(heard, 1, (1, 3), padding=(0, 1)))
        self.between = undecided(nn.Conv2d(heard, scaled(128, width), 3, padding=1))
        self.pair = judging_2d(2 * heard, wide, (3, 3))
        self.way = nn.Linear(attributes, 2 * wide, bias=False)
        self.matching = undecided(nn.Conv2d(wide, 1, (1, 3), padding=(0, 1)))

    def hear(self, envelopes: Tensor) -> Tensor:
        """What the heads judge: computed once for an envelope that several ask about."""
        return torch.as_tensor(self.trunk(envelopes))

    def is_real(self, heard: Tensor) -> Tensor:
        return torch.as_tensor(self.real(heard)).flatten(1)

    def is_between(self, heard: Tensor) -> Tensor:
        """0 at either end, and ½ in the middle: how far it is from the nearer end."""
        return torch.as_tensor(self.between(heard)).mean(dim=1).flatten(1)

    def match(self, source: Tensor, way: Tensor, target: Tensor) -> Tensor:
        """Whether that way leads from the source to the target."""
        opened = self.pair.convolution(torch.cat([source, target], dim=1)) + self.way(way)[:, :, None, None]
        return torch.as_tensor(self.matching(nn.functional.glu(opened, dim=1))).flatten(1)
