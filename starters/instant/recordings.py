"""Recordings of one voice, prepared for its decoder: what it said, at which pitch, how loudly, and how it sounded."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from examples.espeak import speak
from starters.instant.augment import microphone
from starters.instant.corpus import say_with_flite
from starters.instant.sentences import choose_text
from starters.separator import voices
from starters.separator.effects import Generator, log_uniform
from vc_core.audio import Audio
from vc_core.models import units
from vc_core.models.ddsp import hop_of
from vc_core.models.units import Units
from vc_core.pitch import find_pitch

RATE = 24_000
"""The lowest that has room for espeak-ng's 11 kHz and a whole number of frames in a moment."""
HEARINGS = 4
"""In so many throats a recording is heard: the decoder must know the voice from its code, not from the units."""


@dataclass(frozen=True)
class Prepared:
    units: Tensor
    """Shape (HEARINGS, moments, UNITS)."""
    hertz: Tensor
    energy: Tensor
    sound: Tensor
    """Levelled; shape (moments · hop,)."""
    rate: int
    bandwidth_hz: float
    """Above it the recording is silent because of how it was made, and nothing is to be learned."""


def spoken_by(voice: str, seconds: float, generator: Generator) -> Iterator[Audio]:
    """English sentences of espeak-ng's (`en-us+f2`) or flite's (`slt`) voice, and some of invented words."""
    said = 0.0
    while said < seconds:
        text = choose_text("" if generator.random() < 0.2 else "en", generator)
        if "+" in voice:
            speed, pitch, liveliness = (int(generator.integers(*span)) for span in ((120, 190), (25, 80), (30, 90)))
            audio = speak(text, voice=voice, words_per_minute=speed, pitch=pitch, liveliness=liveliness).audio
        else:
            audio = Audio(say_with_flite(text, voice).samples[None], units.RATE)
        said += audio.seconds
        yield audio


def prepare(audio: Audio, encoder: Units, generator: Generator, rate: int = RATE, hearings: int = HEARINGS) -> Prepared:
    heard = torch.from_numpy(audio.resampled(units.RATE).samples[:1].copy())
    levels = units.slow_levels(units.power_of(heard))
    flat = heard / units.at_frames(levels, heard.shape[1])
    spectrum = units.power_spectrum(flat)
    moments = spectrum.shape[1]
    with torch.inference_mode():
        said = torch.cat([encoder(_hearing(spectrum, generator, plain=at == 0)) for at in range(hearings)])
    found = find_pitch(audio, hop_seconds=1 / units.MOMENTS_PER_SECOND).hertz[:moments]
    hertz = np.pad(found, (0, moments - len(found)))
    full = torch.from_numpy(audio.resampled(rate).samples[:1].copy())
    frames = (moments - 1) * hop_of(rate)
    sound = torch.nn.functional.pad(full, (0, max(0, frames - full.shape[1])))[:, :frames]
    sound = sound / units.at_frames(levels, frames, hop_of(rate))
    energy = units.energy_of(flat)[0, :moments]
    limit = 0.98 * min(audio.sample_rate, rate) / 2
    return Prepared(said.clone(), torch.from_numpy(hertz.astype(np.float32)), energy, sound[0], rate, limit)


def _hearing(spectrum: Tensor, generator: Generator, *, plain: bool) -> Tensor:
    if plain:
        return units.log_mel(spectrum)
    warp = round(log_uniform(generator, 0.84, 1.19) / 0.02) * 0.02
    noise = 10 ** generator.uniform(-6, -2)
    return units.log_mel(spectrum + noise, warp) + torch.from_numpy(microphone(generator))


def prepare_voice(voice: str, seconds: float, encoder: Units, seed: int, rate: int = RATE) -> list[Prepared]:
    voices.seed_espeak(seed)
    generator = np.random.default_rng([11, seed])
    return [prepare(audio, encoder, generator, rate) for audio in spoken_by(voice, seconds, generator)]
