"""Refine the starter voices on conversions from each other, on one thread.

    python -m starters.instant.refine_voices RECORDINGS [VOICES] [NAMES…]

RECORDINGS is the folder that starters.instant.starter_voices filled. The decoders in VOICES are replaced.
"""

import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from starters.instant.refine import Refinement, RefineSettings
from starters.instant.starter_voices import STARTER_VOICES, StarterVoice
from starters.instant.train_voices import prepare_voice
from vc_core.conversion import STARTER_VOICES as VOICES_FOLDER
from vc_core.models.ddsp import Decoder
from vc_core.voices.instant_weights import DECODER_FILE, load_decoder, write_weights
from vc_core.voices.library import hash_files, read_card, write_card
from vc_core.voices.prepared_recording import PreparedRecording

REPORT_EVERY = 25


def prepare_all(recordings: Path) -> dict[str, list[PreparedRecording]]:
    """Of all voices, by folder name; they are kept beside the sound files, since preparing takes minutes."""
    prepared = {}
    for name in (voice.folder_name for voice in STARTER_VOICES):
        cached = recordings / f"{name}.pt"
        if not cached.exists():
            torch.save(prepare_voice(recordings / name), cached)
        prepared[name] = torch.load(cached, weights_only=False)  # made by the line above
    return prepared


def refine_voice(voice: StarterVoice, folder: Path, prepared: dict[str, list[PreparedRecording]]) -> None:
    own = prepared[voice.folder_name][:-1]
    sources = [one for name, one in prepared.items() if name != voice.folder_name]
    decoder = load_decoder(folder / DECODER_FILE).train()
    run(Refinement(decoder, own, sources, RefineSettings()), voice.name)
    replace_decoder(folder, decoder)


def replace_decoder(folder: Path, decoder: Decoder) -> None:
    write_weights(decoder, folder / DECODER_FILE)
    write_card(folder, replace(read_card(folder), files=hash_files(folder)))


def run(refinement: Refinement, name: str) -> None:
    begun, recent = time.monotonic(), deque[dict[str, float]](maxlen=REPORT_EVERY)
    for step in range(1, refinement.settings.steps + 1):
        recent.append(refinement.step())
        if step % REPORT_EVERY == 0:
            means = {key: round(float(np.mean([one[key] for one in recent])), 3) for key in recent[0]}
            print(name, step, means, f"{time.monotonic() - begun:.0f} s", flush=True)


def main(recordings: Path, voices: Path = VOICES_FOLDER, *names: str) -> None:
    torch.set_num_threads(1)
    prepared = prepare_all(recordings)
    for voice in STARTER_VOICES:
        if not names or voice.name in names:
            refine_voice(voice, voices / voice.folder_name, prepared)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), *sys.argv[3:])
