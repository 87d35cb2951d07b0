"""Pitch by Praat's autocorrelation, through the package parselmouth; an extra to install, under the GPL.

After P. Boersma, “Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
sampled sound”, IFA Proceedings 17, 1993.
"""

import numpy as np

from vc_core.audio import Audio
from vc_core.pitch_methods.base import Pitch, PitchSearch
from vc_core.pitch_methods.bins import Moments, at_moments_of


def find_by_praat(audio: Audio, search: PitchSearch) -> Pitch:
    import parselmouth

    sound = parselmouth.Sound(audio.samples[0].astype(np.float64), audio.sample_rate)
    heard = sound.to_pitch_ac(
        time_step=search.hop_seconds,
        pitch_floor=search.lowest_hz,
        pitch_ceiling=min(search.highest_hz, audio.sample_rate / 2),
    )
    chosen = heard.selected_array
    hertz = chosen["frequency"]
    own = Moments(search.hop_seconds, float(heard.x1))
    # Praat's unvoiced moments have a strength as well, and periodic ones may be a little over 1.
    confidence = np.where(hertz > 0, np.clip(chosen["strength"], 0.0, 1.0), 0.0)
    return at_moments_of(search, audio, hertz, confidence, own)
