"""What every converter does: somebody sings, and a voice sings it instead."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.pitch import Pitch
from vc_core.progress import Progress, silent
from vc_core.voices import Voice

AutomaticKey = Literal["off", "octaves", "semitones"]
AUTOMATIC_KEYS: dict[AutomaticKey, str] = {
    "octaves": "The octave in which the voice is at home; the song keeps its key",
    "semitones": "The key in which the voice is at home",
    "off": "As it is sung",
}
HIGHEST_KEY_SHIFT = 24.0
HIGHEST_FORMANT_SHIFT = 12.0


@dataclass(frozen=True)
class ConversionOptions:
    """What a person can choose, for every engine."""

    key_shift_semitones: float = 0.0
    """Added to what the automatic key does."""
    automatic_key: AutomaticKey = "octaves"
    formant_shift_semitones: float = 0.0
    """Down makes the throat larger, up smaller; the pitch stays."""
    breath_db: float = 0.0
    """How much louder the voice's breath and hiss is than it would be."""
    seed: int = 0
    """Of the noise; the same seed gives the same sound."""

    def __post_init__(self) -> None:
        if self.automatic_key not in AUTOMATIC_KEYS:
            known = ", ".join(AUTOMATIC_KEYS)
            raise UserError(f"There is no automatic key “{self.automatic_key}”. There are: {known}.")
        if not abs(self.key_shift_semitones) <= HIGHEST_KEY_SHIFT:
            raise UserError(f"The key can be shifted by up to {HIGHEST_KEY_SHIFT:g} semitones.")
        if not abs(self.formant_shift_semitones) <= HIGHEST_FORMANT_SHIFT:
            raise UserError(f"Formants can be shifted by up to {HIGHEST_FORMANT_SHIFT:g} semitones.")
        if not abs(self.breath_db) <= 24.0:
            raise UserError("Breath can be changed by up to 24 dB.")


class Converter(ABC):
    """An engine with a voice; it never changes after it is loaded, so that one can serve all visitors."""

    voice: Voice

    @abstractmethod
    def convert(
        self, singing: Audio, options: ConversionOptions = ConversionOptions(), *, progress: Progress = silent
    ) -> Audio:
        """The same in the voice: of the same rate, channels and length to the sample."""


def key_shift_semitones(pitch: Pitch, voice: Voice, options: ConversionOptions) -> float:
    """By how much the singing is shifted altogether."""
    sung, home = pitch.hertz[pitch.voiced], voice.card.pitch_range_hz
    if options.automatic_key == "off" or home is None or not len(sung):
        return options.key_shift_semitones
    # The middle of a range is that of what is heard, not of frequencies.
    distance = 12 * (np.mean(np.log2(home)) - np.mean(np.log2(np.percentile(sung, (5, 95)))))
    step = 12 if options.automatic_key == "octaves" else 1
    return float(step * np.round(distance / step)) + options.key_shift_semitones
