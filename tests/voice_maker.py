"""Voices for tests: seeded weights in the genuine format, with a card."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from vc_core.voices.library import Voice, VoiceCard, VoiceLibrary, hash_files, write_card


def fill_folder(folder: Path, name: str = "Alto", **changes) -> VoiceCard:
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(len(name))
    save_file({"layer.weight": torch.randn(8, 8)}, folder / "voice.safetensors")
    details = {
        "engine": "instant",
        "sample_rate": 22_050,
        "licence": "CC0-1.0",
        "consent": "synthetic",
        "origin": "Made by a test from random numbers.",
        "pitch_range_hz": (165.0, 660.0),
    }
    card = VoiceCard(name=name, files=hash_files(folder), **(details | changes))
    write_card(folder, card)
    return card


def add_voice(library: VoiceLibrary, name: str = "Alto", **changes) -> Voice:
    with library.staging_folder() as folder:
        fill_folder(folder, name, **changes)
        return library.add(folder)
