"""Train the emotion model that comes with the app, on one thread, resuming from its checkpoint.

    python -m starters.emotion.train RECORDINGS [FOLDER] [STEPS]

RECORDINGS is the folder that starters.instant.starter_voices filled.
"""

import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from starters.emotion import corpus
from vc_core.emotion.relgan.styler import SHIPPED
from vc_core.progress import silent
from vc_core.training.gan.relgan import RelganTrainer, prepare_relgan
from vc_core.training.gan.settings import RelganSettings
from vc_core.training.recordings.corpora import read_emotions
from vc_core.voices.emotion_model import MODEL_FILE

SETTINGS = RelganSettings(steps=600, width=0.125, batch=2, rate=3e-4, judge_rate=1e-3, average=0.995)
FOLDER = Path(tempfile.gettempdir()) / "starter-emotion"
METADATA = {
    "origin": "Trained by starters/emotion on speech of Kokoro-82M (Apache-2.0), moved by rules; nobody felt anything.",
    "licence": "MIT",
}
SAVED_EVERY = 50


def train(recordings: Path, folder: Path, steps: int) -> None:
    torch.set_num_threads(1)
    corpus.fill(recordings, folder / "corpus")
    clips = read_emotions(folder / "corpus")
    trainer = prepare_relgan(clips, SETTINGS, folder / "features", "cpu", silent)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        trainer.load_state_dict(torch.load(checkpoint, weights_only=True))
    print(f"step {trainer.steps_done}, score {trainer.score_held_out():.4f}", flush=True)
    losses, started = defaultdict(list), time.process_time()
    while trainer.steps_done < steps:
        for name, value in trainer.step().items():
            losses[name].append(value)
        if trainer.steps_done % SAVED_EVERY == 0 or trainer.steps_done == steps:
            told = ", ".join(f"{name} {np.mean(values):.4f}" for name, values in losses.items())
            spent = time.process_time() - started
            print(f"step {trainer.steps_done}, {spent:.0f} s, score {trainer.score_held_out():.4f}: {told}", flush=True)
            losses.clear()
            torch.save(trainer.state_dict(), checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").rename(checkpoint)
    save(trainer)


def save(trainer: RelganTrainer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trainer.export(Path(folder))
        save_file(load_file(Path(folder) / MODEL_FILE), SHIPPED, metadata=METADATA)
    SHIPPED.chmod(0o644)


def main(recordings: Path, folder: Path = FOLDER, steps: int = SETTINGS.steps) -> None:
    train(recordings, folder, steps)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), *map(int, sys.argv[3:]))
