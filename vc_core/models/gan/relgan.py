"""RelGAN generator and discriminator: spectral envelopes are changed by relative attributes, to any extent.

P.-W. Wu et al., “RelGAN: Multi-domain image-to-image translation via relative attributes”, ICCV 2019.
Relative attributes are the one-hot target minus the one-hot source, so that half of them are half an emotion.
"""

import torch
from torch import Tensor, nn

from vc_core.models.gated import (
    DiscriminatorTrunk,
    GeneratorBody,
    build_discriminator_layer,
    initialise_head_near_zero,
    scale_channels,
)

INITIAL_OUTPUT_STD = 0.002
"""Less than usual: the network only refines the mean steps, which make most of the change."""


class Generator(nn.Module):
    """Envelopes (B, dimensions, frames), frames a multiple of 4, and relative attributes (B, attributes).

    The mean step of each attribute, shape (attributes, dimensions), is measured and not learned; the network adds the
    rest of the change.
    """

    mean_steps: Tensor

    def __init__(self, mean_steps: Tensor, *, width: float = 1.0) -> None:
        super().__init__()
        attributes, dimensions = mean_steps.shape
        self.register_buffer("mean_steps", mean_steps.clone())
        self.body = GeneratorBody(dimensions, width=width, conditions=attributes, initial_output_std=INITIAL_OUTPUT_STD)

    def forward(self, envelopes: Tensor, relative_attributes: Tensor) -> Tensor:
        moved = envelopes + (relative_attributes @ self.mean_steps)[:, :, None]
        return moved + torch.as_tensor(self.body(envelopes[:, None], relative_attributes))


class Discriminator(nn.Module):
    """One trunk and three heads: real or generated, degree of interpolation, and match of the relative attributes."""

    def __init__(self, attributes: int, *, width: float = 1.0) -> None:
        super().__init__()
        self.trunk = DiscriminatorTrunk(width=width)
        features, wide = self.trunk.channels, scale_channels(1024, width)
        self.real = initialise_head_near_zero(nn.Conv2d(features, 1, (1, 3), padding=(0, 1)))
        self.between = initialise_head_near_zero(nn.Conv2d(features, scale_channels(128, width), 3, padding=1))
        self.pair = build_discriminator_layer(2 * features, wide, (3, 3))
        self.way = nn.Linear(attributes, 2 * wide, bias=False)
        self.matching = initialise_head_near_zero(nn.Conv2d(wide, 1, (1, 3), padding=(0, 1)))

    def extract_features(self, envelopes: Tensor) -> Tensor:
        """Input of the heads, computed once for envelopes that several heads score."""
        return torch.as_tensor(self.trunk(envelopes))

    def score_real(self, features: Tensor) -> Tensor:
        return torch.as_tensor(self.real(features)).flatten(1)

    def score_interpolation(self, features: Tensor) -> Tensor:
        """Degree of interpolation: 0 at either end, ½ in the middle."""
        return torch.as_tensor(self.between(features)).mean(dim=1).flatten(1)

    def score_match(self, source: Tensor, relative_attributes: Tensor, target: Tensor) -> Tensor:
        """Whether these relative attributes lead from the source features to the target features."""
        pair = self.pair.convolution(torch.cat([source, target], dim=1))
        opened = pair + self.way(relative_attributes)[:, :, None, None]
        return torch.as_tensor(self.matching(nn.functional.glu(opened, dim=1))).flatten(1)
