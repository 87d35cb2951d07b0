"""Adversarial loss of the instant engine's decoder (J. Kong et al., “HiFi-GAN”, NeurIPS 2020)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from vc_core.models.gan.discriminators import (
    PERIODS,
    DiscriminatorOutput,
    Discriminators,
    compute_adversarial_loss,
    compute_discriminator_loss,
    compute_feature_matching_loss,
)
from vc_core.training.adversarial import freeze

LEARNING_RATE, ADAM_BETAS = 1e-3, (0.8, 0.99)
ADVERSARIAL_WEIGHT, FEATURE_MATCHING_WEIGHT = 0.1, 0.3
"""Relative to the spectral loss."""
SMOOTHED_FRAMES = 6
"""Frames over which feature maps are averaged."""


class DiscriminatorTrainer:
    def __init__(self, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._discriminators = Discriminators()
        self._optimizer = torch.optim.AdamW(self._discriminators.parameters(), LEARNING_RATE, betas=ADAM_BETAS)

    def step(self, generated: Tensor, target: Tensor) -> Tensor:
        """Train the discriminators for one step; return their loss. Both Tensors have the shape (B, samples)."""
        loss = compute_discriminator_loss(self._discriminators(target), self._discriminators(generated.detach()))
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return loss.detach()

    def compute_loss(self, generated: Tensor, target: Tensor) -> Tensor:
        """The decoder's adversarial and feature matching loss."""
        with freeze(self._discriminators):
            with torch.no_grad():
                real = self._discriminators(target)
            fake = self._discriminators(generated)
        ours, theirs = (smooth_features(one[len(PERIODS) :]) for one in (real, fake))
        matching = compute_feature_matching_loss(ours, theirs)
        return ADVERSARIAL_WEIGHT * compute_adversarial_loss(fake) + FEATURE_MATCHING_WEIGHT * matching

    def state_dict(self) -> dict[str, Any]:
        return {"judges": self._discriminators.state_dict(), "optimizer": self._optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._discriminators.load_state_dict(state["judges"])
        self._optimizer.load_state_dict(state["optimizer"])


def smooth_features(outputs: list[DiscriminatorOutput]) -> list[DiscriminatorOutput]:
    """Average the feature maps of spectrum discriminators over some frames.

    The decoder reproduces neither the phase nor the noise waveform of a recording. Silence would minimise the distance
    of features that depend on those.
    """
    return [(scores, [_average_frames(one) for one in features]) for scores, features in outputs]


def _average_frames(features: Tensor) -> Tensor:
    """Features have the shape (B, channels, T, bins)."""
    return functional.avg_pool2d(features, (min(SMOOTHED_FRAMES, features.shape[2]), 1))
