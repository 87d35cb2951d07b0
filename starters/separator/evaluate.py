"""Measure the starter model beside the preview engine, on songs whose voices and instruments it never heard.

python -m starters.separator.evaluate [WEIGHTS] [SONGS]
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from starters.separator.corpus import Mixture, held_out_mixture
from starters.separator.effects import RATE
from vc_core.audio import Audio, Samples
from vc_core.reading import read_audio
from vc_core.separation import STARTER_WEIGHTS, Separator
from vc_core.separation.repet import Repet
from vc_core.separation.spleeter import Spleeter
from vc_core.separation.spleeter_weights import load_nets

SONGS = 24
ROOT = Path(__file__).parents[2]


def si_sdr(heard: Samples, true: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio in decibels, of all channels as one."""
    estimate, target = heard.ravel().astype(np.float64), true.ravel().astype(np.float64)
    part = (estimate @ target) / (target @ target) * target
    return float(10 * np.log10((part @ part) / ((estimate - part) @ (estimate - part))))


def example() -> Mixture:
    song = read_audio(ROOT / "examples" / "song.flac").samples
    vocals = read_audio(ROOT / "tests" / "data" / "song_vocals.flac").samples
    return Mixture(vocals, song - vocals)


def songs(count: int) -> Iterator[tuple[str, Mixture]]:
    for number in range(count):
        yield f"held out {number}", held_out_mixture(number)
    yield "example", example()


def measure(model: Separator, mixture: Mixture) -> tuple[float, float, float]:
    """The mixture as it is, what the preview makes of it, and what the model does."""
    song = Audio(mixture.song, RATE)
    heard = [song, *(engine.separate(song)["vocals"] for engine in (Repet(), model))]
    as_it_is, preview, separated = (si_sdr(audio.samples, mixture.vocals) for audio in heard)
    return as_it_is, preview, separated


def main(weights: Path = STARTER_WEIGHTS, count: int = SONGS) -> None:
    torch.set_num_threads(1)
    model = Spleeter(load_nets(weights), "cpu")
    rows = []
    print("vocals, SI-SDR in dB      song  preview    model")
    for name, mixture in songs(count):
        row = measure(model, mixture)
        print(f"{name:20}" + "".join(f"{value:10.2f}" for value in row), flush=True)
        if name != "example":
            rows.append(row)
    for name, of in (("mean", np.mean), ("median", np.median), ("least", np.min)):
        print(f"{name:20}" + "".join(f"{value:10.2f}" for value in of(rows, axis=0)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]), *map(int, sys.argv[2:]))
