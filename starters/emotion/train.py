"""Train the emotion model that comes with the app, on one thread; what was begun goes on where it was.

python -m starters.emotion.train [STEPS] [FOLDER]
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
from vc_core.emotion.relgan import SHIPPED
from vc_core.emotion_model import MODEL_FILE
from vc_core.progress import silent
from vc_core.training.corpora import read_emotions
from vc_core.training.gan_settings import RelganSettings
from vc_core.training.relgan import RelganTrainer, prepare_relgan

SETTINGS = RelganSettings(steps=3_000, width=0.125, batch=2, rate=3e-4, judge_rate=1e-3, average=0.995)
FOLDER = Path(tempfile.gettempdir()) / "starter-emotion"
METADATA = {
    "origin": "Trained by starters/emotion on speech of espeak-ng and flite, performed by rules; nobody felt anything.",
    "licence": "MIT",
}
SAVED_EVERY = 50


def train(steps: int, folder: Path) -> None:
    torch.set_num_threads(1)
    corpus.fill(folder / "corpus")
    clips = read_emotions(folder / "corpus")
    trainer = prepare_relgan(clips, SETTINGS, folder / "features", "cpu", silent)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        trainer.restore(torch.load(checkpoint, weights_only=True))
    print(f"step {trainer.steps_done}, score {trainer.score():.4f}", flush=True)
    losses, started = defaultdict(list), time.process_time()
    while trainer.steps_done < steps:
        for name, value in trainer.step().items():
            losses[name].append(value)
        if trainer.steps_done % SAVED_EVERY == 0 or trainer.steps_done == steps:
            told = ", ".join(f"{name} {np.mean(values):.4f}" for name, values in losses.items())
            spent = time.process_time() - started
            print(f"step {trainer.steps_done}, {spent:.0f} s, score {trainer.score():.4f}: {told}", flush=True)
            losses.clear()
            torch.save(trainer.state(), checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").rename(checkpoint)
    save(trainer)


def save(trainer: RelganTrainer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trainer.export(Path(folder))
        save_file(load_file(Path(folder) / MODEL_FILE), SHIPPED, metadata=METADATA)
    SHIPPED.chmod(0o644)


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else SETTINGS.steps
    train(steps, Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER)


if __name__ == "__main__":
    main()
