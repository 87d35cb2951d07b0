"""Spleeter weights: convert the official TensorFlow checkpoints to safetensors, and load them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vc_core.checkpoints.tensorflow_checkpoint import Tensors, read_checkpoint
from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.errors import UserError
from vc_core.models.unet import HALVINGS, StemNets
from vc_core.separation.spleeter.layouts import STEM_NAMES, SpleeterModel

if TYPE_CHECKING:
    from torch import Tensor


WIDEST = 4096
"""Upper limit on channels, against files that name huge sizes."""

Weights = dict[str, "Tensor"]


def convert_checkpoint(prefix: Path, model: SpleeterModel, target: Path) -> None:
    """Write a TensorFlow checkpoint as safetensors, after validating all of it."""
    from safetensors.torch import save_file

    weights = map_checkpoint(read_checkpoint(prefix), model)
    metadata = {
        "stems": ",".join(model.stem_names),
        "activation": model.activation,
        "exclusive": str(model.exclusive).lower(),
        "origin": f"Deezer's Spleeter, {model.name}",
        "licence": "MIT",
    }
    _build_nets(weights, metadata, source=prefix.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    save_file(weights, part, metadata)
    part.replace(target)


def load_nets(path: Path) -> StemNets:
    """The networks of a safetensors file, of any width."""
    from safetensors import SafetensorError, safe_open

    weights = {name: tensor.float() for name, tensor in load_tensors(path).items()}
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise UserError("“{file}” is not a whole safetensors file. Download it again.", file=path.name) from error
    return _build_nets(weights, metadata, source=path.name)


def map_checkpoint(tensors: Tensors, model: SpleeterModel) -> Weights:
    """The checkpoint's tensors with the names and axis order of `StemNets`."""
    import torch

    nets = sum(name.startswith("conv2d_transpose") and name.endswith("/kernel") for name in tensors) / HALVINGS
    if nets != len(model.stem_names):
        raise UserError(
            "This checkpoint is not one of {stems} stems: it holds {networks:g} networks.",
            stems=len(model.stem_names),
            networks=nets,
        )
    weights = {}
    for theirs, ours in _list_names(model):
        if theirs not in tensors:
            raise UserError("This checkpoint is not complete: it lacks {name}. Download it again.", name=theirs)
        values = np.asarray(tensors[theirs])
        if theirs.endswith("/kernel"):
            if values.ndim != 4:
                raise UserError("This checkpoint is not one of Spleeter's: {name} has the wrong shape.", name=theirs)
            values = values.transpose(3, 2, 0, 1)  # height, width, in, out; transposed ones have in and out swapped
        weights[ours] = torch.from_numpy(np.array(values, np.float32, order="C"))
    return weights


def _list_names(model: SpleeterModel) -> Iterator[tuple[str, str]]:
    """Pairs of variable names in the checkpoint and `StemNets`; Keras numbers layers across all networks."""
    for at, stem in enumerate(model.stem_names):
        for level in range(HALVINGS + 1):
            ours = f"convolutions.{level}" if level < HALVINGS else "last"
            yield from _list_layer_names(_number_layer("conv2d", (HALVINGS + 1) * at + level), f"nets.{stem}.{ours}")
        for level in range(HALVINGS):
            theirs = _number_layer("conv2d_transpose", HALVINGS * at + level)
            yield from _list_layer_names(theirs, f"nets.{stem}.expansions.{level}")
        for level in range(2 * HALVINGS):
            if level == HALVINGS - 1:
                continue  # the original computes this norm without using it
            ours = f"down_norms.{level}" if level < HALVINGS else f"up_norms.{level - HALVINGS}"
            theirs = _number_layer("batch_normalization", 2 * HALVINGS * at + level)
            for leaf, our_leaf in NORM_LEAVES.items():
                yield f"{theirs}/{leaf}", f"nets.{stem}.{ours}.{our_leaf}"


NORM_LEAVES = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def _list_layer_names(theirs: str, ours: str) -> Iterator[tuple[str, str]]:
    yield f"{theirs}/kernel", f"{ours}.weight"
    yield f"{theirs}/bias", f"{ours}.bias"


def _number_layer(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name


def _build_nets(weights: Weights, metadata: dict[str, Any], *, source: str) -> StemNets:
    stem_names = tuple(metadata.get("stems", "").split(","))
    activation, exclusive = metadata.get("activation"), metadata.get("exclusive")
    if not STEM_NAMES.issuperset(stem_names) or len(set(stem_names)) < max(2, len(stem_names)):
        raise UserError(
            "“{source}” does not say which stems it separates, so it is no separation model.", source=source
        )
    if activation not in ("relu", "elu") or exclusive not in ("true", "false"):
        raise UserError(
            "“{source}” does not say how its networks are built, so it is no separation model.", source=source
        )
    first = [weights.get(f"nets.{stem_names[0]}.convolutions.{level}.weight") for level in range(HALVINGS)]
    filters = tuple(len(kernel) for kernel in first if kernel is not None and kernel.ndim == 4)
    if len(filters) != HALVINGS or max(filters) > WIDEST:
        raise UserError(
            "“{source}” does not fit this engine: its convolutions are missing or misshapen.", source=source
        )
    nets = StemNets(stem_names, filters, activation, exclusive=exclusive == "true")
    load_weights(nets, weights, source=source)
    return nets
