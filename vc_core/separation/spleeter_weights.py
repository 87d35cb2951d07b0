"""Spleeter's weights: out of the official TensorFlow checkpoints, into safetensors, and into the networks."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vc_core.errors import UserError
from vc_core.models.unet import HALVINGS, StemNets
from vc_core.separation.spleeter_models import STEM_NAMES, SpleeterModel
from vc_core.tensorflow_checkpoint import Tensors, read_checkpoint
from vc_core.weights import fill, load_tensors

if TYPE_CHECKING:
    from torch import Tensor


WIDEST = 4096
"""Of a layer that a file may ask for: memory is not to be had by naming a size."""

Weights = dict[str, "Tensor"]


def convert_checkpoint(prefix: Path, model: SpleeterModel, target: Path) -> None:
    """Write what a TensorFlow checkpoint holds as safetensors, once all of it has been found sound."""
    from safetensors.torch import save_file

    weights = weights_of_checkpoint(read_checkpoint(prefix), model)
    metadata = {
        "stems": ",".join(model.stem_names),
        "activation": model.activation,
        "exclusive": str(model.exclusive).lower(),
        "origin": f"Deezer's Spleeter, {model.name}",
        "licence": "MIT",
    }
    _filled(weights, metadata, source=prefix.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    save_file(weights, part, metadata)
    part.replace(target)


def load_nets(path: Path) -> StemNets:
    """The networks of a safetensors file, whatever their width."""
    from safetensors import SafetensorError, safe_open

    weights = {name: tensor.float() for name, tensor in load_tensors(path).items()}
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise UserError(f"“{path.name}” is not a whole safetensors file. Download it again.") from error
    return _filled(weights, metadata, source=path.name)


def weights_of_checkpoint(tensors: Tensors, model: SpleeterModel) -> Weights:
    """The checkpoint's tensors under the names, and in the order of axes, of `StemNets`."""
    import torch

    nets = sum(name.startswith("conv2d_transpose") and name.endswith("/kernel") for name in tensors) / HALVINGS
    if nets != len(model.stem_names):
        raise UserError(f"This checkpoint is not one of {len(model.stem_names)} stems: it holds {nets:g} networks.")
    weights = {}
    for theirs, ours in _names(model):
        if theirs not in tensors:
            raise UserError(f"This checkpoint is not complete: it lacks {theirs}. Download it again.")
        values = np.asarray(tensors[theirs])
        if theirs.endswith("/kernel"):
            if values.ndim != 4:
                raise UserError(f"This checkpoint is not one of Spleeter's: {theirs} has the wrong shape.")
            values = values.transpose(3, 2, 0, 1)  # height, width, in, out; transposed ones have in and out swapped
        weights[ours] = torch.from_numpy(np.array(values, np.float32, order="C"))
    return weights


def _names(model: SpleeterModel) -> Iterator[tuple[str, str]]:
    """Each variable's name in the checkpoint and in `StemNets`; Keras numbers the layers through all networks."""
    for at, stem in enumerate(model.stem_names):
        for level in range(HALVINGS + 1):
            ours = f"convolutions.{level}" if level < HALVINGS else "last"
            yield from _layer(_numbered("conv2d", (HALVINGS + 1) * at + level), f"nets.{stem}.{ours}")
        for level in range(HALVINGS):
            theirs = _numbered("conv2d_transpose", HALVINGS * at + level)
            yield from _layer(theirs, f"nets.{stem}.expansions.{level}")
        for level in range(2 * HALVINGS):
            if level == HALVINGS - 1:
                continue  # the original computes this one, and uses it for nothing
            ours = f"down_norms.{level}" if level < HALVINGS else f"up_norms.{level - HALVINGS}"
            theirs = _numbered("batch_normalization", 2 * HALVINGS * at + level)
            for leaf, our_leaf in NORM_LEAVES.items():
                yield f"{theirs}/{leaf}", f"nets.{stem}.{ours}.{our_leaf}"


NORM_LEAVES = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def _layer(theirs: str, ours: str) -> Iterator[tuple[str, str]]:
    yield f"{theirs}/kernel", f"{ours}.weight"
    yield f"{theirs}/bias", f"{ours}.bias"


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name


def _filled(weights: Weights, metadata: dict[str, Any], *, source: str) -> StemNets:
    stem_names = tuple(metadata.get("stems", "").split(","))
    activation, exclusive = metadata.get("activation"), metadata.get("exclusive")
    if not STEM_NAMES.issuperset(stem_names) or len(set(stem_names)) < max(2, len(stem_names)):
        raise UserError(f"“{source}” does not say which stems it separates, so it is no separation model.")
    if activation not in ("relu", "elu") or exclusive not in ("true", "false"):
        raise UserError(f"“{source}” does not say how its networks are built, so it is no separation model.")
    first = [weights.get(f"nets.{stem_names[0]}.convolutions.{level}.weight") for level in range(HALVINGS)]
    filters = tuple(len(kernel) for kernel in first if kernel is not None and kernel.ndim == 4)
    if len(filters) != HALVINGS or max(filters) > WIDEST:
        raise UserError(f"“{source}” does not fit this engine: its convolutions are missing or misshapen.")
    nets = StemNets(stem_names, filters, activation, exclusive=exclusive == "true")
    fill(nets, weights, source=source)
    return nets
