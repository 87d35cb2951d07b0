"""Read untrusted RoFormer checkpoints as data, with their published names of tensors translated to our network's."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vc_core.checkpoints.weights import load_tensors
from vc_core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

NESTED = ("state_dict", "state", "model_state_dict", "model")
"""Where training programs put the weights."""
PREFIX = "module."
RENAMED = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"band_split\.to_features\.(\d+)\.0\.", r"bands.\1.norm."),
        (r"band_split\.to_features\.(\d+)\.1\.", r"bands.\1.linear."),
        (r"final_norm\.", "norm."),
        (r"mask_estimators\.(\d+)\.to_freqs\.(\d+)\.0\.", r"masks.\1.\2."),
        (r"layers\.(\d+)\.(\d)\.", r"blocks.\1.\2."),
        (r"^(blocks\.\d+\.\d)\.layers\.(\d+)\.0\.", r"\1.attentions.\2."),
        (r"^(blocks\.\d+\.\d)\.layers\.(\d+)\.1\.net\.0\.", r"\1.feed_forwards.\2.norm."),
        (r"^(blocks\.\d+\.\d)\.layers\.(\d+)\.1\.net\.1\.", r"\1.feed_forwards.\2.wide."),
        (r"^(blocks\.\d+\.\d)\.layers\.(\d+)\.1\.net\.4\.", r"\1.feed_forwards.\2.narrow."),
        (r"\.to_qkv\.(0\.)?", ".query_key_value."),
        (r"\.to_gates\.", ".gates."),
        (r"\.to_out\.[01]\.", ".out."),
    )
)
AXES = {2: ("time", "frequency"), 3: ("linear", "time", "frequency")}
"""Transformers of a block, in the checkpoint's order."""
ROTARY = ".rotary_embed.freqs"
OTHER_NETWORKS = {
    "to_value_residual_mix": "value residuals",
    "_bias_": "shared biases",
    "hyper_conn": "hyper-connections",
    ".conv.": "convolutions",
    ".mixer.": "Mamba blocks",
    "encoder.": "encoders, such as Demucs",
}
"""What the names of tensors show of networks that are no plain RoFormers."""


def read_checkpoint(path: Path) -> "dict[str, Tensor]":
    """Weights by our names; raises `UserError` for everything that has no RoFormer's weights, without building it."""
    loaded: Mapping[Any, Any] = load_tensors(path)
    for key in NESTED:
        if isinstance(loaded.get(key), dict):
            loaded = loaded[key]
            break
    _check(loaded, path.name)
    axes = AXES.get(len({name.split(".")[2] for name in loaded if re.match(r"(module\.)?layers\.0\.\d\.", name)}), ())
    tensors = {}
    for name, tensor in loaded.items():
        if name.endswith(ROTARY):
            _check_rotary(name, tensor, path.name)
            continue
        tensors[_rename(name.removeprefix(PREFIX), axes)] = tensor
    return tensors


def _check(loaded: Mapping[Any, Any], source: str) -> None:
    import torch

    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise UserError("“{source}” is no RoFormer: it holds more than weights, or none.", source=source)
    if not any("band_split.to_features." in name for name in loaded):
        raise UserError("“{source}” is no RoFormer: it has no weights of a band split.", source=source)
    for part, kind in OTHER_NETWORKS.items():
        if any(part in name for name in loaded):
            raise UserError(
                "“{source}” is a variant that can't be used here: it has {kind}. Plain BS- and Mel-Band RoFormers can.",
                source=source,
                kind=kind,
            )


def _check_rotary(name: str, frequencies: "Tensor", source: str) -> None:
    """They are the same in all checkpoints, so they are computed and not stored."""
    import torch

    from vc_core.models.roformer.transformer import ROTARY_BASE

    expected = ROTARY_BASE ** (-torch.arange(len(frequencies.flatten())) / len(frequencies.flatten()))
    if not torch.allclose(frequencies.flatten().float(), expected, rtol=2e-3):
        raise UserError("“{source}” has rotary frequencies of its own ({name}).", source=source, name=name)


def _rename(name: str, axes: tuple[str, ...]) -> str:
    for pattern, replacement in RENAMED:
        name = pattern.sub(replacement, name, count=1)
    match = re.match(r"blocks\.(\d+)\.(\d)\.", name)
    if match and int(match[2]) < len(axes):
        name = f"blocks.{match[1]}.{axes[int(match[2])]}.{name[match.end() :]}"
    return name
