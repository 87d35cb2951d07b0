"""Corpus for source separation: a pool of vocal and accompaniment tracks on disk, and random mixtures.

    python -m starters.separator.corpus POOL SPEECH [TRACKS]

SPEECH is a corpus of `starters.speech.corpus`. Every track follows from its number. There are two kinds: natural voices
with sampled instruments, and synthetic voices with synthetic instruments. Training and test split share no voice,
sentence, instrument, progression or kind of room.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from starters.separator import music, sampled, voices
from starters.separator.effects import Generator, Sound, log_uniform, measure_active_level
from starters.separator.music import Band, band_layers
from starters.separator.natural import find_recordings, make_held_out_recordings
from starters.separator.sampled import SampledBand
from starters.separator.vocals import vocal_track
from starters.separator.voices import Singers
from vc_core.audio import Samples
from vc_core.speech.espeak import seed_randomness

TRACK_SECONDS = 12.0
TRACKS = 300
"""Of each kind; 5 GB."""
LEVEL = 0.1
"""RMS level of a stored track or layer, about 20 dB below full scale."""


@dataclass(frozen=True)
class Split:
    number: int
    cast: Singers
    band: Band | SampledBand


TRAINING = Split(0, voices.TRAINING, music.TRAINING)
TEST = Split(1, voices.TEST, music.TEST)


def natural_training(speech: Path) -> Split:
    return Split(2, find_recordings(speech), sampled.TRAINING)


def natural_test(folder: Path, models: Path) -> Split:
    """Speech is made in `folder` on the first call, by Kokoro in `models`."""
    return Split(3, make_held_out_recordings(folder, models), sampled.TEST)


@dataclass(frozen=True)
class Mixture:
    vocals: Samples
    accompaniment: Samples

    @property
    def song(self) -> Samples:
        return self.vocals + self.accompaniment


def render_vocals(split: Split, number: int, seconds: float = TRACK_SECONDS) -> Sound:
    # espeak-ng keeps random state between sentences: only a new process reproduces the same speech.
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as process:
        return process.submit(_sing, split, number, seconds).result()


def _sing(split: Split, number: int, seconds: float) -> Sound:
    seed_randomness(number)
    sound = vocal_track(split.cast, np.random.default_rng([split.number, 0, number]), seconds)
    return LEVEL * sound / (measure_active_level(sound) + 1e-9)


def render_band(split: Split, number: int, seconds: float = TRACK_SECONDS) -> dict[str, Sound]:
    generator = np.random.default_rng([split.number, 1, number])
    if isinstance(split.band, SampledBand):
        return sampled.band_layers(split.band, generator, seconds)
    return band_layers(split.band, generator, seconds)


def mix(vocals: Sound, accompaniment: Sound, generator: Generator) -> Mixture:
    """Mix with a random ratio within ±6 dB, at a random level."""
    gain = 10 ** (generator.uniform(-6, 6) / 20)
    voice_level, band_level = measure_active_level(vocals), measure_active_level(accompaniment)
    if voice_level > 0 and band_level > 0:
        vocals = vocals * gain * band_level / voice_level
    scale = log_uniform(generator, 0.25, 0.98) / (np.abs(vocals + accompaniment).max() + 1e-9)
    return Mixture((scale * vocals).astype(np.float32), (scale * accompaniment).astype(np.float32))


def held_out_mixture(number: int, seconds: float = 20.0, split: Split = TEST) -> Mixture:
    """Render a song of a test split."""
    layers = render_band(split, number, seconds)
    generator = np.random.default_rng([split.number, 2, number])
    return mix(render_vocals(split, number, seconds), sum(layers.values()), generator)


def fill_pool(folder: Path, split: Split = TRAINING, tracks: int = TRACKS) -> None:
    """Render the training tracks that are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(tracks):
        if not (folder / f"vocals-{number}.npy").exists():
            for name, layer in render_band(split, number).items():
                _store(folder / f"{name}-{number}.npy", layer)
            _store(folder / f"vocals-{number}.npy", render_vocals(split, number))


def _store(path: Path, sound: Sound) -> None:
    # Rename the complete file, so that a killed process leaves no truncated one.
    waiting = path.with_suffix(".part")
    with waiting.open("wb") as file:
        np.save(file, np.clip(np.round(sound * 32767), -32768, 32767).astype(np.int16))
    waiting.rename(path)


def fill_pools(folder: Path, speech: Path, tracks: int = TRACKS) -> None:
    fill_pool(folder / "natural", natural_training(speech), tracks)
    fill_pool(folder / "synthetic", TRAINING, tracks)


if __name__ == "__main__":
    fill_pools(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else TRACKS)
