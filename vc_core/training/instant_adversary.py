"""The judges that a decoder learns to deceive, and who learn beside it (J. Kong et al., “HiFi-GAN”, NeurIPS 2020)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from vc_core.models.discriminators import (
    PERIODS,
    Discriminators,
    Verdict,
    deceiving_loss,
    feature_distance,
    judging_loss,
)

RATE, BETAS = 1e-3, (0.8, 0.99)
DECEIVING, FEATURES = 0.1, 0.3
"""How much they count beside the spectral distance."""
MOMENTS = 6
"""Of a judge's picture, whose features count together."""


class Adversary:
    def __init__(self, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._judges = Discriminators()
        self._optimizer = torch.optim.AdamW(self._judges.parameters(), RATE, betas=BETAS)

    def learn(self, made: Tensor, wanted: Tensor) -> Tensor:
        """The judges take a step; their loss."""
        loss = judging_loss(self._judges(wanted), self._judges(made.detach()))
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return loss.detach()

    def loss(self, made: Tensor, wanted: Tensor) -> Tensor:
        """What the decoder is to make smaller."""
        self._judges.requires_grad_(False)
        with torch.no_grad():
            real = self._judges(wanted)
        imitated = self._judges(made)
        self._judges.requires_grad_(True)
        return DECEIVING * deceiving_loss(imitated) + FEATURES * feature_distance(_smooth(real), _smooth(imitated))

    def state(self) -> dict[str, Any]:
        return {"judges": self._judges.state_dict(), "optimizer": self._optimizer.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._judges.load_state_dict(state["judges"])
        self._optimizer.load_state_dict(state["optimizer"])


def _smooth(verdicts: list[Verdict]) -> list[Verdict]:
    """Those of the spectra's judges, their features averaged over some moments.

    A decoder follows neither the phase of a recording nor the grain of its noise, and to what depends on them the least
    distance is silence.
    """
    spectral = verdicts[len(PERIODS) :]
    return [(verdict, [_averaged(one) for one in seen]) for verdict, seen in spectral]


def _averaged(picture: Tensor) -> Tensor:
    return functional.avg_pool2d(picture, (min(MOMENTS, picture.shape[2]), 1))
