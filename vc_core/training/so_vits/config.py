"""Training config in the format of so-vits-svc-fork: one of its templates with the chosen settings."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vc_core.errors import UserError
from vc_core.training.so_vits.settings import SoVitsSettings

SAMPLE_RATE, HOP_SAMPLES, FFT_SIZE, MELS = 44_100, 512, 2048, 80
"""The same in all templates."""
WIDTH_MULTIPLES = {
    "inter_channels": 8,
    "hidden_channels": 8,
    "filter_channels": 8,
    "gin_channels": 8,
    "upsample_initial_channel": 32,
}
"""Channel counts that the width setting scales, and the multiple that each must be."""
LEGACY_CONTENT_WIDTH = 256


def read_template(name: str) -> dict[str, Any]:
    found = find_spec("so_vits_svc_fork")
    if found is None or found.origin is None:
        raise UserError("The package so-vits-svc-fork is missing here. Install it: pip install so-vits-svc-fork.")
    folder = Path(found.origin).parent / "preprocessing" / "config_templates"
    template: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
    return template


def build_config(settings: SoVitsSettings, speakers: Sequence[str]) -> dict[str, Any]:
    """Speakers are numbered in the given order."""
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
        name: max(multiple, round(config["model"][name] * settings.width / multiple) * multiple)
        for name, multiple in WIDTH_MULTIPLES.items()
    }
    return {
        "train": config["train"] | chosen,
        "data": config["data"],
        "model": config["model"] | narrowed,
        "spk": {name: number for number, name in enumerate(speakers)},
    }


def select_voice_config(config: dict[str, Any]) -> dict[str, Any]:
    """Select the entries that inference needs."""
    model_keys = ("upsample_rates", "resblock_dilation_sizes", "gen_istft_n_fft", "gen_istft_hop_size")
    return {
        "data": {name: config["data"][name] for name in ("sampling_rate", "hop_length")},
        "model": {name: config["model"][name] for name in model_keys if name in config["model"]},
        "spk": config["spk"],
    }
