"""Integrated loudness in LUFS (ITU-R BS.1770), gain, mixing, and a look-ahead true-peak limiter."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from vc_core.audio import Audio, Samples
from vc_core.signal.windows import Windows, process_in_windows

CEILING_DB = -0.1
"""True peak in dBTP. Headroom below full scale for the rounding of integer formats."""

LIMITER_WINDOWS = Windows(seconds=10.0, context_seconds=0.05, fade_seconds=0.0)
LOOKAHEAD_SECONDS = 0.04
"""Longer than a period of the lowest bass; a shorter look-ahead would follow the waveform and distort it."""
OVERSAMPLING = 4
INTERPOLATOR_HALF_FRAMES = 20
GATING_BLOCK_SECONDS = 0.4


def measure_loudness_lufs(audio: Audio) -> float:
    """Integrated loudness; minus infinity for silence. Audio shorter than a gating block is repeated."""
    import pyloudnorm  # slow to import, and every module that writes a file imports this one

    shortest = round(GATING_BLOCK_SECONDS * audio.sample_rate)
    samples = audio.samples
    if audio.frames < shortest:
        samples = np.tile(samples, shortest // max(audio.frames, 1) + 1)
    if not samples.any():
        return -np.inf
    return float(pyloudnorm.Meter(audio.sample_rate).integrated_loudness(samples.T.astype(np.float64)))


def apply_gain(audio: Audio, gain_db: float) -> Audio:
    return audio.with_samples(audio.samples * np.float32(10 ** (gain_db / 20)))


def normalise_loudness(audio: Audio, lufs: float) -> Audio:
    """Scale to a target loudness; silence stays silence. Peaks may exceed full scale."""
    current_lufs = measure_loudness_lufs(audio)
    return audio if np.isinf(current_lufs) else apply_gain(audio, lufs - current_lufs)


def mix(tracks: Sequence[Audio], gains_db: Sequence[float]) -> Audio:
    """Sum tracks of equal sample rate and length; a mono track goes to the centre."""
    first = tracks[0]
    if any(track.sample_rate != first.sample_rate or track.frames != first.frames for track in tracks):
        raise ValueError("tracks of one rate and length are needed to mix")
    channels = max(track.channels for track in tracks)
    total = np.zeros((channels, first.frames), np.float32)
    for track, gain_db in zip(tracks, gains_db, strict=True):
        total += apply_gain(track, gain_db).samples
    return first.with_samples(total)


def measure_true_peak_db(audio: Audio) -> float:
    """True peak in dBTP: the highest level at and between the samples, by oversampling."""
    return float(20 * np.log10(_measure_true_peaks(audio.samples).max(initial=0.0) + 1e-12))


class TruePeakLimiter:
    """Reduces peaks above the ceiling by a smooth gain, and records the largest reduction. The rest is bit-exact."""

    def __init__(self, ceiling_db: float = CEILING_DB) -> None:
        self.ceiling_db = ceiling_db
        self.reduction_db = 0.0

    def __call__(self, audio: Audio) -> Audio:
        gain = _compute_limiter_gain(audio, 10 ** (self.ceiling_db / 20))
        if gain is None:
            return audio
        self.reduction_db = max(self.reduction_db, float(-20 * np.log10(gain.min())))
        return audio.with_samples(audio.samples * gain)


def limit_peaks(audio: Audio) -> Audio:
    return process_in_windows(audio, TruePeakLimiter(), LIMITER_WINDOWS)


def _compute_limiter_gain(audio: Audio, ceiling: float) -> Samples | None:
    """Gain of shape (frames,), the same for all channels; None if no peak exceeds the ceiling."""
    if np.abs(audio.samples).max(initial=0.0) < ceiling / 2:
        return None  # inter-sample peaks are less than 6 dB above the samples
    peaks = _measure_true_peaks(audio.samples).max(axis=0)
    required_gain = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    if required_gain.min() == 1.0:
        return None
    # Sliding minimum over the look-ahead, then a weighted mean over the same span: smooth, and at each peak no higher
    # than that peak requires.
    span = round(LOOKAHEAD_SECONDS * audio.sample_rate) | 1
    weights = np.hanning(span + 2)[1:-1]
    reduction = np.pad(1.0 - minimum_filter1d(required_gain, span), span // 2, mode="edge")
    return (1.0 - np.convolve(reduction, weights / weights.sum(), "valid")).astype(np.float32)


def _make_interpolators() -> list[Samples]:
    """Polyphase windowed-sinc filters for the points 1/4, 2/4 and 3/4 of the way to the next frame."""
    taps = np.arange(-INTERPOLATOR_HALF_FRAMES, INTERPOLATOR_HALF_FRAMES + 1)
    window = np.kaiser(2 * len(taps) + 1, 5.0)[1::2]
    fractions = np.arange(1, OVERSAMPLING) / OVERSAMPLING
    return [(np.sinc(taps + fraction) * window).astype(np.float32) for fraction in fractions]


_INTERPOLATORS = _make_interpolators()


def _measure_true_peaks(samples: Samples) -> Samples:
    """For each frame the highest level at it and up to both neighbours; shape (channels, frames)."""
    frames = samples.shape[1]
    peaks = np.abs(samples)
    for kernel in _INTERPOLATORS:
        for channel_peaks, channel in zip(peaks, samples, strict=True):
            np.maximum(channel_peaks, np.abs(np.convolve(channel, kernel, "same")[:frames]), out=channel_peaks)
    return np.asarray(maximum_filter1d(peaks, 3, axis=1), np.float32)
