"""The files of a so-vits voice, and what is added to one: clusters, a table for retrieval, shallow diffusion."""

import json
from pathlib import Path

from vc_core.errors import UserError
from vc_core.voices.library import Voice

ENGINE_NAME = "so-vits"
WEIGHTS_FILE, CONFIG_FILE = "so_vits.safetensors", "config.json"
CLUSTERS_FILE, FEATURES_FILE = "clusters.safetensors", "moments.safetensors"
"""Tensors by singer, of shape (clusters, width) and (frames, width)."""
DIFFUSION_FILE, VOCODER_FILE, SETTINGS_FILE = "diffusion.safetensors", "vocoder.safetensors", "diffusion.json"


def read_content_width(voice: Voice) -> int:
    """Width of the content features that the voice takes as input."""
    from safetensors import safe_open

    with safe_open(voice.folder / WEIGHTS_FILE, "pt") as tensors:
        return int(tensors.get_slice("pre.weight").get_shape()[1])


def choose_speaker(voice: Voice, name: str) -> str:
    """The singer of that name; without one, the voice's default singer."""
    known = json.loads((voice.folder / CONFIG_FILE).read_bytes())["spk"]
    chosen = name or voice.card.settings.get("speaker") or next(iter(known))
    if chosen not in known:
        raise UserError("The voice has no singer “{name}”. It has: {known}.", name=chosen, known=", ".join(known))
    return str(chosen)


def add_table(table: Path, folder: Path) -> None:
    """Add tensors by singer to those that the voice in `folder` has of other singers."""
    from safetensors.torch import load_file, save_file

    target = folder / table.name
    save_file((load_file(target) if target.is_file() else {}) | load_file(table), target)
