"""An instant voice for tests: seeded weights in the genuine format."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from vc_core.models.ddsp import CURVE_POINTS, Decoder
from vc_core.voices.instant_weights import DECODER_FILE
from vc_core.voices.library import Voice, VoiceCard, hash_files, write_card


def clear_decoder() -> Decoder:
    """Random, but with far less noise than pulses, so that its F0 can be estimated."""
    torch.manual_seed(3)
    decoder = Decoder()
    decoder.last.bias.data[CURVE_POINTS:] = -4.0
    return decoder


def make_voice(folder: Path, *, sample_rate: int = 24_000, pitch_range_hz=(110.0, 220.0), **changes) -> Voice:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(changes.pop("weights", None) or clear_decoder().state_dict(), folder / DECODER_FILE)
    details = {
        "name": "Tester",
        "engine": "instant",
        "sample_rate": sample_rate,
        "licence": "CC0-1.0",
        "consent": "synthetic",
        "origin": "Made by a test from random numbers.",
        "pitch_range_hz": pitch_range_hz,
    }
    card = VoiceCard(files=hash_files(folder), **(details | changes))
    write_card(folder, card)
    return Voice(card, folder)
