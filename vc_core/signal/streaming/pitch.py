"""Causal low-delay pitch (F0) tracker for streams: normalised autocorrelation, and a path with octave memory.

After P. McLeod and G. Wyvill, “A smarter way to find pitch”, ICMC 2005; candidates and costs after P. Boersma's tracker
(1993), but each frame is decided at once: the future is not known.
"""

import numpy as np
import numpy.typing as npt
from scipy.signal import firwin

Signal = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
SAMPLE_RATE, HOP_SAMPLES = 16_000, 80
HOP_SECONDS = HOP_SAMPLES / SAMPLE_RATE
LOWEST_HZ, HIGHEST_HZ = 50.0, 1100.0
LOWPASS_HZ, LOWPASS_TAPS = 2_000.0, 33
"""Breath and consonants between the harmonics lower the correlation."""
BEFORE, AFTER = 320, 264
"""Samples of a window on both sides of its frame: two periods of the lowest pitch."""
LOOK_AHEAD_SECONDS = (AFTER + LOWPASS_TAPS // 2) / SAMPLE_RATE
SHORTEST_LAG, LONGEST_LAG = int(SAMPLE_RATE / HIGHEST_HZ), round(SAMPLE_RATE / LOWEST_HZ)
FFT_SIZE = 1024
CANDIDATES, WEAKEST = 6, 0.3
OCTAVE_COST = 0.02
"""For each octave down, lest a multiple of the period be chosen."""
JUMP_COST, VOICING_COST = 0.3, 0.2
"""For each octave between two frames, and for each beginning or end of voicing."""
MEMORY_COST, MEMORY_SECONDS = 0.6, 0.6
"""Where voicing begins: for each octave from the mean of the last voiced time."""
UNVOICED_STRENGTH, QUIET_STRENGTH = 0.4, 2.0
"""What a candidate must exceed; frames much quieter than the loud ones are unvoiced."""
QUIET_RATIO = 0.01
"""In amplitude, relative to the loud frames."""
LOUD_SECONDS = 2.0
SILENCE_POWER = 1e-8
REFINED_SAMPLES = (160, 320)
"""Shortest and longest window in which the chosen period is measured again."""


LOWPASS: Signal = firwin(LOWPASS_TAPS, LOWPASS_HZ, fs=SAMPLE_RATE).astype(np.float32)


class LivePitchTracker:
    """Frame k is at sample k · HOP_SAMPLES, and known LOOK_AHEAD_SECONDS later."""

    def __init__(self) -> None:
        self._input: Signal = np.zeros(LOWPASS_TAPS // 2, np.float32)  # what the filter's next output needs
        self._samples: Signal = np.zeros(BEFORE, np.float32)  # from the next frame's window on
        self._octaves, self._scores = np.zeros(0), np.zeros(0)  # of the last frame's candidates
        self._unvoiced_score = 0.0
        self._memory: float | None = None
        self._loud_sums = np.zeros(2)  # of squared power and of power

    def feed(self, samples: Signal) -> Values:
        """Audio at SAMPLE_RATE, shape (n,), to the F0 of the frames known by now, 0 where unvoiced; shape (m,)."""
        self._input = np.concatenate([self._input, samples])
        if len(self._input) < LOWPASS_TAPS:
            return np.zeros(0)
        self._samples = np.concatenate([self._samples, np.convolve(self._input, LOWPASS, "valid")])
        self._input = self._input[1 - LOWPASS_TAPS :]
        frames = max(0, (len(self._samples) - BEFORE - AFTER) // HOP_SAMPLES + 1)
        if not frames:
            return np.zeros(0)
        windows = np.lib.stride_tricks.sliding_window_view(self._samples, BEFORE + AFTER)[::HOP_SAMPLES][:frames]
        correlations, powers = _correlate(windows)
        hertz = np.array([self._decide(*frame) for frame in zip(windows, correlations, powers, strict=True)])
        self._samples = self._samples[frames * HOP_SAMPLES :]
        return hertz

    def _decide(self, window: Signal, correlation: Values, power: float) -> float:
        decay = HOP_SECONDS / LOUD_SECONDS
        self._loud_sums += decay * (np.array([power**2, power]) - self._loud_sums)
        loud = self._loud_sums[0] / max(self._loud_sums[1], SILENCE_POWER)
        lags, heights = _find_peaks(correlation)
        octaves = np.log2(SAMPLE_RATE / lags)
        strengths = heights - OCTAVE_COST * (np.log2(HIGHEST_HZ) - octaves)
        best = np.argsort(-strengths)[:CANDIDATES]
        lags, octaves, strengths = lags[best], octaves[best], strengths[best]
        quietness = max(0.0, 1 - np.sqrt(power / max(loud, SILENCE_POWER)) / QUIET_RATIO)
        chosen = self._extend_paths(octaves, strengths, UNVOICED_STRENGTH + QUIET_STRENGTH * quietness)
        if chosen is None:
            return 0.0
        known = octaves[chosen] if self._memory is None else self._memory
        self._memory = known + HOP_SECONDS / MEMORY_SECONDS * (octaves[chosen] - known)
        return float(SAMPLE_RATE / _refine(window, lags[chosen]))

    def _extend_paths(self, octaves: Values, strengths: Values, unvoiced_strength: float) -> int | None:
        """Add a frame to the best path of each candidate; returns the best candidate, None for unvoiced."""
        begun = np.full(len(octaves), self._unvoiced_score - VOICING_COST)
        if self._memory is not None:
            begun -= MEMORY_COST * np.abs(octaves - self._memory)
        ended = self._unvoiced_score
        if len(self._octaves):
            jumps = JUMP_COST * np.abs(octaves[:, None] - self._octaves)
            begun = np.maximum(begun, (self._scores - jumps).max(1))
            ended = max(ended, float(self._scores.max()) - VOICING_COST)
        scores, unvoiced = strengths + begun, unvoiced_strength + ended
        chosen = int(scores.argmax()) if len(scores) and scores.max() > unvoiced else None
        top = unvoiced if chosen is None else float(scores[chosen])
        self._octaves, self._scores, self._unvoiced_score = octaves, scores - top, unvoiced - top
        return chosen


def _correlate(windows: Signal) -> tuple[Values, Values]:
    """(frames, samples) to correlations at all lags up to LONGEST_LAG + 1, (frames, lags), and powers, (frames,)."""
    windows = windows.astype(np.float64)
    windows = windows - windows.mean(1, keepdims=True)
    spectra = np.fft.rfft(windows, FFT_SIZE)
    products = np.fft.irfft(spectra.real**2 + spectra.imag**2, FFT_SIZE)[:, : LONGEST_LAG + 2]
    sums = np.concatenate([np.zeros((len(windows), 1)), np.cumsum(windows**2, 1)], 1)
    lags = np.arange(LONGEST_LAG + 2)
    total, samples = sums[:, -1:], windows.shape[1]
    norms = sums[:, samples - lags] + total - sums[:, lags]
    return 2 * products / (norms + 2 * SILENCE_POWER * samples), total[:, 0] / samples


def _find_peaks(correlation: Values) -> tuple[Values, Values]:
    """Lags (between samples) and heights of the local maxima; none where the sound is not periodic."""
    before, middle, after = (
        correlation[SHORTEST_LAG - 1 : -2],
        correlation[SHORTEST_LAG:-1],
        correlation[SHORTEST_LAG + 1 :],
    )
    at = np.flatnonzero((middle > before) & (middle >= after) & (middle > WEAKEST))
    curvature = before[at] - 2 * middle[at] + after[at]
    offset = 0.5 * (before[at] - after[at]) / np.minimum(curvature, -1e-12)
    heights = middle[at] - 0.25 * (before[at] - after[at]) * offset
    return np.clip(at + SHORTEST_LAG + offset, SAMPLE_RATE / HIGHEST_HZ, LONGEST_LAG), heights


def _refine(window: Signal, lag: float) -> float:
    """The period, measured in a window of about two periods around the frame, which follows a glide."""
    nearest = round(lag)
    samples = min(int(np.clip(2 * lag, *REFINED_SAMPLES)), len(window) - nearest - 1)
    heights = []
    for tried in (nearest - 1, nearest, nearest + 1):
        start = max(0, min(BEFORE - (samples + tried) // 2, len(window) - samples - tried))
        one, two = window[start : start + samples], window[start + tried : start + tried + samples]
        heights.append(2 * float(one @ two) / (float(one @ one + two @ two) + 1e-12))
    before, middle, after = heights
    if middle < max(before, after):  # no maximum: keep what the whole window says
        return lag
    return nearest + 0.5 * (before - after) / min(before - 2 * middle + after, -1e-12)
