"""Automatic mixed precision: half precision for training on NVIDIA GPUs, with loss scaling where that is float16."""

from collections.abc import Mapping
from typing import Any

import torch

from vc_core.device import choose_half_precision


class MixedPrecision:
    """Autocast and loss scaling for one optimiser; on other devices than CUDA, both do nothing.

    Normalisations, losses and weights stay in single precision.
    """

    def __init__(self, device: torch.device) -> None:
        self.dtype = choose_half_precision(device) if device.type == "cuda" else None
        self._device = device
        self._scaler = torch.amp.GradScaler(device.type, enabled=self.dtype == torch.float16)

    def autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, self.dtype, enabled=self.dtype is not None)

    def step(self, optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        """Backpropagate and update the weights; a step whose scaled gradients overflow is left out."""
        optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.step(optimiser)
        self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        return self._scaler.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if state:  # empty where nothing is scaled, and in checkpoints of older versions
            self._scaler.load_state_dict(dict(state))
