"""How loud sound is (ITU-R BS.1770), mixing with gains, and a limiter that keeps peaks below full scale."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from vc_core.audio import Audio, Samples
from vc_core.slicing import Windows, process_in_windows

CEILING_DB = -0.1
"""True peak. A little room below full scale, for the rounding of a file's own numbers."""

LIMITER_WINDOWS = Windows(seconds=10.0, context_seconds=0.05, fade_seconds=0.0)
LOOKAHEAD_SECONDS = 0.04
"""Longer than a period of the lowest bass, or the gain would follow the wave itself and distort it."""
OVERSAMPLING = 4
INTERPOLATOR_REACH = 20


def loudness_lufs(audio: Audio) -> float:
    """Integrated loudness; minus infinity for silence."""
    import pyloudnorm  # slow to import, and whatever writes a file imports this module

    shortest = round(0.4 * audio.sample_rate)  # the length of a gating block
    samples = audio.samples
    if audio.frames < shortest:
        samples = np.tile(samples, shortest // max(audio.frames, 1) + 1)
    if not samples.any():
        return -np.inf
    return float(pyloudnorm.Meter(audio.sample_rate).integrated_loudness(samples.T.astype(np.float64)))


def gained(audio: Audio, gain_db: float) -> Audio:
    return audio.with_samples(audio.samples * np.float32(10 ** (gain_db / 20)))


def with_loudness(audio: Audio, lufs: float) -> Audio:
    """The same sound at another loudness; silence stays silence. Peaks may go beyond full scale."""
    now = loudness_lufs(audio)
    return audio if np.isinf(now) else gained(audio, lufs - now)


def mix(tracks: Sequence[Audio], gains_db: Sequence[float]) -> Audio:
    """The sum of tracks of one rate and length; a mono track is heard in the middle."""
    first = tracks[0]
    if any(track.sample_rate != first.sample_rate or track.frames != first.frames for track in tracks):
        raise ValueError("tracks of one rate and length are needed to mix")
    channels = max(track.channels for track in tracks)
    total = np.zeros((channels, first.frames), np.float32)
    for track, gain_db in zip(tracks, gains_db, strict=True):
        total += gained(track, gain_db).samples
    return first.with_samples(total)


def true_peak_db(audio: Audio) -> float:
    """The highest level between and at the samples, in decibels against full scale."""
    return float(20 * np.log10(_peaks(audio.samples).max(initial=0.0) + 1e-12))


class Limiter:
    """Brings peaks down to the ceiling, smoothly, and remembers by how much; lower sound passes untouched."""

    def __init__(self, ceiling_db: float = CEILING_DB) -> None:
        self.ceiling_db = ceiling_db
        self.reduction_db = 0.0

    def __call__(self, audio: Audio) -> Audio:
        gain = _limiter_gain(audio, 10 ** (self.ceiling_db / 20))
        if gain is None:
            return audio
        self.reduction_db = max(self.reduction_db, float(-20 * np.log10(gain.min())))
        return audio.with_samples(audio.samples * gain)


def limited(audio: Audio) -> Audio:
    return process_in_windows(audio, Limiter(), LIMITER_WINDOWS)


def _limiter_gain(audio: Audio, ceiling: float) -> Samples | None:
    """None where no peak is too high."""
    if np.abs(audio.samples).max(initial=0.0) < ceiling / 2:
        return None  # between samples, sound rises by less than 6 dB
    peaks = _peaks(audio.samples).max(axis=0)
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    if needed.min() == 1.0:
        return None
    # The smallest gain in reach, then the mean of that over the same reach: it is smooth, and yet
    # at each peak no higher than that peak needs.
    reach = round(LOOKAHEAD_SECONDS * audio.sample_rate) | 1
    weights = np.hanning(reach + 2)[1:-1]
    reduction = np.pad(1.0 - minimum_filter1d(needed, reach), reach // 2, mode="edge")
    return (1.0 - np.convolve(reduction, weights / weights.sum(), "valid")).astype(np.float32)


def _interpolators() -> list[Samples]:
    """What gives the sound a quarter, a half and three quarters of the way to the next frame: windowed sincs."""
    at = np.arange(-INTERPOLATOR_REACH, INTERPOLATOR_REACH + 1)
    window = np.kaiser(2 * len(at) + 1, 5.0)[1::2]
    parts = np.arange(1, OVERSAMPLING) / OVERSAMPLING
    return [(np.sinc(at + part) * window).astype(np.float32) for part in parts]


_BETWEEN = _interpolators()


def _peaks(samples: Samples) -> Samples:
    """For each frame, the highest level at it and on both sides up to the next frame."""
    frames = samples.shape[1]
    highest = np.abs(samples)
    for kernel in _BETWEEN:
        for channel, heard in zip(highest, samples, strict=True):
            np.maximum(channel, np.abs(np.convolve(heard, kernel, "same")[:frames]), out=channel)
    return np.asarray(maximum_filter1d(highest, 3, axis=1), np.float32)
