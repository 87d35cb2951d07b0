"""The config of a training, as so-vits-svc-fork reads it: one of its templates, with what was chosen."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vc_core.errors import UserError
from vc_core.training.so_vits_settings import SoVitsSettings

RATE, HOP, SPECTRUM, MELS = 44_100, 512, 2048, 80
"""The same in all templates."""
NARROWED = {
    "inter_channels": 8,
    "hidden_channels": 8,
    "filter_channels": 8,
    "gin_channels": 8,
    "upsample_initial_channel": 32,
}
"""What the width changes, and of what each must be a multiple."""
LEGACY_WIDTH = 256


def read_template(name: str) -> dict[str, Any]:
    found = find_spec("so_vits_svc_fork")
    if found is None or found.origin is None:
        raise UserError("The package so-vits-svc-fork is missing here. Install it: pip install so-vits-svc-fork.")
    folder = Path(found.origin).parent / "preprocessing" / "config_templates"
    template: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
    return template


def config_of(settings: SoVitsSettings, speakers: Sequence[str]) -> dict[str, Any]:
    """Each speaker's number is the place of the name."""
    config = read_template(settings.template)
    chosen = {
        "seed": settings.seed,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "lr_decay": settings.lr_decay,
        "fp16_run": settings.precision == "fp16",
        "bf16_run": settings.precision == "bf16",
        "keep_ckpts": settings.keep_ckpts,
    }
    narrowed = {
        name: max(unit, round(config["model"][name] * settings.width / unit) * unit) for name, unit in NARROWED.items()
    }
    return {
        "train": config["train"] | chosen,
        "data": config["data"],
        "model": config["model"] | narrowed,
        "spk": {name: number for number, name in enumerate(speakers)},
    }


def voice_config(config: dict[str, Any]) -> dict[str, Any]:
    """What of it a voice needs in order to sing."""
    model_keys = ("upsample_rates", "resblock_dilation_sizes", "gen_istft_n_fft", "gen_istft_hop_size")
    return {
        "data": {name: config["data"][name] for name in ("sampling_rate", "hop_length")},
        "model": {name: config["model"][name] for name in model_keys if name in config["model"]},
        "spk": config["spk"],
    }
