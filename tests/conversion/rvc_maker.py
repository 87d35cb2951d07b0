"""RVC checkpoints for tests: seeded weights in the genuine format of each version, tiny or of the real size.

Names and shapes are compared with an independent implementation's in `test_parity`.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vc_core.conversion.rvc.shape import BLOCK_DILATIONS, BLOCK_KERNELS, LAYOUTS, DecoderLayout
from vc_core.models.nsf_hifigan import GeneratorShape
from vc_core.models.rvc.network import RvcNetwork
from vc_core.models.rvc.shape import RvcShape

WEIGHT_NORM = re.compile(r"(flow\..*\.enc\.\w+|dec\.ups|dec\.resblocks)\b.*\.weight")
TINY = {"width": 16, "inner": 16, "filter": 32, "layers": 2, "channels": 64, "speakers": 4, "speaker": 8}
REAL = {"width": 192, "inner": 192, "filter": 768, "layers": 6, "channels": 512, "speakers": 109, "speaker": 256}


@dataclass(frozen=True)
class Kind:
    version: str
    rate: str
    has_pitch: bool = True

    def __str__(self) -> str:
        return f"{self.version} {self.rate}{'' if self.has_pitch else ' without pitch'}"

    @property
    def layout(self) -> DecoderLayout:
        stages = 5 if self.version == "v1" and self.rate != "40k" else 4
        rate = int(self.rate[:-1]) * 1000
        return next(one for one in LAYOUTS if one.sample_rate == rate and len(one.rates) == stages)


KINDS = [
    Kind(version, rate, has_pitch)
    for version in ("v1", "v2")
    for rate in ("32k", "40k", "48k")
    for has_pitch in (True, False)
]


def shape_of(kind: Kind, *, is_tiny: bool = True) -> RvcShape:
    size = TINY if is_tiny else REAL
    generator = GeneratorShape(
        size["inner"], size["channels"], kind.layout.rates, kind.layout.kernels, BLOCK_KERNELS, BLOCK_DILATIONS,
        speaker_width=size["speaker"], harmonics=int(kind.has_pitch), has_output_bias=False,
    )  # fmt: skip
    return RvcShape(
        content_width=256 if kind.version == "v1" else 768, width=size["width"], inner_width=size["inner"],
        filter_width=size["filter"], heads=2, layers=size["layers"], kernel=3, reach=10, couplings=4, flow_layers=3,
        flow_kernel=5, speakers=size["speakers"], speaker_width=size["speaker"], generator=generator,
    )  # fmt: skip


def config_of(kind: Kind, *, is_tiny: bool = True) -> list[Any]:
    size, layout = TINY if is_tiny else REAL, kind.layout
    return [
        513 if kind.rate == "32k" else 1025, 32, size["inner"], size["width"], size["filter"], 2, size["layers"], 3, 0,
        "1", list(BLOCK_KERNELS), [list(row) for row in BLOCK_DILATIONS], list(layout.rates), size["channels"],
        list(layout.kernels), size["speakers"], size["speaker"], layout.sample_rate,
    ]  # fmt: skip


def make_tensors(kind: Kind, *, is_tiny: bool = True, seed: int = 0) -> dict[str, torch.Tensor]:
    """Seeded tensors by their published names, with weight norm, as RVC exports them: in half precision."""
    torch.manual_seed(seed)
    with torch.device("meta"):
        shapes = RvcNetwork(shape_of(kind, is_tiny=is_tiny)).state_dict()
    tensors = {}
    for name, meta in shapes.items():
        shape = [
            size for at, size in enumerate(meta.shape) if not (name.startswith("dec.") and meta.ndim == 4 and at == 2)
        ]
        value = _draw(name, torch.Size(shape))
        if WEIGHT_NORM.fullmatch(name):
            tensors[f"{name}_g"] = value.flatten(1).norm(dim=1).reshape(-1, *[1] * (value.ndim - 1)).half()
            tensors[f"{name}_v"] = value.half()
        else:
            tensors[name] = value.half()
    return tensors


def _draw(name: str, shape: torch.Size) -> torch.Tensor:
    """Weights that let through what goes in; trained ones do, fresh ones hardly."""
    if name.endswith("gamma"):
        return torch.ones(shape) + 0.1 * torch.randn(shape)
    if name.endswith(("beta", "bias")):
        return 0.05 * torch.randn(shape)
    if "l_linear" in name:
        return torch.full(shape, 8.0)
    fan = shape[1:].numel() if len(shape) > 1 else 1
    gain = {"dec.ups": 2.0, "dec.noi": 2.0, "dec.res": 0.6, "dec.con": 0.5}.get(name[:7], 1.0)
    if ".post." in name:
        gain = 0.5
    return gain * torch.randn(shape) / fan**0.5


def export_of(kind: Kind, **options: Any) -> dict[str, Any]:
    """What RVC's training exports."""
    is_tiny = options.get("is_tiny", True)
    return {
        "weight": OrderedDict(make_tensors(kind, **options)),
        "config": config_of(kind, is_tiny=is_tiny),
        "info": "200epoch",
        "sr": kind.rate,
        "f0": int(kind.has_pitch),
        "version": kind.version,
    }


def write_export(path: Path, kind: Kind = Kind("v2", "40k"), **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(export_of(kind, **options), path)
    return path


def training_of(kind: Kind, **options: Any) -> dict[str, Any]:
    """A `G_….pth`: in single precision, with the posterior encoder and the optimiser's state."""
    tensors = {name: value.float() for name, value in make_tensors(kind, **options).items()}
    posterior = {"enc_q.pre.weight": torch.randn(16, 1025, 1), "enc_q.pre.bias": torch.randn(16)}
    optimiser = {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 1e-4, "params": [0]}]}
    return {"model": tensors | posterior, "iteration": 40, "optimizer": optimiser, "learning_rate": 1e-4}


def features_of(rows: int, width: int = 768, seed: int = 0) -> np.ndarray:
    """Content features in some clusters, about as large as ContentVec's; shape (rows, width)."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(2, rows // 50), width), np.float32)
    return 0.3 * (centres[rng.integers(len(centres), size=rows)] + 0.5 * rng.standard_normal((rows, width), np.float32))
