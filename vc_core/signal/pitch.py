"""Pitch (F0) estimation of recordings of any length, octave error correction and smoothing."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from scipy.ndimage import median_filter

from vc_core.audio import Audio, format_clock, join_blocks
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.signal.pitch_methods import (
    DEFAULT_METHOD,
    METHODS,
    FrameValues,
    Pitch,
    PitchEstimator,
    PitchSettings,
    choose_pitch_device,
    load_pitch_method,
    prepare_pitch_method,
)

__all__ = [
    "DEFAULT_METHOD",
    "METHODS",
    "FrameValues",
    "Pitch",
    "PitchEstimator",
    "PitchSettings",
    "correct_octave_errors",
    "estimate_pitch",
    "estimate_pitch_of_blocks",
    "find_voiced_segments",
    "load_pitch_method",
    "measure_pitch_range",
    "prepare_pitch_method",
    "smooth_pitch",
]

WINDOW_SECONDS, CONTEXT_SECONDS = 20.0, 0.5
"""Long recordings are analysed in windows with context on both sides, so that memory use is bounded; at most these."""
SHORTEST_SECONDS = 0.2
"""WORLD reads out of bounds on shorter input."""
MAX_OCTAVE_DEVIATION = 0.25
"""How near a jump must be to whole octaves to count as an octave error."""


def estimate_pitch(
    audio: Audio,
    method: str | PitchEstimator = DEFAULT_METHOD,
    *,
    hop_seconds: float = 0.005,
    lowest_hz: float = 50.0,
    highest_hz: float = 1100.0,
    progress: Progress = silent,
) -> Pitch:
    """Estimate the F0 contour of a recording, downmixed to mono.

    A network given by name runs on the chosen GPU, if there is one; use `load_pitch_method` for another one.
    """
    settings = PitchSettings(hop_seconds, lowest_hz, highest_hz)
    return estimate_pitch_of_blocks([audio], method, settings, frames=audio.frames, progress=progress)


def estimate_pitch_of_blocks(
    blocks: Iterable[Audio],
    method: str | PitchEstimator = DEFAULT_METHOD,
    settings: PitchSettings = PitchSettings(),
    *,
    frames: int | None = None,
    progress: Progress = silent,
) -> Pitch:
    """As `estimate_pitch`, for consecutive blocks, in constant memory.

    `frames`, if known, is the total number of samples, for `progress`.
    """
    estimator = load_pitch_method(method, choose_pitch_device(method)) if isinstance(method, str) else method
    hop_seconds = settings.hop_seconds
    window, context = (max(1, round(seconds / hop_seconds)) for seconds in _choose_window(method))
    results: list[Pitch] = []
    first, buffer = 0, _FrameBuffer(hop_seconds)

    def estimate_up_to(last: int) -> None:
        progress(min(first * hop_seconds / buffer.seconds(frames), 1.0), format_clock(first * hop_seconds))
        left_context = min(first, context)
        pitch = _estimate_window(buffer.slice(first - left_context, last + context), estimator, settings)
        inner = slice(left_context, left_context + last - first)
        results.append(Pitch(pitch.hertz[inner], pitch.confidence[inner], hop_seconds))

    for block in blocks:
        buffer.append(block)
        while buffer.contains(first + window + context):
            estimate_up_to(first + window)
            first += window
            buffer.drop_before(first - context)
    while first < buffer.frame_count:
        last = min(first + window, buffer.frame_count)
        estimate_up_to(last)
        first = last
    hertz, confidence = (np.concatenate([getattr(one, name) for one in results]) for name in ("hertz", "confidence"))
    return Pitch(hertz, confidence, hop_seconds)


def _choose_window(method: str | PitchEstimator) -> tuple[float, float]:
    """The length of a window and of its context, in seconds."""
    if not isinstance(method, str):
        return WINDOW_SECONDS, CONTEXT_SECONDS
    return min(METHODS[method].window_seconds, WINDOW_SECONDS), METHODS[method].context_seconds


class _FrameBuffer:
    """The end of a stream that is still needed, addressed by pitch frames instead of samples."""

    def __init__(self, hop_seconds: float) -> None:
        self._hop_seconds = hop_seconds
        self._blocks: list[Audio] = []
        self._start_sample = 0

    @property
    def _audio(self) -> Audio:
        self._blocks = [join_blocks(self._blocks)] if len(self._blocks) > 1 else self._blocks
        return self._blocks[0]

    @property
    def _end_sample(self) -> int:
        return self._start_sample + sum(block.frames for block in self._blocks)

    @property
    def frame_count(self) -> int:
        """Pitch frames in everything that was appended."""
        return int(self._end_sample / self._blocks[0].sample_rate / self._hop_seconds + 1e-9) + 1

    def append(self, block: Audio) -> None:
        self._blocks.append(block)

    def seconds(self, samples: int | None) -> float:
        """Duration of `samples`, or of everything that was appended."""
        return max(samples or self._end_sample, 1) / self._blocks[0].sample_rate

    def contains(self, frame: int) -> bool:
        return self._end_sample > self._to_sample(frame)

    def slice(self, first: int, last: int) -> Audio:
        start = self._to_sample(first)
        return self._audio.slice(start - self._start_sample, max(start, self._to_sample(last)) - self._start_sample)

    def drop_before(self, frame: int) -> None:
        dropped = max(0, self._to_sample(frame) - self._start_sample)
        self._blocks = [self._audio.slice(dropped, self._audio.frames)]
        self._start_sample += dropped

    def _to_sample(self, frame: int) -> int:
        return round(frame * self._hop_seconds * self._blocks[0].sample_rate)


def _estimate_window(window: Audio, estimator: PitchEstimator, settings: PitchSettings) -> Pitch:
    window = window.to_mono()
    missing = max(0, round((SHORTEST_SECONDS + settings.hop_seconds) * window.sample_rate) - window.frames)
    padded = window.with_samples(np.pad(window.samples, ((0, 0), (0, missing))))
    return estimator(padded, settings)


def correct_octave_errors(pitch: Pitch, *, around_seconds: float = 0.4) -> Pitch:
    """Shift short segments that are an octave off the median around them; a sung octave lasts longer than that."""
    voiced = np.flatnonzero(pitch.hertz)
    if not len(voiced):
        return pitch
    octaves = np.log2(pitch.hertz[voiced])
    # Reflect at the ends: repeating the last value would make it the median.
    median = median_filter(octaves, size=_round_to_odd(around_seconds / pitch.hop_seconds), mode="reflect")
    # Within a syllable, intonation rarely moves by almost exactly an octave.
    error_octaves = np.round(octaves - median)
    is_error = np.abs(octaves - median - error_octaves) < MAX_OCTAVE_DEVIATION
    hertz = pitch.hertz.copy()
    hertz[voiced] = 2 ** (octaves - np.where(is_error, error_octaves, 0.0))
    return replace(pitch, hertz=hertz)


def smooth_pitch(pitch: Pitch, *, over_seconds: float = 0.025) -> Pitch:
    """Median filter within voiced segments; unvoiced frames stay unvoiced."""
    hertz = pitch.hertz.copy()
    size = _round_to_odd(over_seconds / pitch.hop_seconds)
    for first, last in find_voiced_segments(pitch):
        hertz[first:last] = median_filter(hertz[first:last], size=size, mode="nearest")
    return replace(pitch, hertz=hertz)


def find_voiced_segments(pitch: Pitch) -> list[tuple[int, int]]:
    """Runs of consecutive voiced frames as (first, last + 1)."""
    edges = np.flatnonzero(np.diff(pitch.voiced.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def measure_pitch_range(pitch: Pitch) -> tuple[float, float]:
    """As `find_pitch_range`, of a recording in which a voice must be heard."""
    if (range_hz := find_pitch_range(pitch)) is None:
        raise UserError("No voice can be heard in this recording. Pick one in which somebody speaks or sings.")
    return range_hz


def find_pitch_range(pitch: Pitch) -> tuple[float, float] | None:
    """5th and 95th percentile of the voiced frames in hertz, which excludes a few outliers; None if none is voiced."""
    voiced_hz = pitch.hertz[pitch.voiced]
    if not len(voiced_hz):
        return None
    low, high = np.percentile(voiced_hz, (5, 95))
    return float(low), float(high)


def _round_to_odd(frames: float) -> int:
    return max(1, round(frames)) | 1
