"""Train a CycleGAN voice on natural recordings of two speakers, on one thread, resuming from its checkpoint.

    python -m starters.cyclegan.train RECORDINGS FOLDER [MINUTES]

RECORDINGS is the folder that starters.instant.starter_voices filled; the speakers say different sentences there. FOLDER
gets the checkpoints, and `voice`, a voice for a library.
"""

import math
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from starters.instant.starter_voices import STARTER_VOICES as STARTERS
from vc_core.progress import silent
from vc_core.training.base import Clips
from vc_core.training.gan.cyclegan import CycleganTrainer, prepare_cyclegan
from vc_core.training.gan.settings import CycleganSettings
from vc_core.voices.library import VoiceCard, hash_files, write_card
from vc_core.voices.speaker_model import MODEL_FILE, NETWORK

NAME, LICENCE = "Max by CycleGAN", "Apache-2.0"
SOURCE, TARGET = "clara", "max"
SETTINGS = CycleganSettings(
    steps=4_000, width=0.125, batch=1, rate=4e-4, judge_rate=1.6e-4, average=0.99, identity_steps=200
)
MINUTES = 25.0
"""Of one core."""
REPORTED_EVERY = 50


def train(recordings: Path, folder: Path, minutes: float) -> CycleganTrainer:
    """The trainer at the step with the least distance to the held-out recordings."""
    clips = Clips({name: sorted((recordings / name).glob("*.flac")) for name in (SOURCE, TARGET)})
    trainer = prepare_cyclegan(clips, SETTINGS, folder / "features", "cpu", silent)
    checkpoint, best, best_score = folder / "checkpoint.pt", folder / "best.pt", math.inf
    if checkpoint.is_file():
        trainer.load_state_dict(torch.load(checkpoint, weights_only=True))
        best_score = torch.load(best, weights_only=True)["score"]
    started = time.process_time()
    while trainer.steps_done < SETTINGS.steps and time.process_time() - started < 60 * minutes:
        losses = trainer.step()
        if trainer.steps_done % REPORTED_EVERY == 0:
            score, spent = trainer.score_held_out(), time.process_time() - started
            shown = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
            print(f"step {trainer.steps_done}, {spent:.0f} s, score {score:.3f}: {shown}", flush=True)
            torch.save(trainer.state_dict(), checkpoint)
            if score < best_score:
                best_score = score
                torch.save({"score": score, "state": trainer.state_dict()}, best)
    trainer.load_state_dict(torch.load(best, weights_only=True)["state"])
    print(f"The best is step {trainer.steps_done}.", flush=True)
    return trainer


def save(trainer: CycleganTrainer, folder: Path) -> None:
    """The second speaker's voice, with its network in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    model = trainer.export_target(folder, 1)
    tensors = load_file(folder / MODEL_FILE)
    halved = {name: value.half() if name.startswith(NETWORK) else value for name, value in tensors.items()}
    save_file(halved, folder / MODEL_FILE)
    source, target = (next(one for one in STARTERS if one.folder_name == name) for name in (SOURCE, TARGET))
    card = VoiceCard(
        name=NAME,
        engine=model.engine,
        sample_rate=model.sample_rate,
        licence=LICENCE,
        consent="synthetic",
        origin=f"{target.origin} Trained to convert from {source.name} ({source.kokoro}).",
        files=hash_files(folder),
        pitch_range_hz=model.pitch_range_hz,
        settings=model.settings,
    )
    write_card(folder, card)


def main(recordings: Path, folder: Path, minutes: float = MINUTES) -> None:
    torch.set_num_threads(1)
    save(train(recordings, folder, minutes), folder / "voice")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), *map(float, sys.argv[3:]))
