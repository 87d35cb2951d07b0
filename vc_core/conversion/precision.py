"""Precision of the networks that sing: exact, or half of it where the processor accelerates that."""

from typing import TYPE_CHECKING, Literal

from vc_core.device import choose_half_precision

if TYPE_CHECKING:
    import torch

Precision = Literal["exact", "fast"]
PRECISIONS: dict[Precision, str] = {
    "exact": "Exact",
    "fast": "Fast: half the precision where the processor has it, about twice the speed",
}


def choose_dtype(precision: Precision, device: "torch.device") -> "torch.dtype":
    import torch

    return (choose_half_precision(device) if precision == "fast" else None) or torch.float32
