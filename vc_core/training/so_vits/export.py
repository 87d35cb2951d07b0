"""Export of a so-vits training: the files of a voice, and checkpoints in the format of so-vits-svc-fork."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from vc_core.training.adversarial import move_to_cpu
from vc_core.training.so_vits.config import select_voice_config
from vc_core.voices.so_vits_files import CONFIG_FILE, WEIGHTS_FILE

POSTERIOR_ENCODER = "enc_q."
"""Only training needs it."""
FORK_FOLDER = "so-vits-svc-fork"


@dataclass(frozen=True)
class CheckpointInfo:
    """The training's progress when a checkpoint is written."""

    step: int
    epoch: int
    learning_rate: float
    kept: int
    """Number of checkpoints to keep."""


def write_voice(folder: Path, generator: nn.Module, config: dict[str, Any]) -> None:
    tensors = {name: value for name, value in generator.state_dict().items() if not name.startswith(POSTERIOR_ENCODER)}
    write_tensors(folder / WEIGHTS_FILE, tensors)
    (folder / CONFIG_FILE).write_text(json.dumps(select_voice_config(config), indent=2))


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    save_file({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}, path)


def write_fork_checkpoints(
    folder: Path,
    config: dict[str, Any],
    networks: Mapping[str, tuple[nn.Module, torch.optim.Optimizer]],
    info: CheckpointInfo,
) -> None:
    """Write `G_<step>.pth`, `D_<step>.pth` and `config.json`, and delete older checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2))
    for name, (network, optimiser) in networks.items():
        state = {
            "model": move_to_cpu(dict(network.state_dict())),
            "iteration": info.epoch,
            "optimizer": move_to_cpu(optimiser.state_dict()),
            "learning_rate": info.learning_rate,
        }
        partial = folder / f".{name}.part"
        torch.save(state, partial)
        partial.replace(folder / f"{name}_{info.step}.pth")
        newest_last = sorted(folder.glob(f"{name}_*.pth"), key=lambda path: int(path.stem[2:]))
        for path in newest_last[: -info.kept]:
            path.unlink()
