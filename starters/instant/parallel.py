"""A voice's recordings as a converter will meet them: its own sound beside what other speakers make of the same words.

A converter hears one speaker and must sound like another. As flite says a sentence in every voice, a decoder can learn
just that: the units and the loudness of the others are moved, phone by phone, to the moments of the voice. And as flite
says it at any pitch in the same throat, the voice learns to sing higher and lower than it speaks.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from starters.instant.corpus import FLITE_VOICES, places_in, say_with_flite
from starters.instant.recordings import said_by_flite
from starters.instant.sentences import choose_text
from starters.separator.effects import Generator, log_uniform
from vc_core.audio import Audio
from vc_core.models import units
from vc_core.models.units import Units
from vc_core.training.instant_recordings import Prepared, prepare

OWN_HEARINGS, HEARINGS_OF_OTHERS = 1, 3


@dataclass(frozen=True)
class Singer:
    """One of flite's voices (`slt*1.1` has a smaller throat), and how low and high it is to sing."""

    spoken_by: str
    pitch_range_hz: tuple[float, float]


def prepare_singer(singer: Singer, seconds: float, encoder: Units, seed: int, rate: int) -> list[Prepared]:
    """Every other sentence is said at a pitch of its own."""
    generator = np.random.default_rng([11, seed])
    prepared: list[Prepared] = []
    said = 0.0
    while said < seconds:
        text = choose_text("" if generator.random() < 0.2 else "en", generator)
        pitch_hz = log_uniform(generator, *singer.pitch_range_hz) if len(prepared) % 2 else None
        prepared.append(_beside_others(singer.spoken_by, text, pitch_hz, (encoder, generator, rate)))
        said += prepared[-1].moments / units.MOMENTS_PER_SECOND
    return prepared


def _beside_others(voice: str, text: str, pitch_hz: float | None, preparing: tuple[Units, Generator, int]) -> Prepared:
    audio, spoken = said_by_flite(voice, text, pitch_hz=pitch_hz)
    made = prepare(audio, *preparing, OWN_HEARINGS)
    heard, energies = [made.units], [made.energy]
    for other in FLITE_VOICES:
        said = say_with_flite(text, other)
        places = places_in(said, spoken)
        if other == voice.partition("*")[0] or places is None:
            continue
        theirs = prepare(Audio(said.samples[None], units.RATE), *preparing, HEARINGS_OF_OTHERS)
        heard.append(moved(theirs.units, places[: made.moments]))
        energies.append(moved(theirs.energy[:, :, None], places[: made.moments])[:, :, 0])
    return replace(made, units=torch.cat(heard), energy=torch.cat(energies))


def moved(rows: Tensor, places: npt.NDArray[np.float64]) -> Tensor:
    """(hearings, moments, anything) at these places between the moments."""
    low = np.minimum(places.astype(int), rows.shape[1] - 2)
    part = torch.from_numpy((places - low).astype(np.float32))[:, None]
    return torch.lerp(rows[:, low], rows[:, low + 1], part)
