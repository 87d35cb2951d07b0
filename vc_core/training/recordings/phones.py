"""Phone coverage of recordings: a linear phone recogniser on the features of the instant engine's content encoder."""

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
PHONES = (
    "a", "e", "i", "o", "u", "er", "m", "n", "ng", "l", "r", "w", "y", "p b", "t d", "k g", "f v", "th", "s z", "sh",
    "ch j", "h",
)  # fmt: skip
"""Phone classes that a small encoder can distinguish: voiced and unvoiced, and long and short phones are merged."""
NOT_IN_KOREAN = ("er", "r", "f v", "th", "sh")
PHONES_BY_LANGUAGE: dict[Language, tuple[str, ...]] = {
    "en": PHONES,
    "ko": tuple(sound for sound in PHONES if sound not in NOT_IN_KOREAN),
}
ESPEAK_NAMES = {
    "a": "a A aa V A@ Q aI aU", "e": "E e e@ eI", "i": "i I I2", "o": "o O O@ o@ O2 0 oU OI", "u": 'u U u" U@',
    "er": "@ 3 @2 VR @L @5", "m": "m", "n": "n n^", "ng": "N", "l": "l L l^", "r": "r", "w": "w", "y": "j",
    "p b": "p b ph", "t d": "t d th", "k g": "k g kh q", "f v": "f v", "th": "T D", "s z": "s z ss",
    "sh": "S Z S; s.", "ch j": "tS dZ ts tS; dZ; tS;h ts. ts.h dz;", "h": "h x X",
}  # fmt: skip
"""Phone classes by the phoneme names of espeak-ng."""
MIN_PROBABILITY = 0.6
MIN_SECONDS, MIN_SHARE, ENOUGH_SECONDS = 0.1, 0.003, 1.0
"""A phone occurs if it is recognised for this long and in this share of the speech, since long repetitions of a word
cause some errors. A second is always enough, since singers hold their vowels."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Coverage:
    """Phones of a language, found by the recogniser or by the texts of prompts, and missing ones."""

    found: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        return len(self.found) / (len(self.found) + len(self.missing))


def choose_language(name: str) -> Language:
    for language in PHONES_BY_LANGUAGE:
        if language == name:
            return language
    raise UserError(
        "The sounds of “{name}” are not known here. There are: {known}.", name=name, known=", ".join(PHONES_BY_LANGUAGE)
    )


def recognise_phones(clip: Audio) -> Numbers:
    """Seconds of each of PHONES in a mono clip of 16 kHz, and last of all speech.

    Frame accuracy is about 5/6 for the training speakers, and lower for others.
    """
    import torch

    from vc_core.models import content_encoder
    from vc_core.voices.instant_weights import load_content_encoder

    with torch.inference_mode():
        normalised = content_encoder.normalise_level(torch.from_numpy(clip.samples))
        log_mel = content_encoder.compute_log_mel(content_encoder.compute_power_spectrum(normalised))
        units = load_content_encoder()(log_mel)[0]
        weight, bias = _load_phone_classifier()
        probabilities = torch.softmax(units @ weight.T + bias, dim=1).numpy()
    sure = (probabilities[:, 1:] > MIN_PROBABILITY).sum(axis=0)
    return np.append(sure, (probabilities.argmax(axis=1) > 0).sum()) / content_encoder.FRAMES_PER_SECOND


def measure_coverage(
    phone_seconds: Iterable[Numbers], language: Language, read_out: Iterable[frozenset[str]] = ()
) -> Coverage:
    """Coverage by the results of `recognise_phones` for all clips, and by the phones of prompts that were read out."""
    totals = sum(phone_seconds, np.zeros(len(PHONES) + 1))
    needed = min(max(MIN_SECONDS, MIN_SHARE * totals[-1]), ENOUGH_SECONDS)
    found = {phone for phone, seconds in zip(PHONES, totals[:-1], strict=True) if seconds >= needed}
    found = found.union(*read_out)
    phones = PHONES_BY_LANGUAGE[language]
    return Coverage(
        found=tuple(phone for phone in phones if phone in found),
        missing=tuple(phone for phone in phones if phone not in found),
    )


@cache
def list_phones_of_text(text: str, language: Language) -> frozenset[str]:
    from vc_core.speech.espeak import speak

    names = {phoneme.name.strip("'ˈˌ,*%|:#-") for phoneme in speak(text, voice=language).phonemes}
    return frozenset(phone for phone, own in ESPEAK_NAMES.items() if names & set(own.split()))


@cache
def _load_phone_classifier() -> "tuple[Tensor, Tensor]":
    from vc_core.checkpoints.weights import load_tensors
    from vc_core.voices.instant_weights import SHIPPED

    tensors = load_tensors(SHIPPED / "sounds.safetensors")
    return tensors["weight"].float(), tensors["bias"].float()
