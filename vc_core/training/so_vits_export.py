"""What a training of so-vits gives away: a voice for this program, and checkpoints that so-vits-svc-fork reads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from vc_core.training.adversarial import on_cpu
from vc_core.training.so_vits_config import voice_config

WEIGHTS_FILE, CONFIG_FILE, CLUSTERS_FILE = "so_vits.safetensors", "config.json", "clusters.safetensors"
ONLY_TRAINING = "enc_q."
FORK_FOLDER = "so-vits-svc-fork"


@dataclass(frozen=True)
class Place:
    """Where a training is when a checkpoint is written."""

    step: int
    epoch: int
    rate: float
    kept: int
    """So many checkpoints stay."""


def write_voice(folder: Path, generator: nn.Module, config: dict[str, Any]) -> None:
    tensors = {name: value for name, value in generator.state_dict().items() if not name.startswith(ONLY_TRAINING)}
    write_tensors(folder / WEIGHTS_FILE, tensors)
    (folder / CONFIG_FILE).write_text(json.dumps(voice_config(config), indent=2))


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    save_file({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}, path)


def write_for_fork(
    folder: Path, config: dict[str, Any], networks: Mapping[str, tuple[nn.Module, torch.optim.Optimizer]], place: Place
) -> None:
    """`G_<step>.pth`, `D_<step>.pth` and `config.json`; only the newest ones stay."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2))
    for part, (network, optimiser) in networks.items():
        state = {
            "model": on_cpu(dict(network.state_dict())),
            "iteration": place.epoch,
            "optimizer": on_cpu(optimiser.state_dict()),
            "learning_rate": place.rate,
        }
        waiting = folder / f".{part}.part"
        torch.save(state, waiting)
        waiting.replace(folder / f"{part}_{place.step}.pth")
        newest_last = sorted(folder.glob(f"{part}_*.pth"), key=lambda path: int(path.stem[2:]))
        for path in newest_last[: -place.kept]:
            path.unlink()
