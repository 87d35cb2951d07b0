"""A so-vits voice in memory: its networks, and who sings."""

from dataclasses import dataclass

import torch
from torch import Tensor

from vc_core.conversion.so_vits_config import SoVitsConfig
from vc_core.conversion.so_vits_diffusion import ShallowDiffusion
from vc_core.conversion.so_vits_memory import Memory
from vc_core.conversion.so_vits_network import SoVitsNetwork
from vc_core.errors import UserError


@dataclass(frozen=True, eq=False)
class SoVitsParts:
    """A voice in memory."""

    network: SoVitsNetwork
    config: SoVitsConfig
    memory: Memory
    speaker: str
    """Who sings if nobody is named."""
    diffusion: ShallowDiffusion | None = None

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def named(self, name: str) -> str:
        if (name or self.speaker) not in self.config.speakers:
            known = ", ".join(self.config.speakers)
            raise UserError(f"The voice has no singer “{name or self.speaker}”. It has: {known}.")
        return name or self.speaker

    def singer(self, shares: tuple[tuple[str, float], ...]) -> Tensor:
        """One or a blend, of shape (1, width, 1)."""
        numbers = torch.tensor([self.config.speakers[self.named(name)] for name, _ in shares], device=self.device)
        weights = torch.tensor([share for _, share in shares], device=self.device)
        mixed: Tensor = (weights / weights.sum()) @ self.network.emb_g(numbers)
        return mixed[None, :, None]
