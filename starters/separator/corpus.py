"""The corpus: a pool of vocal tracks and bands on disk, and mixtures drawn from it.

    python -m starters.separator.corpus POOL [TRACKS]

Every track follows from its number alone; the test's share no voice, sentence, instrument or progression with
the training's.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from starters.separator import music, voices
from starters.separator.effects import Generator, Sound, active_level, log_uniform
from starters.separator.music import Band, band_layers
from starters.separator.vocals import vocal_track
from starters.separator.voices import Cast
from vc_core.audio import Samples
from vc_core.espeak import seed_randomness

TRACK_SECONDS = 12.0
TRACKS = 600
"""Of each kind; 4 GB."""
LEVEL = 0.1
"""Effective value of a stored track or layer, about 20 dB below full scale."""


@dataclass(frozen=True)
class Half:
    number: int
    cast: Cast
    band: Band


TRAINING = Half(0, voices.TRAINING, music.TRAINING)
TEST = Half(1, voices.TEST, music.TEST)


@dataclass(frozen=True)
class Mixture:
    vocals: Samples
    accompaniment: Samples

    @property
    def song(self) -> Samples:
        return self.vocals + self.accompaniment


def render_vocals(half: Half, number: int, seconds: float = TRACK_SECONDS) -> Sound:
    # espeak-ng's flutter goes on from one sentence to the next: only a process that never spoke says the same again.
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as process:
        return process.submit(_sing, half, number, seconds).result()


def _sing(half: Half, number: int, seconds: float) -> Sound:
    seed_randomness(number)
    sound = vocal_track(half.cast, np.random.default_rng([half.number, 0, number]), seconds)
    return LEVEL * sound / (active_level(sound) + 1e-9)


def render_band(half: Half, number: int, seconds: float = TRACK_SECONDS) -> dict[str, Sound]:
    return band_layers(half.band, np.random.default_rng([half.number, 1, number]), seconds)


def mix(vocals: Sound, accompaniment: Sound, generator: Generator) -> Mixture:
    """At a random ratio within 6 dB, and at a random level."""
    gain = 10 ** (generator.uniform(-6, 6) / 20)
    voice_level, band_level = active_level(vocals), active_level(accompaniment)
    if voice_level > 0 and band_level > 0:
        vocals = vocals * gain * band_level / voice_level
    scale = log_uniform(generator, 0.25, 0.98) / (np.abs(vocals + accompaniment).max() + 1e-9)
    return Mixture((scale * vocals).astype(np.float32), (scale * accompaniment).astype(np.float32))


def held_out_mixture(number: int, seconds: float = 20.0) -> Mixture:
    """One of the test's songs."""
    layers = render_band(TEST, number, seconds)
    return mix(render_vocals(TEST, number, seconds), sum(layers.values()), np.random.default_rng([1, 2, number]))


def fill_pool(folder: Path, tracks: int = TRACKS) -> None:
    """Render so many training tracks of both kinds; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(tracks):
        if not (folder / f"vocals-{number}.npy").exists():
            for name, layer in render_band(TRAINING, number).items():
                _store(folder / f"{name}-{number}.npy", layer)
            _store(folder / f"vocals-{number}.npy", render_vocals(TRAINING, number))


def _store(path: Path, sound: Sound) -> None:
    # A file that has its name is whole, however the rendering ended.
    waiting = path.with_suffix(".part")
    with waiting.open("wb") as file:
        np.save(file, np.clip(np.round(sound * 32767), -32768, 32767).astype(np.int16))
    waiting.rename(path)


class Pool:
    """Draws mixtures: of voices that never sang together and layers that never played together, too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tracks = {name: sorted(folder.glob(f"{name}-*.npy")) for name in ("vocals", *music.LAYERS)}

    def draw(self, generator: Generator, frames: int) -> Mixture:
        nothing = np.zeros((2, frames))
        kind = generator.random()
        vocals = nothing if kind < 0.07 else self._excerpt("vocals", generator, frames)
        if generator.random() < 0.1:
            vocals = vocals + self._excerpt("vocals", generator, frames) * (kind >= 0.07)
        accompaniment = nothing if kind > 0.95 else self._band(generator, frames)
        return mix(vocals, accompaniment, generator)

    def _band(self, generator: Generator, frames: int) -> Sound:
        layers = generator.random(len(music.LAYERS)) < (0.75, 0.8, 0.9, 0.6)
        total = np.zeros((2, frames))
        for name, plays in zip(music.LAYERS, layers, strict=True):
            if plays or not layers.any():
                total += log_uniform(generator, 0.3, 1.8) * self._excerpt(name, generator, frames)
        return total

    def _excerpt(self, name: str, generator: Generator, frames: int) -> Sound:
        """Any stretch of any track, as it is or with sides or polarity exchanged."""
        track = np.load(self._tracks[name][generator.integers(len(self._tracks[name]))], mmap_mode="r")
        start = int(generator.integers(0, track.shape[1] - frames + 1))
        sound = track[:: generator.choice([-1, 1]), start : start + frames] / 32767
        return np.asarray(generator.choice([-1.0, 1.0]) * sound)


if __name__ == "__main__":
    fill_pool(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else TRACKS)
