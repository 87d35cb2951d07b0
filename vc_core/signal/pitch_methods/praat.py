"""Praat pitch (F0) estimation by autocorrelation, through the package parselmouth (GPL-3).

After P. Boersma, “Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
sampled sound”, IFA Proceedings 17, 1993.
"""

import numpy as np

from vc_core.audio import Audio
from vc_core.signal.pitch_methods.base import Pitch, PitchEngine, PitchSettings
from vc_core.signal.pitch_methods.bins import FrameGrid, resample_pitch


def estimate_by_praat(audio: Audio, settings: PitchSettings) -> Pitch:
    import parselmouth

    sound = parselmouth.Sound(audio.samples[0].astype(np.float64), audio.sample_rate)
    contour = sound.to_pitch_ac(
        time_step=settings.hop_seconds,
        pitch_floor=settings.lowest_hz,
        pitch_ceiling=min(settings.highest_hz, audio.sample_rate / 2),
    )
    candidates = contour.selected_array
    hertz = candidates["frequency"]
    grid = FrameGrid(settings.hop_seconds, float(contour.x1))
    # Praat gives unvoiced frames a strength too, and strengths can slightly exceed 1.
    confidence = np.where(hertz > 0, np.clip(candidates["strength"], 0.0, 1.0), 0.0)
    return resample_pitch(settings, audio, hertz, confidence, grid)


ENGINE = PitchEngine(
    "praat",
    "Praat",
    load=lambda options, device: estimate_by_praat,
    notice="Fast and exact, and misses what is soft. Under the GPL.",
    package="parselmouth",
    install="vc-core[praat]",
)
