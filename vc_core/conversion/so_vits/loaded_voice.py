"""A loaded so-vits voice: networks, config and speaker embeddings."""

from dataclasses import dataclass

import torch
from torch import Tensor

from vc_core.conversion.so_vits.config import SoVitsConfig
from vc_core.conversion.so_vits.diffusion import ShallowDiffusion
from vc_core.conversion.so_vits.network import SoVitsNetwork
from vc_core.conversion.so_vits.retrieval import ContentRetrieval
from vc_core.errors import UserError


@dataclass(frozen=True, eq=False)
class SoVitsVoice:
    network: SoVitsNetwork
    config: SoVitsConfig
    retrieval: ContentRetrieval
    speaker: str
    """The default speaker."""
    diffusion: ShallowDiffusion | None = None

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def choose_speaker(self, name: str) -> str:
        """The name, or the default speaker for an empty one; raises `UserError` if unknown."""
        if (name or self.speaker) not in self.config.speakers:
            known = ", ".join(self.config.speakers)
            raise UserError(
                "The voice has no singer “{name}”. It has: {known}.", name=name or self.speaker, known=known
            )
        return name or self.speaker

    def embed_speakers(self, blend: tuple[tuple[str, float], ...]) -> Tensor:
        """Weighted mean of speaker embeddings, shape (1, width, 1)."""
        numbers = torch.tensor(
            [self.config.speakers[self.choose_speaker(name)] for name, _ in blend], device=self.device
        )
        weights = torch.tensor([share for _, share in blend], device=self.device)
        mixed: Tensor = (weights / weights.sum()) @ self.network.emb_g(numbers)
        return mixed[None, :, None]
