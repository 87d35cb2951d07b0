"""Retrieval of a voice's content features: each frame moves towards its nearest neighbours in the recordings.

The search of an inverted file, as published: the nearest lists by their centroids, then the exact nearest vectors in
them, by matrix products in blocks of bounded size. Weights are the inverse fourth power of the distance.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from vc_core.checkpoints.weights import load_tensors
from vc_core.conversion.rvc.files import INDEX_FILE
from vc_core.conversion.rvc.index_file import FeatureIndex
from vc_core.device import get_free_bytes
from vc_core.errors import UserError

NEIGHBOURS = 8
BLOCK_ROWS = 8192
"""Vectors compared at once: some ten megabytes of distances for a window of a song."""
SMALLEST_SQUARE = 1e-12
"""An exact match would weigh infinitely."""
DEVICE_SHARE = 0.2
"""Of a GPU's free memory, for the vectors."""


@dataclass(frozen=True, eq=False)
class RetrievalIndex:
    vectors: Tensor
    """Shape (vectors, width), list after list."""
    centroids: Tensor
    """Shape (lists, width)."""
    offsets: tuple[int, ...]
    """Where each list begins, and where the last one ends."""
    probes: int

    def retrieve(self, content: Tensor) -> Tensor:
        """The weighted mean of the nearest vectors of each frame; (frames, width) to the same shape."""
        squares = torch.full((len(content), NEIGHBOURS), torch.inf, device=content.device)
        nearest = torch.zeros((len(content), NEIGHBOURS), dtype=torch.int64, device=content.device)
        for frames, start, end in self._find_candidates(content):
            block = self.vectors[start:end].to(content)
            found = measure_squares(content[frames], block)
            rows = torch.arange(start, end, device=content.device).expand(len(frames), -1)
            # Merged with the nearest of the blocks before.
            found, rows = torch.cat([squares[frames], found], 1), torch.cat([nearest[frames], rows], 1)
            squares[frames], order = found.topk(NEIGHBOURS, dim=1, largest=False)
            nearest[frames] = rows.gather(1, order)
        return self._average(content, nearest, squares)

    def _find_candidates(self, content: Tensor) -> Iterator[tuple[Tensor, int, int]]:
        """Frames, and the block of vectors that they are to be compared with."""
        lists = measure_squares(content, self.centroids).topk(self.probes, dim=1, largest=False).indices
        for number in sorted(set(lists.flatten().tolist())):
            frames = (lists == number).any(dim=1).nonzero()[:, 0]
            last = self.offsets[number + 1]
            for start in range(self.offsets[number], last, BLOCK_ROWS):
                yield frames, start, min(start + BLOCK_ROWS, last)

    def _average(self, content: Tensor, nearest: Tensor, squares: Tensor) -> Tensor:
        means = torch.zeros_like(content)
        total = torch.zeros((len(content), 1), dtype=torch.float64, device=content.device)
        for at in range(NEIGHBOURS):
            vectors = self.vectors[nearest[:, at].to(self.vectors.device)].to(content)
            # Measured again: matrix products lose the digits of small distances.
            exact = (vectors - content).square().sum(dim=1, keepdim=True, dtype=torch.float64)
            weights = exact.clamp_min(SMALLEST_SQUARE) ** -2 * torch.isfinite(squares[:, at, None])
            means += (weights * vectors).float()
            total += weights
        # Frames whose lists are empty stay as they are.
        return torch.where(total > 0, (means / total).float(), content)


def measure_squares(content: Tensor, vectors: Tensor) -> Tensor:
    """Squared distances, shape (frames, vectors)."""
    products = torch.addmm(vectors.square().sum(1)[None], content, vectors.T, alpha=-2)
    return (products + content.square().sum(1, keepdim=True)).clamp_min(0)


def save_retrieval(folder: Path, index: FeatureIndex) -> None:
    tensors = {
        "vectors": torch.from_numpy(index.vectors),
        "centroids": torch.from_numpy(index.centroids.copy()),
        "sizes": torch.from_numpy(index.sizes),
        "probes": torch.tensor([index.probes]),
    }
    save_file(tensors, folder / INDEX_FILE)


def load_retrieval(folder: Path, width: int, device: str) -> RetrievalIndex | None:
    """The voice's index, or None; its vectors stay mapped from the file, unless they fit easily on a GPU."""
    path = folder / INDEX_FILE
    if not path.is_file():
        return None
    tensors = load_tensors(path, mmap=True)
    try:
        vectors, centroids, sizes, probes = (tensors[name] for name in ("vectors", "centroids", "sizes", "probes"))
        offsets = (0, *map(int, sizes.cumsum(0)))
        is_valid = (
            vectors.shape == (offsets[-1], width)
            and centroids.shape == (len(sizes), width)
            and bool((sizes >= 0).all())
            and 1 <= int(probes) <= len(sizes)
        )
    except (KeyError, RuntimeError, ValueError) as error:
        raise UserError("The index of this voice is broken. Import the voice again.") from error
    if not is_valid or vectors.dtype != torch.float32 or centroids.dtype != torch.float32:
        raise UserError("The index of this voice is broken. Import the voice again.")
    if device.startswith("cuda") and vectors.nbytes < DEVICE_SHARE * get_free_bytes(device):
        vectors = vectors.to(device)
    return RetrievalIndex(vectors, centroids.to(device), offsets, int(probes))
