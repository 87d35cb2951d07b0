"""Measure the starter model beside the preview engine, on songs whose voices and instruments it never heard.

python -m starters.separator.evaluate [WEIGHTS] [SONGS]
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from starters.separator.corpus import Mixture, held_out_mixture
from starters.separator.effects import RATE
from starters.separator.masking import vocals_of
from vc_core.audio import Audio, Samples
from vc_core.models.unet import StemNets
from vc_core.reading import read_audio
from vc_core.separation.repet import Repet

SONGS = 24
ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "vc_core" / "separation" / "starter.safetensors"


def load(path: Path) -> StemNets:
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
    stems = tuple(metadata["stems"].split(","))
    count = sum(name.startswith(f"nets.{stems[0]}.convolutions") for name in tensors) // 2
    filters = tuple(len(tensors[f"nets.{stems[0]}.convolutions.{level}.bias"]) for level in range(count))
    net = StemNets(stems, filters)
    net.load_state_dict(tensors, strict=False)  # all but BatchNorm's counters
    return net.eval()


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


def measure(net: StemNets, mixture: Mixture) -> tuple[float, float, float]:
    """The mixture as it is, what the preview makes of it, and what the model does."""
    song = mixture.song
    preview = Repet().separate(Audio(song, RATE))["vocals"].samples
    model = vocals_of(net, torch.from_numpy(song)).numpy()
    return si_sdr(song, mixture.vocals), si_sdr(preview, mixture.vocals), si_sdr(model, mixture.vocals)


def main(weights: Path = WEIGHTS, count: int = SONGS) -> None:
    torch.set_num_threads(1)
    net = load(weights)
    rows = []
    print("vocals, SI-SDR in dB      song  preview    model")
    for name, mixture in songs(count):
        row = measure(net, mixture)
        print(f"{name:20}" + "".join(f"{value:10.2f}" for value in row), flush=True)
        if name != "example":
            rows.append(row)
    for name, of in (("mean", np.mean), ("median", np.median), ("least", np.min)):
        print(f"{name:20}" + "".join(f"{value:10.2f}" for value in of(rows, axis=0)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]), *map(int, sys.argv[2:]))
