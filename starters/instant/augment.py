"""Make one speaker sound like many: another throat, another pitch and tempo, held vowels, a room, noise, a microphone.

Throat and pitch come apart in two steps. Played faster, a sound has a higher pitch and a smaller throat; then the
bands listen further up by as much, which gives the throat its size back, or any other.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr
from scipy.ndimage import gaussian_filter1d
from scipy.signal import fftconvolve

from starters.instant.corpus import SILENCES, Floats, Spoken, Utterance, interpolated
from starters.separator.effects import Generator, log_uniform
from vc_core.models import units

VOWEL_LETTERS = tuple("aeiouyAEIOUVQ@03")
WARP_STEP = 0.02
"""Bands are kept for each warp, so there must not be too many."""


@dataclass(frozen=True)
class Clip:
    samples: Floats
    """As it is heard: with another pitch and tempo, in a room, with noise."""
    places: npt.NDArray[np.float64]
    """For each moment to be learned from, the moment of `samples` that it hears."""
    sources: npt.NDArray[np.float64]
    """And the moment of the utterance that it comes from."""
    playing: float
    """How much faster it was played."""


def choose_clip(utterance: Utterance, generator: Generator, moments: int) -> Clip:
    """Somewhere in the utterance; what lies beyond its end is silence."""
    spoken = utterance.spoken
    playing = log_uniform(generator, 0.6, 2.4) if generator.random() < 0.5 else log_uniform(generator, 0.85, 1.2)
    stretch = _stretch(spoken, generator, playing)
    ends = np.cumsum(stretch)
    start = generator.uniform(-0.1 * moments, max(0.0, ends[-1] - 0.9 * moments))
    sources = np.interp(start + np.arange(moments), ends - stretch, np.arange(len(stretch)))
    first = max(0, int(sources[0]) - 10)
    last = min(len(stretch), int(sources[-1]) + 12)
    heard = spoken.samples[first * units.HOP : last * units.HOP]
    samples = soxr.resample(heard, units.RATE * playing, units.RATE, quality="LQ").astype(np.float32)
    places = np.clip((sources - first) / playing, 0, len(samples) // units.HOP)
    return Clip(_recorded(samples, generator), places, sources, playing)


def _stretch(spoken: Spoken, generator: Generator, playing: float) -> npt.NDArray[np.float64]:
    """How many moments each moment of the utterance lasts: at any tempo, and sometimes with long vowels."""
    moments = len(spoken.samples) // units.HOP + 1
    stretch = np.full(moments, log_uniform(generator, 0.75, 1.35))
    if playing > 1.3 or generator.random() < 0.25:
        for phone, first, last in zip(spoken.phones, spoken.borders[:-1], spoken.borders[1:], strict=True):
            if phone.startswith(VOWEL_LETTERS) and phone not in SILENCES:
                here = slice(round(first * units.MOMENTS_PER_SECOND), round(last * units.MOMENTS_PER_SECOND))
                stretch[here] *= log_uniform(generator, 1, 6)
    return np.asarray(gaussian_filter1d(stretch, 2.0))


def _recorded(samples: Floats, generator: Generator) -> Floats:
    """In a room or not, more or less evenly loud, and with noise of any colour."""
    sound = samples / (np.sqrt(np.mean(samples**2)) + 1e-6)
    if generator.random() < 0.3:
        length = round(log_uniform(generator, 0.05, 0.5) * units.RATE)
        tail = generator.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
        tail *= log_uniform(generator, 0.05, 0.7) / np.sqrt((tail**2).sum())
        tail[0] += 1
        sound = fftconvolve(sound, tail)[: len(sound)]
    if generator.random() < 0.5:
        points = np.linspace(0, len(sound), 6)
        sound = sound * 10 ** (np.interp(np.arange(len(sound)), points, generator.normal(0, 4, 6)) / 20)
    noise = generator.standard_normal(len(sound)) * 10 ** (-generator.uniform(15, 70) / 20)
    if generator.random() < 0.5:
        noise = 2 * (noise + np.roll(noise, 1) + np.roll(noise, 2)) / 3
    return np.asarray(sound + noise, np.float32)


def choose_warp(playing: float, generator: Generator) -> float:
    """How much further up the bands listen, so that the throat is within a fifth of its own size."""
    warp = playing / log_uniform(generator, 0.82, 1.22)
    return round(float(np.clip(warp, 0.5, 2.6)) / WARP_STEP) * WARP_STEP


def another_throat(bands: Floats, generator: Generator) -> Floats:
    """Throats differ by more than their size: each stretch of the frequencies lies a little higher or lower."""
    places = np.arange(units.MELS) + np.interp(
        np.arange(units.MELS), np.linspace(0, units.MELS - 1, 5), generator.normal(0, 0.9, 5)
    )
    places = np.clip(places, 0, units.MELS - 1.001)
    low = places.astype(int)
    part = (places - low).astype(np.float32)
    return np.asarray((1 - part) * bands[:, low] + part * bands[:, low + 1])


def labels_of(
    utterance: Utterance, sources: npt.NDArray[np.float64], alphabet: dict[str, int]
) -> npt.NDArray[np.int64]:
    """The phone at each of these moments; -1 for those that are in no alphabet."""
    spoken = utterance.spoken
    known = [alphabet.get("" if phone in SILENCES else phone, -1) for phone in spoken.phones]
    at = np.searchsorted(spoken.borders, sources / units.MOMENTS_PER_SECOND, side="right") - 1
    outside = (at < 0) | (at >= len(known))
    return np.where(outside, alphabet[""], np.array(known)[np.clip(at, 0, len(known) - 1)])


def canonical_at(utterance: Utterance, sources: npt.NDArray[np.float64]) -> Floats:
    return interpolated(utterance.canonical, np.clip(sources, 0, len(utterance.canonical) - 1))
