"""CycleGAN-VC2's two kinds of networks, on the same blocks as RelGAN; with a mask, MaskCycleGAN's.

T. Kaneko et al., “CycleGAN-VC2”, ICASSP 2019; “MaskCycleGAN-VC: Learning non-parallel voice conversion with filling in
frames”, ICASSP 2021.
"""

import torch
from torch import Tensor, nn

from vc_core.models.gated import Body, Trunk, undecided


class Generator(nn.Module):
    """Envelopes of shape (batch, dimensions, frames), frames a multiple of 4; a mask is 0 where it has to fill in."""

    def __init__(self, dimensions: int, *, width: float = 1.0) -> None:
        super().__init__()
        self.body = Body(dimensions, width=width, channels=2)

    def forward(self, envelopes: Tensor, mask: Tensor | None = None) -> Tensor:
        mask = torch.ones_like(envelopes) if mask is None else mask.expand_as(envelopes)
        seen = envelopes * mask
        return seen + torch.as_tensor(self.body(torch.stack([seen, mask], dim=1)))


class Discriminator(nn.Module):
    """How real each stretch of an envelope is."""

    def __init__(self, *, width: float = 1.0) -> None:
        super().__init__()
        self.trunk = Trunk(width=width)
        self.real = undecided(nn.Conv2d(self.trunk.channels, 1, (1, 3), padding=(0, 1)))

    def forward(self, envelopes: Tensor) -> Tensor:
        return torch.as_tensor(self.real(self.trunk(envelopes))).flatten(1)
