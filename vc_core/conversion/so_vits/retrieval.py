"""Feature retrieval: content features are moved towards k-means clusters or nearest frames of the training data.

Nearest frames are weighted by the inverse fourth power of their distance, as in retrieval-based voice conversion.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from vc_core.checkpoints.weights import load_tensors
from vc_core.errors import Message, UserError
from vc_core.voices.so_vits_files import CLUSTERS_FILE, FEATURES_FILE

NEIGHBOURS = 8


@dataclass(frozen=True, eq=False)
class ContentRetrieval:
    clusters: dict[str, Tensor]
    """Centres of shape (clusters, width) for each speaker."""
    features: dict[str, Tensor]
    """Frames of the training data, shape (frames, width), for each speaker."""

    def move_content(self, content: Tensor, speaker: str, cluster_ratio: float, retrieval_ratio: float) -> Tensor:
        """Content of shape (width, frames), moved by these ratios."""
        if cluster_ratio:
            centres = _find_speaker(self.clusters, speaker, Message("clusters"), CLUSTERS_FILE)
            nearest = centres[torch.cdist(content.T, centres).argmin(dim=1)]
            content = torch.lerp(content, nearest.T, cluster_ratio)
        if retrieval_ratio:
            content = torch.lerp(content, self._retrieve(content, speaker).T, retrieval_ratio)
        return content

    def _retrieve(self, content: Tensor, speaker: str) -> Tensor:
        known = _find_speaker(self.features, speaker, Message("recorded moments"), FEATURES_FILE)
        found = torch.cdist(content.T, known).topk(min(NEIGHBOURS, len(known)), dim=1, largest=False)
        weights = 1 / found.values.clamp_min(1e-6) ** 4
        weights = weights / weights.sum(dim=1, keepdim=True)
        return (known[found.indices] * weights[..., None]).sum(dim=1)

    def check(self, speaker: str, cluster_ratio: float, retrieval_ratio: float) -> None:
        """Raise `UserError` if clusters or features of the speaker are missing."""
        if cluster_ratio:
            _find_speaker(self.clusters, speaker, Message("clusters"), CLUSTERS_FILE)
        if retrieval_ratio:
            _find_speaker(self.features, speaker, Message("recorded moments"), FEATURES_FILE)


def _find_speaker(known: dict[str, Tensor], speaker: str, what: Message, file: str) -> Tensor:
    if speaker not in known:
        raise UserError(
            "The voice has no {what} of “{speaker}” ({file}). Set that ratio to 0.",
            what=what,
            speaker=speaker,
            file=file,
        )
    return known[speaker]


def load_retrieval(folder: Path, width: int, device: str) -> ContentRetrieval:
    return ContentRetrieval(*(_load(folder / file, width, device) for file in (CLUSTERS_FILE, FEATURES_FILE)))


def _load(path: Path, width: int, device: str) -> dict[str, Tensor]:
    if not path.is_file():
        return {}
    tensors = {name: value.float().to(device) for name, value in load_tensors(path).items()}
    for name, value in tensors.items():
        if value.ndim != 2 or value.shape[1] != width or not len(value) or not torch.isfinite(value).all():
            raise UserError(
                "“{file}” does not fit the voice: “{name}” is not made of {width} numbers each.",
                file=path.name,
                name=name,
                width=width,
            )
    return tensors
