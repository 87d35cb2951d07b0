"""What a so-vits voice remembers of its recordings: clusters, or single moments, that content is drawn towards.

Nearest moments are weighed by the inverse square of their distance, squared, as retrieval-based conversion does.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from vc_core.errors import UserError
from vc_core.weights import load_tensors

CLUSTERS_FILE, MOMENTS_FILE = "clusters.safetensors", "moments.safetensors"
NEIGHBOURS = 8


@dataclass(frozen=True, eq=False)
class Memory:
    clusters: dict[str, Tensor]
    """Shape (clusters, width) for each singer."""
    moments: dict[str, Tensor]

    def drawn(self, content: Tensor, speaker: str, cluster_ratio: float, retrieval_ratio: float) -> Tensor:
        """Content of shape (width, moments), moved by these ratios."""
        if cluster_ratio:
            centres = _of(self.clusters, speaker, "clusters", CLUSTERS_FILE)
            nearest = centres[torch.cdist(content.T, centres).argmin(dim=1)]
            content = torch.lerp(content, nearest.T, cluster_ratio)
        if retrieval_ratio:
            content = torch.lerp(content, self._retrieved(content, speaker).T, retrieval_ratio)
        return content

    def _retrieved(self, content: Tensor, speaker: str) -> Tensor:
        known = _of(self.moments, speaker, "recorded moments", MOMENTS_FILE)
        found = torch.cdist(content.T, known).topk(min(NEIGHBOURS, len(known)), dim=1, largest=False)
        weights = 1 / found.values.clamp_min(1e-6) ** 4
        weights = weights / weights.sum(dim=1, keepdim=True)
        return (known[found.indices] * weights[..., None]).sum(dim=1)

    def check(self, speaker: str, cluster_ratio: float, retrieval_ratio: float) -> None:
        """Say at once what would be missing later."""
        if cluster_ratio:
            _of(self.clusters, speaker, "clusters", CLUSTERS_FILE)
        if retrieval_ratio:
            _of(self.moments, speaker, "recorded moments", MOMENTS_FILE)


def _of(known: dict[str, Tensor], speaker: str, what: str, file: str) -> Tensor:
    if speaker not in known:
        raise UserError(f"The voice has no {what} of “{speaker}” ({file}). Set that ratio to 0.")
    return known[speaker]


def load_memory(folder: Path, width: int, device: str) -> Memory:
    return Memory(*(_load(folder / file, width, device) for file in (CLUSTERS_FILE, MOMENTS_FILE)))


def _load(path: Path, width: int, device: str) -> dict[str, Tensor]:
    if not path.is_file():
        return {}
    tensors = {name: value.float().to(device) for name, value in load_tensors(path).items()}
    for name, value in tensors.items():
        if value.ndim != 2 or value.shape[1] != width or not len(value) or not torch.isfinite(value).all():
            raise UserError(f"“{path.name}” does not fit the voice: “{name}” is not made of {width} numbers each.")
    return tensors
