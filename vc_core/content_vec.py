"""ContentVec's weights: fetched from the Hub once, and loaded with as many layers as a voice needs."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from vc_core.errors import UserError
from vc_core.home import studio_home
from vc_core.hub import Checkpoint, fetch
from vc_core.models.content_vec import ContentVec
from vc_core.progress import Progress, silent
from vc_core.unfilled import unfilled
from vc_core.weights import fill, load_tensors

CONTENT_VEC = Checkpoint("lengyue233/content-vec-best", "pytorch_model.bin", "ab04aa7067b99ee05cc82499bc64916b980a1967")
MEGABYTES = 378
NOT_USED = ("masked_spec_embed", "lm_head.", "final_proj.", "encoder.layers.")


def content_vec_file() -> Path:
    """Where a person without a connection can put the file by hand."""
    return studio_home() / "models" / "content_vec" / CONTENT_VEC.file


def fetch_content_vec(*, progress: Progress = silent) -> Path:
    """The weights on this disk, downloaded the first time."""
    own = content_vec_file()
    if own.is_file():
        return own
    try:
        found = fetch(CONTENT_VEC, progress=progress)
    except UserError as error:
        raise UserError(
            f"{error} So-vits voices hear through ContentVec ({MEGABYTES} MB): "
            f"without a connection, put its {CONTENT_VEC.file} into {own.parent}."
        ) from error
    return found


def load_content_vec(layers: int, *, is_projected: bool, precision: str = "float32", device: str = "cpu") -> ContentVec:
    """Ready to use; the last one stays in memory."""
    return _loaded(fetch_content_vec(), layers, is_projected, precision, device)


@lru_cache(maxsize=2)
def _loaded(path: Path, layers: int, is_projected: bool, precision: str, device: str) -> ContentVec:
    tensors = load_tensors(path, mapped=True)
    with unfilled():
        network = ContentVec(layers, is_projected=is_projected)
    fill(network, _needed(tensors, layers, is_projected), source=path.name, taken=True)
    return network.to(device, getattr(torch, precision)).eval().requires_grad_(False)


def _needed(tensors: Mapping[str, Tensor], layers: int, is_projected: bool) -> dict[str, Tensor]:
    """The weights of these layers alone, and the near positions' without their norm apart."""
    kept = {name: value for name, value in tensors.items() if not name.startswith(NOT_USED)}
    wanted = tuple(f"encoder.layers.{at}." for at in range(layers))
    kept |= {name: value for name, value in tensors.items() if name.startswith(wanted)}
    if is_projected:
        kept |= {name: value for name, value in tensors.items() if name.startswith("final_proj.")}
    head = "encoder.pos_conv_embed.conv"
    for length, direction in (
        ("weight_g", "weight_v"),
        ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ):
        if f"{head}.{length}" in kept and f"{head}.{direction}" in kept:
            lengths, directions = kept.pop(f"{head}.{length}"), kept.pop(f"{head}.{direction}")
            kept[f"{head}.weight"] = torch._weight_norm(directions, lengths, 2)
    return {name: value.float() for name, value in kept.items()}
