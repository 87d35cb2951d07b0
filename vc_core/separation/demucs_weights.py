"""Demucs' weights, read as data: a file names its class and how that is built, and both are checked before it is built.

The package's own loaders run what a file tells them to run; none of them is used.
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

from vc_core.errors import UserError
from vc_core.weights import fill, load_tensors

if TYPE_CHECKING:
    from torch import nn

RATE = 44_100
SOURCES = ("drums", "bass", "other", "vocals")
CLASS_NAME = "demucs.htdemucs.HTDemucs"
MUST_BE: dict[str, object] = {
    "samplerate": RATE,
    "audio_channels": 2,
    "cac": True,
    "t_emb": "sin",
    "t_sin_random_shift": 0,
    "t_sparse_self_attn": False,
    "t_sparse_cross_attn": False,
    "use_train_segment": True,
}
"""What all published networks share, and what windows of one size in stereo need."""
LARGEST_NUMBER = 44_100
LONGEST_SECONDS = 30
MOST_WEIGHTS = 200_000_000
"""The published networks have 42 million; memory is not to be had by naming a size."""
_one_at_a_time = Lock()


def has_its_hash(path: Path) -> bool:
    """Whether the file is what its name says, which ends with the start of its SHA-256."""
    wanted = path.stem.partition("-")[2]
    with path.open("rb") as file:
        return len(wanted) >= 8 and hashlib.file_digest(file, "sha256").hexdigest().startswith(wanted)


class _Unread:
    """Takes the place of what a checkpoint names beside its weights: it must not come to life here."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


class _TheClass(_Unread):
    """Takes the place of the network's class."""


def _fraction(*parts: object) -> Fraction:
    """A fraction as it was pickled, of numbers so short that they can't take long."""
    text = "/".join(map(str, parts))
    if not re.fullmatch(r"\d{1,9}(/[1-9]\d{0,8})?", text):
        raise ValueError(f"not a fraction: {text[:20]}")
    return Fraction(text)


PLACES = (
    (_TheClass, CLASS_NAME),
    (_fraction, "fractions.Fraction"),
    (_Unread, "numpy.dtype"),  # the scores of the training
    (_Unread, "numpy.core.multiarray.scalar"),
    (_Unread, "numpy._core.multiarray.scalar"),
)
"""All that a `.th` file may name beside tensors, and what is put there."""


def load_network(path: Path) -> "nn.Module":
    """The network of a `.th` or `.safetensors` file, with its weights."""
    package = _read_safetensors(path) if path.suffix == ".safetensors" else _read_package(path)
    state, kwargs = package.get("state"), package.get("kwargs")
    if package.get("klass") is not _TheClass or not isinstance(state, dict) or not isinstance(kwargs, dict):
        raise UserError(f"“{path.name}” is not a network of Demucs' hybrid transformer (htdemucs).")
    network = _built(package.get("args"), kwargs, path.name)
    fill(network, state, source=path.name)
    return network


def _read_package(path: Path) -> dict[str, Any]:
    """What a file holds that Demucs has written by pickling."""
    import torch

    if not has_its_hash(path):
        raise UserError(f"“{path.name}” is damaged: its name tells another hash. Delete it and download it again.")
    with _one_at_a_time, torch.serialization.safe_globals(list(PLACES)):
        return load_tensors(path)


def _read_safetensors(path: Path) -> dict[str, Any]:
    """The same from a file of Demucs' repos on the Hub."""
    from safetensors import safe_open

    state = load_tensors(path)
    with safe_open(path, "pt") as file:
        about = file.metadata() or {}
    try:
        args, kwargs = (json.loads(about[key], object_hook=_decoded) for key in ("args", "kwargs"))
    except (KeyError, ValueError, RecursionError) as error:
        raise UserError(f"“{path.name}” does not say how its network is built.") from error
    klass = _TheClass if about.get("klass") == CLASS_NAME else None
    return {"klass": klass, "args": args, "kwargs": kwargs, "state": state}


def _decoded(value: dict[str, Any]) -> Any:
    return _fraction(value.get("numerator"), value.get("denominator")) if value.get("_type") == "fraction" else value


def _built(args: Any, kwargs: dict[str, Any], source: str) -> "nn.Module":
    """The network as the file describes it; its weights are not set yet."""
    import torch

    network_class = importlib.import_module("demucs.htdemucs").HTDemucs
    signature = inspect.signature(network_class)
    try:
        # Like the original, drop what the class no longer knows.
        bound = signature.bind(*args, **{key: kwargs[key] for key in kwargs if key in signature.parameters})
        bound.apply_defaults()
        _check(bound.arguments)
        with torch.device("meta"):  # which takes no memory
            network: nn.Module = network_class(**bound.arguments)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"“{source}” describes a network that can't be built here: {error!s:.100}") from error
    if sum(tensor.numel() for tensor in network.state_dict().values()) > MOST_WEIGHTS:
        raise UserError(f"“{source}” describes a network that is too large.")
    return network.to_empty(device="cpu")


def _check(arguments: dict[str, Any]) -> None:
    sources, segment = arguments["sources"], arguments["segment"]
    if not isinstance(sources, list | tuple) or sorted(map(str, sources)) != sorted(SOURCES):
        raise ValueError(f"its stems are not {', '.join(SOURCES)}")
    if not isinstance(segment, int | float | Fraction) or not 0 < segment <= LONGEST_SECONDS:
        raise ValueError(f"its windows are not 0 to {LONGEST_SECONDS} seconds long")
    for name, value in arguments.items():
        if not _is_plain(value) or value != MUST_BE.get(name, value):
            raise ValueError(f"{name} can't be {value!s:.20}")


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= 16 and all(_is_plain(part) for part in value)
    if isinstance(value, int | float | Fraction):
        return -LARGEST_NUMBER <= float(value) <= LARGEST_NUMBER
    return value is None or isinstance(value, str)
