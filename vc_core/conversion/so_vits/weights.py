"""Weights of untrusted so-vits checkpoints: read as data, without training-only tensors, stored as safetensors."""

import importlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vc_core.checkpoints.weights import load_tensors
from vc_core.conversion.so_vits.config import SoVitsConfig, SoVitsShape
from vc_core.errors import UserError
from vc_core.models.weight_norm import fold_weight_norm

ONLY_TRAINING = ("enc_q.",)
MOST_CENTRES = 50_000
_unpickling_lock = Lock()


@dataclass(frozen=True, eq=False)
class GeneratorWeights:
    tensors: dict[str, Tensor]
    """By the checkpoint's tensor names."""

    @cached_property
    def folded(self) -> dict[str, Tensor]:
        return fold_weight_norm(self.tensors)

    def check(self, shape: SoVitsShape, source: str) -> None:
        """Build the network once; raises `UserError` if the tensors don't fit."""
        from vc_core.conversion.so_vits.network import build_network

        build_network(shape, self.folded, source)


def read_generator(path: Path) -> GeneratorWeights:
    loaded = load_tensors(path)
    model = loaded.get("model", loaded)
    if not isinstance(model, dict) or not all(isinstance(value, Tensor) for value in model.values()):
        raise UserError(
            "“{file}” holds more than weights, or none. A so-vits generator's name begins with G_.", file=path.name
        )
    return GeneratorWeights(
        {str(name): value for name, value in model.items() if not str(name).startswith(ONLY_TRAINING)}
    )


def read_clusters(path: Path, config: SoVitsConfig, width: int) -> dict[str, Tensor]:
    """Cluster centres of each speaker, shape (clusters, width), from the original's k-means file."""
    if path.suffix == ".safetensors":
        found: dict[str, Any] = load_tensors(path)
    else:
        with _unpickling_lock, torch.serialization.safe_globals(_list_array_globals()):
            loaded = load_tensors(path)
        found = {name: _read_centres(value) for name, value in loaded.items()}
    for centres in found.values():
        if not isinstance(centres, Tensor) or centres.ndim != 2 or not 1 <= len(centres) <= MOST_CENTRES:
            raise UserError("“{file}” is no file of clusters.", file=path.name)
        if centres.shape[1] != width:
            raise UserError(
                "“{file}” does not fit the voice: it hears {width} numbers, not {found}.",
                file=path.name,
                width=width,
                found=centres.shape[1],
            )
        if not torch.isfinite(centres.float()).all():
            raise UserError("“{file}” is broken: it holds values that are not numbers.", file=path.name)
    known = {name: value.float() for name, value in found.items() if name in config.speakers}
    if not known:
        raise UserError(
            "“{file}” has clusters of other singers: {singers}.",
            file=path.name,
            singers=", ".join(map(str, list(found)[:5])),
        )
    return known


def _read_centres(value: Any) -> Tensor | None:
    centres = value.get("cluster_centers_") if isinstance(value, dict) else None
    return torch.from_numpy(np.ascontiguousarray(centres, np.float32)) if isinstance(centres, np.ndarray) else None


def _list_array_globals() -> list[Any]:
    """The safe globals with which numpy arrays are unpickled."""
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
