"""Whether CycleGAN is worth its wait: distance to the parallel target, beside unconverted and beside averages alone.

    python bench/cyclegan.py [STEPS] [FOLDER]

Two voices of flite learn from different sentences, and are judged by others that both say. What was begun in FOLDER
goes on where it was.
"""

import math
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import torch
from emotion_corpus import JUDGED_SENTENCES, LEARNT_SENTENCES
from measure import ROOT, machine
from metrics import mcd_db

sys.path.insert(0, str(ROOT))

from starters.instant.recordings import say
from starters.instant.sentences import built_sentence
from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions
from vc_core.conversion.cyclegan import CycleganConverter
from vc_core.progress import silent
from vc_core.training.base import Clips
from vc_core.training.cyclegan import CycleganTrainer, prepare_cyclegan
from vc_core.training.gan_settings import CycleganSettings
from vc_core.voices import Voice, VoiceCard

SPEAKERS = ("slt", "rms")
SENTENCES = 60
SETTINGS = CycleganSettings(
    steps=800, width=0.125, batch=1, rate=1e-3, judge_rate=4e-4, average=0.99, identity_steps=50
)
JUDGED = (*JUDGED_SENTENCES, *LEARNT_SENTENCES[:4])
"""All Harvard sentences; those that are learned from are put together from words."""
OPTIONS = ConversionOptions(automatic_key="semitones")
SAVED_EVERY = 50


def recordings(folder: Path) -> Clips:
    """The speakers say different things."""
    found: dict[str, list[Path]] = {}
    for at, speaker in enumerate(SPEAKERS):
        generator = np.random.default_rng([5, at])
        found[speaker] = [folder / "clips" / speaker / f"{number:02}.flac" for number in range(SENTENCES)]
        for path in found[speaker]:
            text = built_sentence(generator)
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                audio = say(speaker, text)
                soundfile.write(path, audio.samples[0], audio.sample_rate)
    return Clips(found)


def trained(steps: int, folder: Path) -> CycleganTrainer:
    torch.set_num_threads(1)
    trainer = prepare_cyclegan(recordings(folder), SETTINGS, folder / "features", "cpu", silent)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        trainer.restore(torch.load(checkpoint, weights_only=True))
    started, begun = time.process_time(), trainer.steps_done
    best = folder / "best.pt"
    best_score = torch.load(best, weights_only=True)["score"] if best.is_file() else math.inf
    while trainer.steps_done < steps:
        row = trainer.step()
        if trainer.steps_done % SAVED_EVERY == 0 or trainer.steps_done == steps:
            torch.save(trainer.state(), checkpoint)
            told = ", ".join(f"{name} {value:.3f}" for name, value in row.items())
            score = trainer.score()
            print(f"step {trainer.steps_done}, score {score:.3f}: {told}", file=sys.stderr, flush=True)
            if score < best_score:
                best_score = score
                torch.save({"score": score, "state": trainer.state()}, best)
    spent = time.process_time() - started
    print(f"{trainer.steps_done - begun} steps in {spent / 60:.0f} minutes of one core, of {trainer.steps_done}.")
    trainer.restore(torch.load(best, weights_only=True)["state"])
    print(f"The best by what was held out is that of step {trainer.steps_done}.\n")
    return trainer


def row(trainer: CycleganTrainer, direction: int) -> str:
    source, target = trainer.speakers[direction], trainer.speakers[1 - direction]
    model = trainer.model(direction)
    card = VoiceCard(
        target.name, "cyclegan", target.sample_rate, "MIT", "synthetic", "flite", {}, target.pitch_range_hz
    )
    ways = [CycleganConverter(Voice(card, Path()), one) for one in (model.without_network(), model)]
    distances = []
    for text in JUDGED:
        spoken, wanted = say(source.name, text), say(target.name, text)
        made: list[Audio] = [spoken, *(way.convert(spoken, OPTIONS) for way in ways)]
        distances.append([mcd_db(wanted, one) for one in made])
    plain, averaged, converted = np.mean(distances, axis=0)
    return f"| {source.name} → {target.name} | {plain:.2f} dB | {averaged:.2f} dB | {converted:.2f} dB |"


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else SETTINGS.steps
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.gettempdir()) / "cyclegan-bench"
    print(machine(), end="\n\n")
    trainer = trained(steps, folder)
    print("To be ≥ 2 dB below unconverted, and ≥ 0.5 dB below the averages.\n")
    print("| | unconverted | pitch and averages | CycleGAN |\n|---|---|---|---|")
    for direction in range(2):
        print(row(trainer, direction), flush=True)


if __name__ == "__main__":
    main()
