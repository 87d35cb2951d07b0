"""Fold weight norm into plain weights: a magnitude and a direction become one tensor."""

import torch
from torch import Tensor

from vc_core.errors import UserError


def fold_weight_norm(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each pair of `weight_g` and `weight_v` becomes the weight itself."""
    folded = dict(tensors)
    for name in tensors:
        if name.endswith(".weight_g") and (other := f"{name[:-1]}v") in tensors:
            magnitude, direction = folded.pop(name), folded.pop(other)
            folded[name.removesuffix("_g")] = compute_weight(direction, magnitude, 0, name)
    return folded


def compute_weight(direction: Tensor, magnitude: Tensor, axis: int, name: str) -> Tensor:
    """The weight whose norms along `axis` are `magnitude`; raises `UserError` if the shapes don't belong together."""
    expected = [size if at == axis else 1 for at, size in enumerate(direction.shape)]
    # Torch reads out of bounds or divides by zero for other shapes.
    if not direction.numel() or axis >= direction.ndim or list(magnitude.shape) != expected:
        raise UserError("The checkpoint is broken: {name} does not fit its direction.", name=name)
    return torch._weight_norm(direction.float(), magnitude.float(), axis)
