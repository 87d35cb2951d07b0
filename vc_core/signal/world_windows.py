"""Resynthesise a voice of any length with WORLD, in windows: new F0, time stretching, segments passed through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from vc_core.audio import Audio, Samples, count_resampled_frames
from vc_core.progress import Progress, silent
from vc_core.signal.pitch import Pitch
from vc_core.signal.windows import Windows, stream_in_positioned_windows
from vc_core.signal.world import (
    HOP_SECONDS,
    FloatArray,
    WorldFeatures,
    choose_world_sample_rate,
    extract_world_features,
    stretch_time,
    synthesise_world,
)

FeatureChange = Callable[[WorldFeatures], WorldFeatures]

GRID_HOPS = 4
"""This many hops are a whole number of samples at each of WORLD's sample rates."""
MARGIN_HOPS = 3 * GRID_HOPS
"""Four periods of the lowest F0: more than WORLD's analysis window."""
FADE_HOPS = 1.0
"""Cross-fade into and out of a passed-through segment."""
WINDOWS = Windows(seconds=8.0, context_seconds=0.3, fade_seconds=0.02, align_seconds=0.014)
"""Each window's pulse train starts anew, so a window is shifted by up to a period to match its neighbour's phase."""


@dataclass(frozen=True)
class Passthrough:
    """A segment that is copied from the source instead of synthesised, such as a consonant. All in hops."""

    source_start: float
    start: float
    hops: float


@dataclass(frozen=True, eq=False)
class ResynthesisPlan:
    """For each frame of the result its F0, and the source frame that its spectrum is taken from."""

    source_pitch: Pitch
    hertz: FloatArray
    """F0 of the result, shape (frames,)."""
    source_frames: FloatArray
    """Fractional source frame for each frame of the result, shape (frames,); never decreases."""
    frames: int
    """Samples of the result, at the source's sample rate."""
    change: FeatureChange = lambda features: features
    passthrough: tuple[Passthrough, ...] = ()
    passthrough_gain: float = 1.0


def make_identity_plan(audio: Audio, pitch: Pitch) -> ResynthesisPlan:
    """Analysis and synthesis without any change."""
    frames = np.arange(pitch.frames, dtype=np.float64)
    return ResynthesisPlan(pitch, pitch.hertz.astype(np.float64), frames, audio.frames)


def resynthesise(audio: Audio, plan: ResynthesisPlan, *, progress: Progress = silent) -> Audio:
    """Resynthesise at the input's sample rate and channel count; memory beyond input and output is one window's.

    All channels share the F0, and each has its own envelope: their pulses stay in phase, which preserves the stereo
    position. Changing only the mid signal would leave the old F0 audible in the side signal.
    """
    is_dual_mono = audio.channels > 1 and bool((audio.samples == audio.samples[:1]).all())
    distinct = audio.with_samples(audio.samples[:1]) if is_dual_mono else audio
    source = distinct.resample(choose_world_sample_rate(audio.sample_rate))
    frames = count_resampled_frames(plan.frames, audio.sample_rate, source.sample_rate)
    result = _resynthesise_in_windows(source, plan, frames, progress).resample(audio.sample_rate)
    samples = result.samples[:, : plan.frames]
    samples = np.pad(samples, ((0, 0), (0, plan.frames - samples.shape[1])))
    return audio.with_samples(np.repeat(samples, audio.channels, axis=0) if is_dual_mono else samples)


def _resynthesise_in_windows(source: Audio, plan: ResynthesisPlan, frames: int, progress: Progress) -> Audio:
    """The windows divide the result, whose length may differ from the source's: their input is silence."""
    samples = np.zeros((source.channels, frames), np.float32)
    filled = 0

    def process(placeholder: Audio, start: int) -> Audio:
        return _resynthesise_window(source, plan, start, placeholder.frames)

    placeholders = _iterate_silence(frames, source.sample_rate)
    for block in stream_in_positioned_windows(placeholders, process, WINDOWS, frames=frames, progress=progress):
        samples[:, filled : filled + block.frames] = block.samples
        filled += block.frames
    return source.with_samples(samples)


def _iterate_silence(frames: int, sample_rate: int) -> Iterator[Audio]:
    for first in range(0, frames, sample_rate):
        yield Audio(np.zeros((1, min(sample_rate, frames - first)), np.float32), sample_rate)


def _resynthesise_window(source: Audio, plan: ResynthesisPlan, start: int, frames: int) -> Audio:
    """The samples `start` to `start + frames` of the result."""
    hop_samples = source.sample_rate * HOP_SECONDS
    result_frames = round(start / hop_samples) + np.arange(int(frames / hop_samples) + 2)
    result_frames = np.minimum(result_frames, len(plan.source_frames) - 1)
    positions = plan.source_frames[result_frames]
    left = max(0, int(positions[0] - MARGIN_HOPS) // GRID_HOPS * GRID_HOPS)
    right = min(plan.source_pitch.frames, int(positions[-1]) + 2 + MARGIN_HOPS)
    excerpt, pitch = _cut_source(source, plan.source_pitch, left, right)
    samples = np.zeros((source.channels, frames), np.float32)
    for channel, wave in zip(samples, excerpt.samples, strict=True):
        features = extract_world_features(excerpt.with_samples(wave[None]), pitch)
        features = stretch_time(features, positions - left)
        changed = plan.change(replace(features, hertz=plan.hertz[result_frames]))
        channel[:] = synthesise_world(changed, frames).samples[0]
    return source.with_samples(_mix_passthrough(samples, source, plan, start))


def _cut_source(source: Audio, pitch: Pitch, left: int, right: int) -> tuple[Audio, Pitch]:
    """Source and F0 from frame `left` to `right`, padded with silence past the end."""
    hop_samples = source.sample_rate * HOP_SECONDS
    first, last = round(left * hop_samples), round(right * hop_samples)
    excerpt = source.slice(first, last)
    padding = last - first - excerpt.frames
    excerpt = excerpt.with_samples(np.pad(excerpt.samples, ((0, 0), (0, padding))))
    return excerpt, replace(pitch, hertz=pitch.hertz[left:right], confidence=pitch.confidence[left:right])


def _mix_passthrough(samples: Samples, source: Audio, plan: ResynthesisPlan, start: int) -> Samples:
    """Equal-power cross-fade from synthesis to source and back, in place: the two are not in phase."""
    hop_samples = source.sample_rate * HOP_SECONDS
    frames = samples.shape[1]
    for segment in plan.passthrough:
        first, last = round(segment.start * hop_samples), round((segment.start + segment.hops) * hop_samples)
        begin, end = max(first, start), min(last, start + frames)
        shift = round(segment.source_start * hop_samples) - first
        end = min(end, source.frames - shift)
        if begin >= end:
            continue
        positions = np.arange(begin, end)
        edge_distance = np.minimum(positions - first + 0.5, last - positions - 0.5)
        depth = np.clip(edge_distance / (FADE_HOPS * hop_samples), 0.0, 1.0)
        synthesised = samples[:, begin - start : end - start]
        original = source.samples[:, begin + shift : end + shift]
        fade = np.sin(np.pi / 2 * depth)
        synthesised *= np.cos(np.pi / 2 * depth).astype(np.float32)
        synthesised += (plan.passthrough_gain * fade).astype(np.float32) * original
    return samples
