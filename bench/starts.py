"""Starts of the instant training compared: distance to held-out speech of new voices after some training steps.

    python bench/starts.py FOLDER START… [--steps 10 50 100]

START is plain, meta, or a file of `vc train start`. FOLDER is that of bench/new_voice.py: a minute of each of its
speakers, whom no training heard, or who (awb) are unlike all that the decoder heard.
"""

import argparse
import sys
import time
from pathlib import Path

import torch
from measure import ROOT, machine

sys.path.insert(0, str(ROOT))

from new_voice import SPEAKERS, record

from vc_core.training.base import Clips
from vc_core.training.instant.settings import InstantSettings
from vc_core.training.instant.trainer import prepare_instant


def score_after(start: str, paths: list[Path], cache: Path, checked_steps: list[int]) -> list[float]:
    """Each number of steps is a training of its own, with its own schedule of learning rates."""
    scores = []
    for steps in checked_steps:
        trainer = prepare_instant(Clips({"": paths}), InstantSettings(steps=max(1, steps), start=start), cache)
        for _ in range(steps):
            trainer.step()
        scores.append(trainer.score_held_out())
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("starts", nargs="+")
    parser.add_argument("--steps", type=int, nargs="+", default=[0, 10, 50])
    parser.add_argument("--speakers", nargs="+", default=list(SPEAKERS))
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(machine(), end="\n\n")
    print(f"| speaker | start | {' | '.join(f'{steps} steps' for steps in given.steps)} |")
    print("|---" * (2 + len(given.steps)) + "|")
    for speaker in given.speakers:
        paths, began = record(speaker, given.folder / "recordings" / speaker), time.process_time()
        for start in given.starts:
            scores = score_after(start, paths, given.folder / "cache", given.steps)
            print(f"| {speaker} | {Path(start).stem} | {' | '.join(f'{score:.3f}' for score in scores)} |", flush=True)
        print(f"{speaker}: {time.process_time() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
