"""Pitch by WORLD's dio, which is fast, and harvest, which misses less and takes ten times as long.

After M. Morise et al., “Fast and reliable F0 estimation method based on the period extraction of vocal fold
vibration of singing voice and speech”, AES 2009, and M. Morise, “Harvest”, Interspeech 2017.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyworld

from vc_core.audio import Audio
from vc_core.pitch_methods.base import Pitch, PitchSearch

DIO_RATE = 16_000
CONFIDENCE_RATE, CONFIDENCE_SECONDS = 8_000, 0.02
HOLLOW_SECONDS, HOLLOW_DB = 0.064, -25.0
HOLLOW_REACH = 3.5
"""A voice sounds at its pitch, or at twice or three times that, all of which are below this multiple."""
HIGHEST_PARTIAL_HZ = 3_000.0
SEARCHES_AGAIN = 2
MOMENTS_AT_ONCE = 1_000

Hertz = npt.NDArray[np.float64]


def find_by_dio(audio: Audio, search: PitchSearch) -> Pitch:
    # Higher rates cost twice the time and find the same.
    audio = audio.resampled(min(audio.sample_rate, DIO_RATE))
    wave = audio.samples[0].astype(np.float64)
    rate, hop = audio.sample_rate, search.hop_seconds * 1000

    def find(lowest_hz: float) -> Hertz:
        coarse, times = pyworld.dio(wave, rate, lowest_hz, search.highest_hz, frame_period=hop)
        return np.asarray(pyworld.stonemask(wave, coarse, times, rate))

    return _of_voice(audio, search, find)


def find_by_harvest(audio: Audio, search: PitchSearch) -> Pitch:
    wave = audio.samples[0].astype(np.float64)
    hop = search.hop_seconds * 1000

    def find(lowest_hz: float) -> Hertz:
        # Not refined by stonemask: harvest has done that itself, and better.
        return np.asarray(pyworld.harvest(wave, audio.sample_rate, lowest_hz, search.highest_hz, frame_period=hop)[0])

    return _of_voice(audio, search, find)


def _of_voice(audio: Audio, search: PitchSearch, find: Callable[[float], Hertz]) -> Pitch:
    # Finer than a sample of this is not needed here, and treble would only blur the likeness.
    audio = audio.resampled(CONFIDENCE_RATE)
    return _with_confidence(audio, _not_hollow(audio, search, find), search)


def _not_hollow(audio: Audio, search: PitchSearch, find: Callable[[float], Hertz]) -> Hertz:
    """The faintest rest of a bass, which separation leaves, is taken for the voice's pitch: that is sought above it."""
    hertz = find(search.lowest_hz)
    for _ in range(SEARCHES_AGAIN):
        hollow = _hollow(audio, hertz, search.hop_seconds)
        if not hollow.any():
            break
        lowest = HOLLOW_REACH * float(np.percentile(hertz[hollow], 5))
        again = find(lowest) if lowest < search.highest_hz / 2 else np.zeros_like(hertz)
        hertz = np.where(hollow, np.where(again > HOLLOW_REACH * hertz, again, 0.0), hertz)
    return hertz


def _hollow(audio: Audio, hertz: Hertz, hop_seconds: float) -> npt.NDArray[np.bool_]:
    """Where hardly anything sounds at the pitch that was found, nor at twice or three times that."""
    frames, rate = round(HOLLOW_SECONDS * audio.sample_rate), audio.sample_rate
    wave = np.pad(audio.samples[0].astype(np.float64), frames)
    bins, window = np.fft.rfftfreq(frames, 1 / rate), np.hanning(frames)
    hollow = np.zeros(len(hertz), bool)
    voiced = np.flatnonzero(hertz)
    for at in range(0, len(voiced), MOMENTS_AT_ONCE):
        moments = voiced[at : at + MOMENTS_AT_ONCE]
        starts = (moments * hop_seconds * rate).astype(int) + frames - frames // 2
        power = np.abs(np.fft.rfft(wave[starts[:, None] + np.arange(frames)] * window)) ** 2
        pitch = hertz[moments, None]
        voice = (bins > pitch / 2) & (bins < HIGHEST_PARTIAL_HZ)
        low = voice & (bins < HOLLOW_REACH * pitch)
        hollow[moments] = (power * low).sum(axis=1) < (power * voice).sum(axis=1) * 10 ** (HOLLOW_DB / 10)
    return hollow


def _with_confidence(audio: Audio, hertz: Hertz, search: PitchSearch) -> Pitch:
    """How much each moment is like the moment a period later: WORLD itself doesn't say how sure it is."""
    hertz = np.where(np.isfinite(hertz) & (hertz >= search.lowest_hz) & (hertz <= search.highest_hz), hertz, 0.0)
    wave, rate = audio.samples[0].astype(np.float64), audio.sample_rate
    voiced = np.flatnonzero(hertz)
    span = round(CONFIDENCE_SECONDS * rate)
    period = rate / hertz[voiced]
    starts = voiced * search.hop_seconds * rate - (span + period) / 2
    at = starts[:, None] + np.arange(span)
    times = np.arange(len(wave))
    here, later = np.interp(at, times, wave), np.interp(at + period[:, None], times, wave)
    energy = np.sqrt((here**2).sum(axis=1) * (later**2).sum(axis=1))
    confidence = np.zeros(len(hertz), np.float32)
    confidence[voiced] = np.clip((here * later).sum(axis=1) / (energy + 1e-9), 0.0, 1.0)
    return Pitch(hertz.astype(np.float32), confidence, search.hop_seconds)
