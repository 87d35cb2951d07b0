"""Small networks of Demucs' own class with random weights, written as the published files are."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from demucs.htdemucs import HTDemucs
from demucs.states import get_state, save_with_checksum
from safetensors.torch import save_file

SOURCES = ["drums", "bass", "other", "vocals"]
SEGMENT = Fraction(4, 5)
"""Seconds; a quarter of it is an even number of frames, so that our windows are the original's to the sample."""
HTDEMUCS_YAML = "models: ['955717e8']\n"
HTDEMUCS_FT_YAML = """models: ['f7e0c4bc', 'd12395a8', '92cfc3b6', '04573f0d']
weights: [
  [1., 0., 0., 0.],
  [0., 1., 0., 0.],
  [0., 0., 1., 0.],
  [0., 0., 0., 1.],
]"""


def make_network(seed: int = 0, **changes) -> HTDemucs:
    torch.manual_seed(seed)
    sizes = {"channels": 8, "dconv_mode": 3, "t_layers": 1, "t_heads": 2, "t_dropout": 0.02, "multi_freqs": []}
    network = HTDemucs(sources=SOURCES, samplerate=44_100, segment=SEGMENT, **sizes | changes)
    # At its random start it gives nearly the same for each stem, and hardly uses what is deep inside it.
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network


def make_package(network: HTDemucs) -> dict:
    """What `demucs.states.serialize_model` packs, without its need for omegaconf, and with scores beside it."""
    args, kwargs = network._init_args_kwargs
    return {
        "klass": HTDemucs,
        "args": args,
        "kwargs": kwargs,
        "state": get_state(network, None, half=True),
        "training_args": {"epochs": 360, "optim": {"lr": 3e-4}, "seed": 42},
        "metrics": {"nsdr": np.float64(9.1), "stems": [np.float32(8.5)]},
    }


def save_package(folder: Path, signature: str, package: object) -> Path:
    """`signature-hash.th`."""
    before = set(folder.iterdir())
    save_with_checksum(package, folder / f"{signature}.th")
    (path,) = set(folder.iterdir()) - before
    return path


def save_safetensors(path: Path, network: HTDemucs, **changes) -> Path:
    """As Demucs' repos on the Hub have it: the class and how it is built as JSON in the metadata."""

    def encoded(value: Fraction) -> dict:
        return {"_type": "fraction", "numerator": value.numerator, "denominator": value.denominator}

    args, kwargs = network._init_args_kwargs
    about = {
        "klass": "demucs.htdemucs.HTDemucs",
        "args": json.dumps(args, default=encoded),
        "kwargs": json.dumps(kwargs, default=encoded),
    }
    save_file(
        {name: value.contiguous() for name, value in get_state(network, None, half=True).items()}, path, about | changes
    )
    return path
