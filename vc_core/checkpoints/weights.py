"""Load weights from untrusted files: safetensors, or pickles with tensors only (`weights_only`), strictly checked."""

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vc_core.errors import Message, UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

MAX_GIGABYTES = 5.0
CORRUPT_FILE_ERRORS = (
    RuntimeError,
    EOFError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""Raised by torch and its unpickler for corrupt files, besides EINVAL for some truncated ones; found by fuzzing."""
BATCH_NORM_COUNTER = ".num_batches_tracked"
"""Used in training only, and missing in some checkpoints."""


def load_tensors(path: Path, *, mmap: bool = False, allow_empty: bool = False) -> dict[str, Any]:
    """Load a checkpoint to the CPU: tensors by name; pickles may also contain plain values.

    `mmap` maps the file into memory, as safetensors always are, instead of reading it; it must not change meanwhile.
    `allow_empty` is for files of our own: some of torch's kernels crash on empty weights.
    """
    if not path.is_file():
        raise UserError("There is no file “{file}”.", file=path.name)
    if path.stat().st_size > MAX_GIGABYTES * 1e9:
        raise UserError(
            "“{file}” is larger than {gigabytes:g} GB, so it is not a voice's checkpoint.",
            file=path.name,
            gigabytes=MAX_GIGABYTES,
        )
    loaded = _read_file(path, mmap=mmap)
    for values in (loaded, *(value for value in loaded.values() if isinstance(value, dict))):
        _check_tensors(values, path, allow_empty=allow_empty)
    return loaded


def _read_file(path: Path, *, mmap: bool) -> dict[str, Any]:
    import pickle
    import zipfile

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if path.suffix == ".safetensors":
        try:
            return dict(load_file(path))
        except SafetensorError as error:
            raise UserError("“{file}” is not a whole safetensors file. Download it again.", file=path.name) from error
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap and zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise UserError(
            "“{file}” was not loaded: it holds code beside its weights, or is damaged. Ask its author for a "
            "safetensors file.",
            file=path.name,
        ) from error
    except (*CORRUPT_FILE_ERRORS, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # an error of the disk, not of the file
            raise
        raise UserError("“{file}” is not a whole checkpoint. Download it again.", file=path.name) from error
    if not isinstance(loaded, dict):
        raise UserError("“{file}” holds no named weights.", file=path.name)
    return loaded


def _check_tensors(values: Mapping[Any, Any], path: Path, *, allow_empty: bool) -> None:
    """Refuse tensors that torch's kernels crash on: empty ones, other layouts, and views larger than the file."""
    import torch

    largest = path.stat().st_size
    for name, value in values.items():
        if not isinstance(value, torch.Tensor):
            continue
        is_plain = value.layout == torch.strided and not value.is_quantized and value.device.type == "cpu"
        if is_plain and value.numel() * value.element_size() > largest:
            raise UserError("“{file}” is not a whole checkpoint. Download it again.", file=path.name)
        if not is_plain or not (value.numel() or allow_empty):
            raise UserError(
                "“{file}” is broken: its tensor {name} is empty or not a plain one.", file=path.name, name=str(name)
            )


def load_weights(module: "nn.Module", tensors: Mapping[str, "Tensor"], *, source: str, assign: bool = False) -> None:
    """Load weights into a network: names and shapes must match exactly, and all values must be finite.

    A layer left at its random initialisation would produce noise without an error. With `assign` the tensors are not
    copied but become the parameters, which may still be on the meta device (`build_on_meta_device`).
    """
    import torch

    expected = {name: value for name, value in module.state_dict().items() if not name.endswith(BATCH_NORM_COUNTER)}
    tensors = {name: value for name, value in tensors.items() if not name.endswith(BATCH_NORM_COUNTER)}
    missing, unknown = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    misshapen = [name for name in expected.keys() & tensors.keys() if expected[name].shape != tensors[name].shape]
    problems = (
        (Message("it lacks weights"), missing),
        (Message("it has unknown weights"), unknown),
        (Message("it has misshapen weights"), sorted(misshapen)),
    )
    for problem, names in problems:
        if names:
            raise UserError(
                "“{source}” does not fit this engine: {problem} ({listed}).",
                source=source,
                problem=problem,
                listed=_list_names(names),
            )
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor.sum(dtype=torch.float64)):
            raise UserError("“{source}” is broken: {name} holds values that are not numbers.", source=source, name=name)
    module.load_state_dict(tensors, strict=False, assign=assign)


def _list_names(names: Sequence[str], most: int = 3) -> str | Message:
    listed = ", ".join(names[:most])
    return Message("{names} and {count} more", names=listed, count=len(names) - most) if names[most:] else listed


def save_tensors(path: Path, tensors: "Mapping[str, Tensor]") -> None:
    from safetensors.torch import save_file

    save_file({name: value.detach().contiguous().clone() for name, value in tensors.items()}, path)
