"""Load weights from files that nobody vouches for: tensors only, never code, and each where it belongs."""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vc_core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

MAX_GIGABYTES = 5.0
BROKEN = (RuntimeError, EOFError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What torch and its unpickler raise for files that are damaged, beside EINVAL for some that were cut short; found by
damaging many."""
COUNTER = ".num_batches_tracked"


def load_tensors(path: Path, *, mapped: bool = False) -> dict[str, Any]:
    """What a checkpoint holds, on the CPU: tensors by name, and for pickles the plain values beside them.

    What is `mapped` is read when it is used, as safetensors always are; for files that nobody changes meanwhile.
    """
    import pickle
    import zipfile

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise UserError(f"There is no file “{path.name}”.")
    if path.stat().st_size > MAX_GIGABYTES * 1e9:
        raise UserError(f"“{path.name}” is larger than {MAX_GIGABYTES:g} GB, so it is not a voice's checkpoint.")
    if path.suffix == ".safetensors":
        try:
            return dict(load_file(path))
        except SafetensorError as error:
            raise UserError(f"“{path.name}” is not a whole safetensors file. Download it again.") from error
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped and zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise UserError(
            f"“{path.name}” was not loaded: it holds code beside its weights, or is damaged. "
            "Ask its author for a safetensors file."
        ) from error
    except (*BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a fault of the disk, not of the file
            raise
        raise UserError(f"“{path.name}” is not a whole checkpoint. Download it again.") from error
    if not isinstance(loaded, dict):
        raise UserError(f"“{path.name}” holds no named weights.")
    return loaded


def fill(module: "nn.Module", tensors: Mapping[str, "Tensor"], *, source: str, taken: bool = False) -> None:
    """Put weights into a network; every one must have its place and its shape, and be finite.

    A layer left at its random start would make noise without a word, so nothing is left out. Weights that are `taken`
    are not copied, but become the network's own, which may have none of its own yet (`unfilled`).
    """
    import torch

    # How many batches a layer was trained on is counted in it, and read by nothing that comes after.
    wanted = {name: value for name, value in module.state_dict().items() if not name.endswith(COUNTER)}
    tensors = {name: value for name, value in tensors.items() if not name.endswith(COUNTER)}
    missing, unknown = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    misshapen = [name for name in wanted.keys() & tensors.keys() if wanted[name].shape != tensors[name].shape]
    for fault, names in (("lacks", missing), ("has unknown", unknown), ("has misshapen", sorted(misshapen))):
        if names:
            listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise UserError(f"“{source}” does not fit this engine: it {fault} weights ({listed}).")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor.sum(dtype=torch.float64)):
            raise UserError(f"“{source}” is broken: {name} holds values that are not numbers.")
    module.load_state_dict(tensors, strict=False, assign=taken)
