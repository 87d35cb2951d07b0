"""The sines and the noise that so-vits voices are made of: at one place in a song always the same.

So windows that overlap hear the same there, and it doesn't matter how a song was cut.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.models.nsf_hifigan import HARMONICS
from vc_core.pitch import Pitch

Values = npt.NDArray[np.float32]
SINE_LEVEL, VOICED_NOISE, UNVOICED_NOISE = 0.1, 0.003, 0.1 / 3
BLOCK_HOPS = 128


@dataclass(frozen=True, eq=False)
class Melody:
    """The wanted pitch at each hop of a song, and how far its harmonics have come."""

    hertz: Values
    """A line without gaps; 0 everywhere if nothing is voiced."""
    voiced: npt.NDArray[np.bool_]
    cycles: npt.NDArray[np.float64]
    """Shape (hops, harmonics): the phase before each hop, in periods."""


def melody_of(pitch: Pitch, ratio: float, *, hops: int, hop: int, sample_rate: int) -> Melody:
    at = np.arange(hops) * hop / sample_rate / pitch.hop_seconds
    heard = np.flatnonzero(pitch.voiced)
    if not len(heard):
        flat = np.zeros(hops, np.float32)
        return Melody(flat, flat > 0, np.zeros((hops, HARMONICS)))
    hertz = (np.interp(at, heard, pitch.hertz[heard].astype(np.float64)) * ratio).astype(np.float32)
    voiced = pitch.voiced[np.minimum(np.round(at).astype(int), pitch.frames - 1)]
    return Melody(hertz, voiced, cycles_before(hertz, hop, sample_rate))


def cycles_before(hertz: Values, hop: int, sample_rate: int) -> npt.NDArray[np.float64]:
    per_hop = hop * _steps(hertz, sample_rate).astype(np.float64)
    return np.concatenate([np.zeros((1, HARMONICS)), np.cumsum(per_hop, axis=0)[:-1]]) % 1.0


def _steps(hertz: Values, sample_rate: int) -> Values:
    """Periods in a frame, as exactly as the voices heard them in training and not better: it adds up."""
    wanted = hertz[:, None] * np.arange(1, HARMONICS + 1, dtype=np.float32)
    return np.asarray((wanted / np.float32(sample_rate)) % np.float32(1.0), np.float32)


def first_phases(seed: int) -> npt.NDArray[np.float64]:
    """Where the overtones begin; the fundamental begins at 0."""
    phases = np.random.default_rng([seed, 1]).random(HARMONICS, dtype=np.float32).astype(np.float64)
    phases[0] = 0.0
    return phases


def harmonics(hertz: Values, cycles: npt.NDArray[np.float64], noise: Values, hop: int, sample_rate: int) -> Values:
    """Shape (frames, harmonics) of as many hops; `noise` has that shape too."""
    within = np.arange(1, hop + 1, dtype=np.float64)[None, :, None]
    phase = cycles[:, None] + within * _steps(hertz, sample_rate).astype(np.float64)[:, None]
    phase -= np.floor(phase)
    sines = SINE_LEVEL * np.sin((2 * np.pi * phase).astype(np.float32))
    voiced = (hertz > 0)[:, None, None]
    noise = noise.reshape(len(hertz), hop, HARMONICS)
    made = np.where(voiced, sines + VOICED_NOISE * noise, UNVOICED_NOISE * noise)
    return np.asarray(made.reshape(-1, HARMONICS), np.float32)


def noise_between(seed: int, kind: int, first: int, last: int, width: int) -> Values:
    """Normal noise of shape (last - first, width), for the hops `first` to `last` of a song."""
    blocks = [
        np.random.default_rng([seed, kind, block]).standard_normal((BLOCK_HOPS, width), dtype=np.float32)
        for block in range(first // BLOCK_HOPS, -(-last // BLOCK_HOPS))
    ]
    begin = first // BLOCK_HOPS * BLOCK_HOPS
    return np.concatenate(blocks)[first - begin : last - begin]


def stretched(melody: Melody, first: int, hops: int, factor: float, step: float) -> Melody:
    """`hops` of it from `first` on, where each is `1 / factor` of a hop long; `step` is a hop's length in seconds.

    Sung so many times slower and as much lower, then played faster, a voice keeps pitch and time but not its throat.
    """
    at = first + np.arange(hops) / factor
    whole = np.minimum(at.astype(int), len(melody.hertz) - 1)
    hertz = (melody.hertz[whole] / factor).astype(np.float32)
    begun = melody.cycles[whole[0]] + (at[0] - whole[0]) * melody.hertz[whole[0]] * step * np.arange(1, HARMONICS + 1)
    within = np.cumsum(hertz[:-1, None].astype(np.float64) * step * np.arange(1, HARMONICS + 1), axis=0)
    cycles = begun + np.concatenate([np.zeros((1, HARMONICS)), within])
    return Melody(hertz, melody.voiced[whole], cycles % 1.0)


def part(melody: Melody, first: int, hops: int) -> Melody:
    """`hops` of it; past the end the last one goes on."""
    at = np.minimum(np.arange(first, first + hops), len(melody.hertz) - 1)
    return Melody(melody.hertz[at], melody.voiced[at], melody.cycles[at])
