"""Pitch by WORLD's dio, which is fast, and harvest, which misses less and takes ten times as long.

After M. Morise et al., “Fast and reliable F0 estimation method based on the period extraction of vocal fold
vibration of singing voice and speech”, AES 2009, and M. Morise, “Harvest”, Interspeech 2017.
"""

import numpy as np
import numpy.typing as npt
import pyworld

from vc_core.audio import Audio
from vc_core.pitch_methods.base import Pitch, PitchSearch

DIO_RATE = 16_000
CONFIDENCE_RATE, CONFIDENCE_SECONDS = 8_000, 0.02


def find_by_dio(audio: Audio, search: PitchSearch) -> Pitch:
    # Higher rates cost twice the time and find the same.
    audio = audio.resampled(min(audio.sample_rate, DIO_RATE))
    wave = audio.samples[0].astype(np.float64)
    rate, hop = audio.sample_rate, search.hop_seconds * 1000
    coarse, times = pyworld.dio(wave, rate, search.lowest_hz, search.highest_hz, frame_period=hop)
    return _with_confidence(audio, pyworld.stonemask(wave, coarse, times, rate), search)


def find_by_harvest(audio: Audio, search: PitchSearch) -> Pitch:
    wave = audio.samples[0].astype(np.float64)
    hop = search.hop_seconds * 1000
    # Not refined by stonemask: harvest has done that itself, and better.
    hertz, _ = pyworld.harvest(wave, audio.sample_rate, search.lowest_hz, search.highest_hz, frame_period=hop)
    return _with_confidence(audio, hertz, search)


def _with_confidence(audio: Audio, hertz: npt.NDArray[np.float64], search: PitchSearch) -> Pitch:
    """How much each moment is like the moment a period later: WORLD itself doesn't say how sure it is."""
    hertz = np.where(np.isfinite(hertz) & (hertz >= search.lowest_hz) & (hertz <= search.highest_hz), hertz, 0.0)
    # Finer than a sample is not needed here, and treble would only blur the likeness.
    wave = audio.resampled(CONFIDENCE_RATE).samples[0].astype(np.float64)
    voiced = np.flatnonzero(hertz)
    span = round(CONFIDENCE_SECONDS * CONFIDENCE_RATE)
    period = CONFIDENCE_RATE / hertz[voiced]
    starts = voiced * search.hop_seconds * CONFIDENCE_RATE - (span + period) / 2
    at = starts[:, None] + np.arange(span)
    times = np.arange(len(wave))
    here, later = np.interp(at, times, wave), np.interp(at + period[:, None], times, wave)
    energy = np.sqrt((here**2).sum(axis=1) * (later**2).sum(axis=1))
    confidence = np.zeros(len(hertz), np.float32)
    confidence[voiced] = np.clip((here * later).sum(axis=1) / (energy + 1e-9), 0.0, 1.0)
    return Pitch(hertz.astype(np.float32), confidence, search.hop_seconds)
