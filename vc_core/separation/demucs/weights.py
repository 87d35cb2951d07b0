"""Safe loading of Demucs weights: the class and arguments that a file names are validated before the network is built.

The package's own loaders unpickle arbitrary code; none of them is used.
"""

import hashlib
import importlib
import inspect
import json
import re
from fractions import Fraction
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.errors import UserError

if TYPE_CHECKING:
    from torch import nn

SAMPLE_RATE = 44_100
SOURCES = ("drums", "bass", "other", "vocals")
CLASS_NAME = "demucs.htdemucs.HTDemucs"
REQUIRED_ARGUMENTS: dict[str, object] = {
    "samplerate": SAMPLE_RATE,
    "audio_channels": 2,
    "cac": True,
    "t_emb": "sin",
    "t_sin_random_shift": 0,
    "t_sparse_self_attn": False,
    "t_sparse_cross_attn": False,
    "use_train_segment": True,
}
"""Common to all published networks, and needed for stereo windows of fixed size."""
LARGEST_NUMBER = 44_100
LONGEST_SECONDS = 30
MOST_WEIGHTS = 200_000_000
"""Upper limit against files that name huge sizes; the published networks have 42 million."""
_unpickling_lock = Lock()


def matches_hash(path: Path) -> bool:
    """Whether the file matches its name, which ends with the start of its SHA-256."""
    expected = path.stem.partition("-")[2]
    with path.open("rb") as file:
        return len(expected) >= 8 and hashlib.file_digest(file, "sha256").hexdigest().startswith(expected)


class _Placeholder:
    """Stands in for pickled objects that are not needed, so that they are never instantiated."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


class _ClassPlaceholder(_Placeholder):
    """Stands in for the network class."""


def _parse_fraction(*parts: object) -> Fraction:
    """A pickled fraction, limited to 9 digits."""
    text = "/".join(map(str, parts))
    if not re.fullmatch(r"\d{1,9}(/[1-9]\d{0,8})?", text):
        raise ValueError(f"not a fraction: {text[:20]}")
    return Fraction(text)


SAFE_GLOBALS = (
    (_ClassPlaceholder, CLASS_NAME),
    (_parse_fraction, "fractions.Fraction"),
    (_Placeholder, "numpy.dtype"),  # training scores
    (_Placeholder, "numpy.core.multiarray.scalar"),
    (_Placeholder, "numpy._core.multiarray.scalar"),
)
"""The only globals that a `.th` file may name, and their stand-ins."""


def load_network(path: Path) -> "nn.Module":
    """The network of a `.th` or `.safetensors` file, with its weights."""
    package = _read_safetensors(path) if path.suffix == ".safetensors" else _read_package(path)
    state, kwargs = package.get("state"), package.get("kwargs")
    if package.get("klass") is not _ClassPlaceholder or not isinstance(state, dict) or not isinstance(kwargs, dict):
        raise UserError("“{file}” is not a network of Demucs' hybrid transformer (htdemucs).", file=path.name)
    network = _build_network(package.get("args"), kwargs, path.name)
    load_weights(network, state, source=path.name)
    return network


def _read_package(path: Path) -> dict[str, Any]:
    """Contents of a pickled `.th` file."""
    import torch

    if not matches_hash(path):
        raise UserError(
            "“{file}” is damaged: its name tells another hash. Delete it and download it again.", file=path.name
        )
    with _unpickling_lock, torch.serialization.safe_globals(list(SAFE_GLOBALS)):
        return load_tensors(path)


def _read_safetensors(path: Path) -> dict[str, Any]:
    """The same from a safetensors file of Demucs' Hub repos."""
    from safetensors import safe_open

    state = load_tensors(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
    try:
        args, kwargs = (json.loads(metadata[key], object_hook=_decode_fraction) for key in ("args", "kwargs"))
    except (KeyError, ValueError, RecursionError) as error:
        raise UserError("“{file}” does not say how its network is built.", file=path.name) from error
    klass = _ClassPlaceholder if metadata.get("klass") == CLASS_NAME else None
    return {"klass": klass, "args": args, "kwargs": kwargs, "state": state}


def _decode_fraction(value: dict[str, Any]) -> Any:
    return (
        _parse_fraction(value.get("numerator"), value.get("denominator")) if value.get("_type") == "fraction" else value
    )


def _build_network(args: Any, kwargs: dict[str, Any], source: str) -> "nn.Module":
    """The network as the file describes it, with uninitialised parameters."""
    import torch

    network_class = importlib.import_module("demucs.htdemucs").HTDemucs
    signature = inspect.signature(network_class)
    try:
        # Like the original, drop arguments that the class no longer has.
        bound = signature.bind(*args, **{key: kwargs[key] for key in kwargs if key in signature.parameters})
        bound.apply_defaults()
        _check(bound.arguments)
        with torch.device("meta"):  # allocates no memory
            network: nn.Module = network_class(**bound.arguments)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(
            "“{source}” describes a network that can't be built here: {reason:.100}", source=source, reason=str(error)
        ) from error
    if sum(tensor.numel() for tensor in network.state_dict().values()) > MOST_WEIGHTS:
        raise UserError("“{source}” describes a network that is too large.", source=source)
    return network.to_empty(device="cpu")


def _check(arguments: dict[str, Any]) -> None:
    sources, segment = arguments["sources"], arguments["segment"]
    if not isinstance(sources, list | tuple) or sorted(map(str, sources)) != sorted(SOURCES):
        raise ValueError(f"its stems are not {', '.join(SOURCES)}")
    if not isinstance(segment, int | float | Fraction) or not 0 < segment <= LONGEST_SECONDS:
        raise ValueError(f"its windows are not 0 to {LONGEST_SECONDS} seconds long")
    for name, value in arguments.items():
        if not _is_plain(value) or value != REQUIRED_ARGUMENTS.get(name, value):
            raise ValueError(f"{name} can't be {value!s:.20}")


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= 16 and all(_is_plain(part) for part in value)
    if isinstance(value, int | float | Fraction):
        return -LARGEST_NUMBER <= float(value) <= LARGEST_NUMBER
    return value is None or isinstance(value, str)
