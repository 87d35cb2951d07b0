"""The tensors of so-vits checkpoints: read as data, freed from what only training uses, kept as safetensors."""

import importlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from vc_core.conversion.so_vits_config import SoVitsConfig, SoVitsShape
from vc_core.errors import UserError
from vc_core.models.nsf_hifigan import with_norms_folded
from vc_core.weights import load_tensors

ONLY_TRAINING = ("enc_q.",)
MOST_CENTRES = 50_000
_one_at_a_time = Lock()


@dataclass(frozen=True, eq=False)
class Generator:
    tensors: dict[str, Tensor]
    """With the checkpoint's own names."""

    @cached_property
    def folded(self) -> dict[str, Tensor]:
        return with_norms_folded(self.tensors)

    def check(self, shape: SoVitsShape, source: str) -> None:
        """Build the network once, which says in a sentence what doesn't fit."""
        from vc_core.conversion.so_vits_network import build_network

        build_network(shape, self.folded, source)


def read_generator(path: Path) -> Generator:
    loaded = load_tensors(path)
    model = loaded.get("model", loaded)
    if not isinstance(model, dict) or not all(isinstance(value, Tensor) for value in model.values()):
        raise UserError(f"“{path.name}” holds more than weights, or none. A so-vits generator's name begins with G_.")
    return Generator({str(name): value for name, value in model.items() if not str(name).startswith(ONLY_TRAINING)})


def read_clusters(path: Path, config: SoVitsConfig, width: int) -> dict[str, Tensor]:
    """The centres of each singer, by name, from the file that the original's training of clusters writes."""
    if path.suffix == ".safetensors":
        found: dict[str, Any] = load_tensors(path)
    else:
        with _one_at_a_time, torch.serialization.safe_globals(_number_types()):
            loaded = load_tensors(path)
        found = {name: _centres(value) for name, value in loaded.items()}
    for centres in found.values():
        if not isinstance(centres, Tensor) or centres.ndim != 2 or not 1 <= len(centres) <= MOST_CENTRES:
            raise UserError(f"“{path.name}” is no file of clusters.")
        if centres.shape[1] != width:
            raise UserError(f"“{path.name}” does not fit the voice: it hears {width} numbers, not {centres.shape[1]}.")
        if not torch.isfinite(centres.float()).all():
            raise UserError(f"“{path.name}” is broken: it holds values that are not numbers.")
    known = {name: value.float() for name, value in found.items() if name in config.speakers}
    if not known:
        raise UserError(f"“{path.name}” has clusters of other singers: {', '.join(map(str, list(found)[:5]))}.")
    return known


def _centres(value: Any) -> Tensor | None:
    centres = value.get("cluster_centers_") if isinstance(value, dict) else None
    return torch.from_numpy(np.ascontiguousarray(centres, np.float32)) if isinstance(centres, np.ndarray) else None


def _number_types() -> list[Any]:
    """All that an array of numbers is pickled with, and nothing that does anything."""
    multiarray = importlib.import_module("numpy._core.multiarray")
    rebuild, scalar = multiarray._reconstruct, multiarray.scalar
    kinds = [np.dtypes.Float32DType, np.dtypes.Float64DType, np.dtypes.Int32DType, np.dtypes.Int64DType]
    # Each by its old and its new name.
    return [
        (rebuild, "numpy.core.multiarray._reconstruct"),
        (rebuild, "numpy._core.multiarray._reconstruct"),
        (scalar, "numpy.core.multiarray.scalar"),
        (scalar, "numpy._core.multiarray.scalar"),
        np.ndarray,
        np.dtype,
        *kinds,
    ]


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    save_file({name: value.detach().contiguous().clone() for name, value in tensors.items()}, path)
