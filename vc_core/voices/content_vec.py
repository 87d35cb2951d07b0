"""ContentVec weights: fetched from the Hub once, and loaded with the layers that a voice needs."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from vc_core.checkpoints.hub import Checkpoint, fetch, is_cached
from vc_core.checkpoints.meta_device import build_on_meta_device
from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.errors import UserError
from vc_core.home import get_studio_home
from vc_core.models.content_vec import PROJECTED_WIDTH, ContentVec
from vc_core.models.weight_norm import compute_weight
from vc_core.progress import Progress, silent

CONTENT_VEC = Checkpoint("lengyue233/content-vec-best", "pytorch_model.bin", "ab04aa7067b99ee05cc82499bc64916b980a1967")
MEGABYTES = 378
CONTENT_LAYERS = {PROJECTED_WIDTH: 9, 768: 12}
"""The layer whose output a voice was trained on, by the width of its content features."""
UNUSED = ("masked_spec_embed", "lm_head.", "final_proj.", "encoder.layers.")


def get_content_vec_path() -> Path:
    """Where the file can be put by hand on a machine without a connection."""
    return get_studio_home() / "models" / "content_vec" / CONTENT_VEC.file


def get_content_vec_download_megabytes() -> int:
    """0 if the weights are on this disk."""
    if get_content_vec_path().is_file() or is_cached(CONTENT_VEC):
        return 0
    return MEGABYTES


def fetch_content_vec(*, progress: Progress = silent) -> Path:
    """The weights on this disk, downloaded the first time."""
    local = get_content_vec_path()
    if local.is_file():
        return local
    try:
        found = fetch(CONTENT_VEC, progress=progress)
    except UserError as error:
        raise UserError(
            "{error} Voices of RVC and so-vits-svc need ContentVec ({megabytes} MB): without a connection, put its "
            "{file} "
            "into {folder}.",
            error=error,
            megabytes=MEGABYTES,
            file=CONTENT_VEC.file,
            folder=str(local.parent),
        ) from error
    return found


def load_content_vec(layers: int, *, is_projected: bool, precision: str = "float32", device: str = "cpu") -> ContentVec:
    """Ready to use; the last two stay in memory."""
    return _load(fetch_content_vec(), layers, is_projected, precision, device)


def load_for_width(width: int, device: torch.device | str, dtype: torch.dtype = torch.float32) -> ContentVec:
    """The encoder of a voice whose content features are so wide."""
    is_projected, precision = width == PROJECTED_WIDTH, str(dtype).removeprefix("torch.")
    return load_content_vec(CONTENT_LAYERS[width], is_projected=is_projected, precision=precision, device=str(device))


@lru_cache(maxsize=2)
def _load(path: Path, layers: int, is_projected: bool, precision: str, device: str) -> ContentVec:
    tensors = load_tensors(path, mmap=True)
    with build_on_meta_device():
        network = ContentVec(layers, is_projected=is_projected)
    load_weights(network, _select_weights(tensors, layers, is_projected), source=path.name, assign=True)
    return network.to(device, getattr(torch, precision)).eval().requires_grad_(False)


def _select_weights(tensors: Mapping[str, Tensor], layers: int, is_projected: bool) -> dict[str, Tensor]:
    """Only the weights of these layers; weight norm of the position embedding is folded in."""
    needed = {name: value for name, value in tensors.items() if not name.startswith(UNUSED)}
    layer_names = tuple(f"encoder.layers.{at}." for at in range(layers))
    needed |= {name: value for name, value in tensors.items() if name.startswith(layer_names)}
    if is_projected:
        needed |= {name: value for name, value in tensors.items() if name.startswith("final_proj.")}
    head = "encoder.pos_conv_embed.conv"
    for magnitude, direction in (
        ("weight_g", "weight_v"),
        ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ):
        if f"{head}.{magnitude}" in needed and f"{head}.{direction}" in needed:
            magnitudes, directions = needed.pop(f"{head}.{magnitude}"), needed.pop(f"{head}.{direction}")
            needed[f"{head}.weight"] = compute_weight(directions, magnitudes, 2, head)
    return {name: value.float() for name, value in needed.items()}
