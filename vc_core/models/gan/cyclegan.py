"""CycleGAN-VC2 generator and discriminator on spectral envelopes; with a mask, those of MaskCycleGAN-VC.

T. Kaneko et al., “CycleGAN-VC2”, ICASSP 2019; “MaskCycleGAN-VC: Learning non-parallel voice conversion with filling in
frames”, ICASSP 2021.
"""

import torch
from torch import Tensor, nn

from vc_core.models.gated import DiscriminatorTrunk, GeneratorBody, initialise_head_near_zero


class Generator(nn.Module):
    """Envelopes (B, dimensions, frames), frames a multiple of 4; the mask is 0 where the generator fills in."""

    def __init__(self, dimensions: int, *, width: float = 1.0) -> None:
        super().__init__()
        self.body = GeneratorBody(dimensions, width=width, channels=2)

    def forward(self, envelopes: Tensor, mask: Tensor | None = None) -> Tensor:
        mask = torch.ones_like(envelopes) if mask is None else mask.expand_as(envelopes)
        masked = envelopes * mask
        return masked + torch.as_tensor(self.body(torch.stack([masked, mask], dim=1)))


class Discriminator(nn.Module):
    """Patch discriminator: one score for each patch of an envelope, (B, patches)."""

    def __init__(self, *, width: float = 1.0) -> None:
        super().__init__()
        self.trunk = DiscriminatorTrunk(width=width)
        self.real = initialise_head_near_zero(nn.Conv2d(self.trunk.channels, 1, (1, 3), padding=(0, 1)))

    def forward(self, envelopes: Tensor) -> Tensor:
        return torch.as_tensor(self.real(self.trunk(envelopes))).flatten(1)
