"""Evaluate the starter separation model and the preview engine on held-out songs of both kinds, and on the example.

    python -m starters.separator.evaluate FOLDER [WEIGHTS] [SONGS]

FOLDER keeps the songs for the next time, the held-out speech in `speech` and Kokoro in `models`. Without WEIGHTS, those
of the app are evaluated.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from starters.separator.corpus import TEST, Mixture, held_out_mixture, natural_test
from starters.separator.effects import RATE
from vc_core.audio import Audio, Samples
from vc_core.files.reading import read_audio
from vc_core.separation import Separator, load_separator
from vc_core.separation.band_unet import BandUNetSeparator, load_network
from vc_core.separation.repet import Repet

SONGS = 24
"""Of each kind."""
KINDS = ("synthetic", "natural")
ROOT = Path(__file__).parents[2]
COLUMNS = ("song", "preview", "model", "quieter")


def si_sdr(heard: Samples, true: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio in dB, over all channels together."""
    estimate, target = heard.ravel().astype(np.float64), true.ravel().astype(np.float64)
    part = (estimate @ target) / (target @ target) * target
    return float(10 * np.log10((part @ part) / ((estimate - part) @ (estimate - part))))


def example() -> Mixture:
    song = read_audio(ROOT / "examples" / "song.flac").samples
    vocals = read_audio(ROOT / "tests" / "data" / "song_vocals.flac").samples
    return Mixture(vocals, song - vocals)


def songs(folder: Path, kind: str, count: int) -> Iterator[Mixture]:
    """Held-out songs, rendered on the first call."""
    split = natural_test(folder / "speech", folder / "models") if kind == "natural" else TEST
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"{kind}-{number}.npy"
        if not path.exists():
            mixture = held_out_mixture(number, split=split)
            np.save(path, np.stack([mixture.vocals, mixture.accompaniment]))
        yield Mixture(*np.load(path))


def measure(model: Separator, mixture: Mixture) -> tuple[float, float, float]:
    """SI-SDR of the vocals in the mixture, by the preview engine, and by the model."""
    song = Audio(mixture.song, RATE)
    heard = [song, *(engine.separate(song)["vocals"] for engine in (Repet(), model))]
    as_it_is, preview, separated = (si_sdr(audio.samples, mixture.vocals) for audio in heard)
    return as_it_is, preview, separated


def measure_silence(model: Separator, band: Samples) -> float:
    """By how many dB the vocals that the model finds are quieter than music without any."""
    found = model.separate(Audio(band, RATE))["vocals"].samples
    return float(10 * np.log10(np.mean(band**2) / (np.mean(found**2) + 1e-12)))


def main(folder: Path, weights: Path | None = None, count: int = SONGS) -> None:
    torch.set_num_threads(1)
    model = BandUNetSeparator(load_network(weights), "cpu") if weights else load_separator("starter", "cpu")
    print("vocals, SI-SDR in dB" + "".join(f"{name:>10}" for name in COLUMNS))
    for kind in KINDS:
        rows = []
        for number, mixture in enumerate(songs(folder, kind, count)):
            rows.append((*measure(model, mixture), measure_silence(model, mixture.accompaniment)))
            _print_row(f"{kind} {number}", rows[-1])
        for name, of in (("mean", np.mean), ("median", np.median), ("least", np.min)):
            _print_row(f"{kind}, {name}", of(rows, axis=0))
        gains = [model - preview for _, preview, model, _ in rows]
        print(f"{kind}: gain over the preview {np.mean(gains):.2f} dB, at least {min(gains):.2f} dB")
    _print_row("example", measure(model, example()))


def _print_row(name: str, row: tuple[float, ...]) -> None:
    print(f"{name:20}" + "".join(f"{value:10.2f}" for value in row), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(Path, sys.argv[2:3]), *map(int, sys.argv[3:]))
