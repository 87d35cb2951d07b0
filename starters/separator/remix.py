"""Random mixtures of the pool's tracks and layers, and their spectra, for training."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from starters.separator import music
from starters.separator.corpus import Mixture, mix
from starters.separator.effects import RATE, Generator, Sound, log_uniform
from vc_core.models.band_unet import BINS, FFT_SIZE, to_mid_side
from vc_core.separation.spleeter.separator import HOP_SAMPLES, compute_stft

KINDS = {"natural": 0.7, "synthetic": 0.3}
"""Folders of the pool, and how often each is drawn."""
LOOK_AGAIN = 500
"""Excerpts until tracks that were added meanwhile are found."""
CURVE_HZ = (40, 120, 350, 1_000, 2_800, 7_000, 16_000)
Spectra = tuple[Tensor, Tensor]
"""Mid and side of a song and of its vocals, each of shape (2, T, BINS)."""


class Pool:
    """Draws random mixtures of the tracks and layers."""

    def __init__(self, folder: Path) -> None:
        self._tracks = {
            (kind, name): {path.stem.split("-")[1]: path for path in sorted((folder / kind).glob(f"{name}-*.npy"))}
            for kind in KINDS
            for name in ("vocals", *music.LAYERS)
        }

    def draw(self, generator: Generator, frames: int) -> Mixture:
        nothing = np.zeros((2, frames))
        kind = generator.random()
        vocals = nothing if kind < 0.08 else self._excerpt(_draw_kind(generator), "vocals", generator, frames)
        if generator.random() < 0.1:
            second = self._excerpt(_draw_kind(generator), "vocals", generator, frames)
            vocals = vocals + log_uniform(generator, 0.3, 1) * second * (kind >= 0.08)
        band = nothing if kind > 0.96 else self._band(generator, frames)
        mixture = mix(_apply_width(vocals, generator), _apply_width(band, generator), generator)
        return _limit(mixture, generator) if generator.random() < 0.25 else mixture

    def _band(self, generator: Generator, frames: int) -> Sound:
        """Layers of one track at one time, or of any tracks."""
        kind, total = _draw_kind(generator), np.zeros((2, frames))
        if generator.random() < 0.5:
            track = self._choose(kind, str(generator.choice(music.LAYERS)), generator).stem.split("-")[1]
            start = generator.random()
            layers = [own[track] for name in music.LAYERS if track in (own := self._tracks[kind, name])]
            return sum(
                (log_uniform(generator, 0.4, 1.6) * _read(path, start, frames, generator) for path in layers), total
            )
        plays = generator.random(len(music.LAYERS)) < (0.75, 0.8, 0.9, 0.6)
        for name, is_there in zip(music.LAYERS, plays, strict=True):
            if is_there or not plays.any():
                own_kind = kind if generator.random() < 0.6 else _draw_kind(generator)
                total += log_uniform(generator, 0.3, 1.8) * self._excerpt(own_kind, name, generator, frames)
        return total

    def _choose(self, kind: str, name: str, generator: Generator) -> Path:
        paths = list(self._tracks[kind, name].values())
        return paths[generator.integers(len(paths))]

    def _excerpt(self, kind: str, name: str, generator: Generator, frames: int) -> Sound:
        return _read(self._choose(kind, name, generator), generator.random(), frames, generator)


def _draw_kind(generator: Generator) -> str:
    return str(generator.choice(list(KINDS), p=list(KINDS.values())))


def _read(path: Path, place: float, frames: int, generator: Generator) -> Sound:
    """An excerpt, with random channel order and polarity."""
    track = np.load(path, mmap_mode="r")
    start = int(place * (track.shape[1] - frames))
    sound = track[:: generator.choice([-1, 1]), start : start + frames] / 32767
    return np.asarray(generator.choice([-1.0, 1.0]) * sound)


def _apply_width(sound: Sound, generator: Generator) -> Sound:
    """Mono, narrower or wider, in a third of the cases."""
    if generator.random() < 0.65:
        return sound
    middle = sound.mean(axis=0)
    return middle + generator.choice([0.0, generator.uniform(0, 1.6)]) * (sound - middle)


def _limit(mixture: Mixture, generator: Generator) -> Mixture:
    """A loud master: both stems get the gain that the song gets."""
    drive = log_uniform(generator, 1, 4)
    driven = drive * mixture.song / (np.abs(mixture.song).max() + 1e-9)
    gain = np.where(np.abs(driven) > 1e-4, np.tanh(driven) / (driven + 1e-12), 1.0).astype(np.float32)
    return Mixture(mixture.vocals * gain, mixture.accompaniment * gain)


@dataclass(frozen=True)
class SongSpectra(IterableDataset[Spectra]):
    """Endless random excerpts."""

    pool: Path
    frames: int
    seed: int

    def __iter__(self) -> Iterator[Spectra]:
        torch.set_num_threads(1)
        generator = np.random.default_rng(self.seed)
        samples = (self.frames - 1) * HOP_SAMPLES + FFT_SIZE
        for turn in count():
            if turn % LOOK_AGAIN == 0:
                pool = Pool(self.pool)
            mixture = pool.draw(generator, samples)
            sounds = torch.from_numpy(np.concatenate([mixture.vocals, mixture.accompaniment]))
            vocals, band = compute_stft(sounds, self.frames)[..., :BINS].split(2)
            vocals, band = (part * _draw_curve(generator) for part in (vocals, band))
            song = vocals + band
            if generator.random() < 0.2:
                song = _add_coding_noise(song, generator)
            if generator.random() < 0.25:
                top = round(log_uniform(generator, 8_000, 19_000) / RATE * FFT_SIZE)
                song[..., top:], vocals[..., top:] = 0, 0
            yield to_mid_side(song), to_mid_side(vocals)


def _draw_curve(generator: Generator) -> Tensor:
    """Gains of an equaliser, shape (BINS,)."""
    hertz = np.maximum(np.arange(BINS) * RATE / FFT_SIZE, 20)
    gains_db = generator.normal(0, generator.choice([0, 3]), len(CURVE_HZ))
    return torch.from_numpy((10 ** (np.interp(np.log(hertz), np.log(CURVE_HZ), gains_db) / 20)).astype(np.float32))


def _add_coding_noise(song: Tensor, generator: Generator) -> Tensor:
    """Noise in proportion to each value, like that of an MP3."""
    noise = generator.standard_normal((2, *song.shape), np.float32) * 10 ** (generator.uniform(-40, -15) / 20)
    return song * (1 + torch.complex(*torch.from_numpy(noise)))
