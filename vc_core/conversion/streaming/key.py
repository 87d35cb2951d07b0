"""The automatic key of a stream, from what was sung so far."""

from dataclasses import replace

import numpy as np

from vc_core.conversion.base import HIGHEST_KEY_SHIFT, ConversionOptions, compute_key_shift_semitones
from vc_core.conversion.streaming.track import Values
from vc_core.signal.pitch import Pitch
from vc_core.signal.streaming.pitch import HOP_SECONDS
from vc_core.voices.library import Voice

FIRST_SECONDS, LAST_SECONDS = 0.1, 1.0
"""Of voiced sound: until then the key follows, it is decided once more, and stays, lest it jump within a line."""


class LiveKey:
    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._voiced: list[float] = []
        self._automatic_semitones = 0.0

    def transpose(self, hertz: Values, options: ConversionOptions) -> Values:
        """Target F0 of the next frames."""
        return np.array([one * self._ratio(one, options) for one in hertz])

    def _ratio(self, hertz: float, options: ConversionOptions) -> float:
        first, last = (round(seconds / HOP_SECONDS) for seconds in (FIRST_SECONDS, LAST_SECONDS))
        if hertz and len(self._voiced) < last and options.automatic_key != "off":
            self._voiced.append(hertz)
            if len(self._voiced) <= first or len(self._voiced) == last:
                sung = np.array(self._voiced, np.float32)
                pitch, alone = Pitch(sung, np.ones_like(sung), HOP_SECONDS), replace(options, key_shift_semitones=0.0)
                self._automatic_semitones = compute_key_shift_semitones(pitch, self._voice, alone)
        automatic = self._automatic_semitones if options.automatic_key != "off" else 0.0
        shift = np.clip(automatic + options.key_shift_semitones, -HIGHEST_KEY_SHIFT, HIGHEST_KEY_SHIFT)
        return float(2 ** (shift / 12))
