"""Which sounds of a language occur in recordings: a small ear for phones, on top of the instant engine's encoder."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

Language = Literal["en", "ko"]
SOUNDS = (
    "a", "e", "i", "o", "u", "er", "m", "n", "ng", "l", "r", "w", "y", "p b", "t d", "k g", "f v", "th", "s z", "sh",
    "ch j", "h",
)  # fmt: skip
"""Kinds of phones that an encoder of a few megabytes tells apart: voiced and unvoiced ones are one, so are long and
short ones."""
NOT_KOREAN = ("er", "r", "f v", "th", "sh")
OF_LANGUAGE: dict[Language, tuple[str, ...]] = {
    "en": SOUNDS,
    "ko": tuple(sound for sound in SOUNDS if sound not in NOT_KOREAN),
}
IN_ESPEAK = {
    "a": "a A aa V A@ Q aI aU", "e": "E e e@ eI", "i": "i I I2", "o": "o O O@ o@ O2 0 oU OI", "u": 'u U u" U@',
    "er": "@ 3 @2 VR @L @5", "m": "m", "n": "n n^", "ng": "N", "l": "l L l^", "r": "r", "w": "w", "y": "j",
    "p b": "p b ph", "t d": "t d th", "k g": "k g kh q", "f v": "f v", "th": "T D", "s z": "s z ss",
    "sh": "S Z S; s.", "ch j": "tS dZ ts tS; dZ; tS;h ts. ts.h dz;", "h": "h x X",
}  # fmt: skip
"""What espeak-ng calls them."""
SURE = 0.6
LEAST_SECONDS, LEAST_SHARE, ENOUGH_SECONDS = 0.1, 0.003, 1.0
"""A sound occurs if it is surely heard for so long, and in so much of what is said: whoever repeats a word for minutes
is misheard now and then. A second is enough in any case, since singers hold their vowels."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Coverage:
    """By ear, which is not always right, and by the texts of lines that were read out."""

    heard: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        return len(self.heard) / (len(self.heard) + len(self.missing))


def choose_language(name: str) -> Language:
    for language in OF_LANGUAGE:
        if language == name:
            return language
    raise UserError(f"The sounds of “{name}” are not known here. There are: {', '.join(OF_LANGUAGE)}.")


def hear_sounds(small: Audio) -> Numbers:
    """For how many seconds each of SOUNDS is surely heard in a mono clip of 16 kHz, and last for how many any is.

    Right about five of six moments of the speakers it learned from, and fewer of others'. So this counts what is
    there and says nothing of how well it is said.
    """
    import torch

    from vc_core.instant_weights import load_units
    from vc_core.models import units

    with torch.inference_mode():
        flat = units.levelled(torch.from_numpy(small.samples))
        codes = load_units()(units.log_mel(units.power_spectrum(flat)))[0]
        weight, bias = _ear()
        claims = torch.softmax(codes @ weight.T + bias, dim=1).numpy()
    sure = (claims[:, 1:] > SURE).sum(axis=0)
    return np.append(sure, (claims.argmax(axis=1) > 0).sum()) / units.MOMENTS_PER_SECOND


def coverage_of(heard: Iterable[Numbers], language: Language, read_out: Iterable[frozenset[str]] = ()) -> Coverage:
    """Of what was heard in clips, and of the sounds of texts that are known to have been read out."""
    totals = sum(heard, np.zeros(len(SOUNDS) + 1))
    needed = min(max(LEAST_SECONDS, LEAST_SHARE * totals[-1]), ENOUGH_SECONDS)
    found = {sound for sound, seconds in zip(SOUNDS, totals[:-1], strict=True) if seconds >= needed}
    found = found.union(*read_out)
    wanted = OF_LANGUAGE[language]
    return Coverage(
        tuple(sound for sound in wanted if sound in found), tuple(sound for sound in wanted if sound not in found)
    )


@cache
def sounds_of_text(text: str, language: Language) -> frozenset[str]:
    from vc_core.espeak import speak

    names = {phoneme.name.strip("'ˈˌ,*%|:#-") for phoneme in speak(text, voice=language).phonemes}
    return frozenset(sound for sound, own in IN_ESPEAK.items() if names & set(own.split()))


@cache
def _ear() -> "tuple[Tensor, Tensor]":
    from vc_core.instant_weights import SHIPPED
    from vc_core.weights import load_tensors

    tensors = load_tensors(SHIPPED / "sounds.safetensors")
    return tensors["weight"].float(), tensors["bias"].float()
