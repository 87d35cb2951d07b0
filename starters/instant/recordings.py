"""What the synthetic voices say for a decoder to learn from."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from starters.instant.corpus import Spoken, say_with_flite
from starters.instant.sentences import choose_text
from starters.separator.effects import Generator
from vc_core.audio import Audio
from vc_core.espeak import seed_randomness, speak
from vc_core.models import units
from vc_core.models.units import Units
from vc_core.training.instant_recordings import LOW_RATE, Prepared, prepare


def say(voice: str, text: str, *, words_per_minute: int = 150, pitch: int = 50, liveliness: int = 50) -> Audio:
    """By espeak-ng's voice (`en-us+f2`), flite's (`slt`), or flite's with a throat as much smaller (`slt*1.1`)."""
    if "+" in voice:
        return speak(text, voice=voice, words_per_minute=words_per_minute, pitch=pitch, liveliness=liveliness).audio
    audio, _ = said_by_flite(voice, text)
    return audio if audio.sample_rate == units.RATE else audio.resampled(LOW_RATE)


def said_by_flite(voice: str, text: str, *, pitch_hz: float | None = None) -> tuple[Audio, Spoken]:
    """The sound with all that it has, and at the units' rate with its phones."""
    name, _, smaller = voice.partition("*")
    ratio = float(smaller or 1)
    # Played faster, what was said slowly has its tempo back; its pitch and its throat have changed.
    spoken = say_with_flite(text, name, stretch=ratio, pitch_hz=pitch_hz and pitch_hz / ratio)
    audio = Audio(spoken.samples[None], round(units.RATE * ratio))
    return audio, replace(spoken, samples=audio.resampled(units.RATE).samples[0], borders=spoken.borders / ratio)


def spoken_by(voice: str, seconds: float, generator: Generator) -> Iterator[Audio]:
    """English sentences, and some of invented words."""
    said = 0.0
    while said < seconds:
        text = choose_text("" if generator.random() < 0.2 else "en", generator)
        speed, pitch, liveliness = (int(generator.integers(*span)) for span in ((120, 190), (25, 80), (30, 90)))
        audio = say(voice, text, words_per_minute=speed, pitch=pitch, liveliness=liveliness)
        said += audio.seconds
        yield audio


def prepare_voice(voice: str, seconds: float, encoder: Units, seed: int, rate: int = LOW_RATE) -> list[Prepared]:
    seed_randomness(seed)
    generator = np.random.default_rng([11, seed])
    return [prepare(audio, encoder, generator, rate) for audio in spoken_by(voice, seconds, generator)]
