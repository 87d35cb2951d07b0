"""How well a conversion did: mel-cepstral distortion, pitch and voicing; written from the definitions."""

import numpy as np
import numpy.typing as npt
import pyworld
from librosa.sequence import dtw

from vc_core.audio import Audio
from vc_core.pitch import find_pitch, without_octave_errors

RATE = 16_000
ORDER = 24
WARP = 0.42
"""Of the frequency axis, at 16 kHz: near that of hearing."""
SILENCE_DB = -40.0
Rows = npt.NDArray[np.float64]


def mel_cepstra(audio: Audio) -> Rows:
    """Coefficients 1 to 24 of each moment that is not silent, of the logarithm of the envelope's amplitude."""
    wave = audio.mono().resampled(RATE).samples[0].astype(np.float64)
    f0, times = pyworld.harvest(wave, RATE, f0_floor=60, f0_ceil=800)
    envelope = pyworld.cheaptrick(wave, f0, times, RATE)
    power_db = 10 * np.log10(envelope.sum(1) + 1e-20)
    heard = envelope[power_db > power_db.max() + SILENCE_DB]
    angles = np.linspace(0, np.pi, heard.shape[1])
    warped = angles + 2 * np.arctan(WARP * np.sin(angles) / (1 - WARP * np.cos(angles)))
    middles = (np.arange(256) + 0.5) / 256 * np.pi
    places = np.interp(middles, warped, np.arange(len(angles)))
    low = np.minimum(places.astype(int), len(angles) - 2)
    amplitude = 0.5 * np.log(heard + 1e-20)
    curve = amplitude[:, low] * (1 - (places - low)) + amplitude[:, low + 1] * (places - low)
    return np.asarray(2 / 256 * curve @ np.cos(np.outer(middles, np.arange(1, ORDER + 1))))


def distortion_db(made: Audio, wanted: Audio) -> float:
    """Mel-cepstral distortion along the best path through both."""
    mine, theirs = mel_cepstra(made), mel_cepstra(wanted)
    _, path = dtw(mine.T, theirs.T)
    off = mine[path[:, 0]] - theirs[path[:, 1]]
    return float(np.mean(10 / np.log(10) * np.sqrt(2 * (off**2).sum(1))))


def pitch_likeness(made: Audio, source: Audio) -> tuple[float, float]:
    """Correlation of the logarithms of pitch, and the share of sounding moments voiced in one of them only.

    What was made is heard by another method than the engine's, harvest. The source's pitch is that which the engine
    wants: harvest often takes half the pitch of a low speaker, and would then measure itself.
    """
    mine, theirs, wanted = _pitch_hz(made, "harvest"), _pitch_hz(source, "harvest"), _pitch_hz(source, "dio")
    moments = min(len(mine), len(theirs))
    both = (mine[:moments] > 0) & (wanted[:moments] > 0)
    pairs = np.log(mine[:moments][both]), np.log(wanted[:moments][both])
    correlation = float(np.corrcoef(*pairs)[0, 1]) if both.sum() > 2 else 0.0
    samples = source.mono().resampled(RATE).samples[0]
    power = np.convolve(samples**2, np.ones(400) / 400, "same")[:: RATE // 200][:moments]
    sounding = power > power.max() * 10 ** (SILENCE_DB / 10)
    differs = (mine[:moments] > 0) != (theirs[:moments] > 0)
    return correlation, float(differs[: len(sounding)][sounding].mean())


def _pitch_hz(audio: Audio, method: str) -> npt.NDArray[np.float32]:
    return without_octave_errors(find_pitch(audio.mono().resampled(RATE), method)).hertz
