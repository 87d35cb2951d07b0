"""Make a voice anew with WORLD, however long it is: in windows, at another speed, and keeping what needs no change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from vc_core.audio import Audio, Samples, resampled_frames
from vc_core.pitch import Pitch
from vc_core.progress import Progress, silent
from vc_core.slicing import Windows, stream_in_placed_windows
from vc_core.world import HOP_SECONDS, Values, WorldFeatures, analyse, stretched, synthesise, world_rate

Change = Callable[[WorldFeatures], WorldFeatures]

GRID_HOPS = 4
"""At each of WORLD's rates, so many hops are a whole number of samples."""
MARGIN_HOPS = 3 * GRID_HOPS
"""Four periods of the lowest pitch: further than WORLD listens around a moment."""
FADE_HOPS = 1.0
"""How long what is kept takes to fade in and out."""
WINDOWS = Windows(seconds=8.0, context_seconds=0.3, fade_seconds=0.02, align_seconds=0.014)
"""Each window's pulses start anew, so a window moves by up to a period to meet its neighbour in phase."""


@dataclass(frozen=True)
class Kept:
    """A stretch that is not made anew, such as a consonant: the source's own samples. All in hops."""

    source_start: float
    start: float
    hops: float


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to come out: for each new frame its pitch, and where in the source its sound is from."""

    source_pitch: Pitch
    hertz: Values
    taken_from: Values
    """In frames of the source; never goes back."""
    frames: int
    """Samples of the result, at the source's sample rate."""
    change: Change = lambda features: features
    kept: tuple[Kept, ...] = ()
    kept_gain: float = 1.0


def unchanged(audio: Audio, pitch: Pitch) -> Plan:
    """The plan that gives the same voice again, all of it made anew."""
    return Plan(pitch, pitch.hertz.astype(np.float64), np.arange(pitch.frames, dtype=np.float64), audio.frames)


def remake(audio: Audio, plan: Plan, *, progress: Progress = silent) -> Audio:
    """A voice after a plan, at its own rate and with its channels; memory beside those two is that of a window.

    All channels get the same pitch, and each its own envelope: their pulses then stay in phase, and the voice stays
    where it is heard. To change the middle alone would leave the old pitch sounding at the sides.
    """
    same = audio.channels > 1 and bool((audio.samples == audio.samples[:1]).all())
    heard = audio.with_samples(audio.samples[:1]) if same else audio
    source = heard.resampled(world_rate(audio.sample_rate))
    frames = resampled_frames(plan.frames, audio.sample_rate, source.sample_rate)
    made = _in_windows(source, plan, frames, progress).resampled(audio.sample_rate).samples[:, : plan.frames]
    made = np.pad(made, ((0, 0), (0, plan.frames - made.shape[1])))
    return audio.with_samples(np.repeat(made, audio.channels, axis=0) if same else made)


def _in_windows(source: Audio, plan: Plan, frames: int, progress: Progress) -> Audio:
    """Windows are cut from the result, since it may be longer than the source: all that they hear is their place."""
    samples = np.zeros((source.channels, frames), np.float32)
    filled = 0

    def made(place: Audio, start: int) -> Audio:
        return _window(source, plan, start, place.frames)

    places = _silence(frames, source.sample_rate)
    for piece in stream_in_placed_windows(places, made, WINDOWS, frames=frames, progress=progress):
        samples[:, filled : filled + piece.frames] = piece.samples
        filled += piece.frames
    return source.with_samples(samples)


def _silence(frames: int, sample_rate: int) -> Iterator[Audio]:
    for first in range(0, frames, sample_rate):
        yield Audio(np.zeros((1, min(sample_rate, frames - first)), np.float32), sample_rate)


def _window(source: Audio, plan: Plan, start: int, frames: int) -> Audio:
    hop = source.sample_rate * HOP_SECONDS
    first = round(start / hop)
    wanted = np.minimum(first + np.arange(int(frames / hop) + 2), len(plan.taken_from) - 1)
    positions = plan.taken_from[wanted]
    left = max(0, int(positions[0] - MARGIN_HOPS) // GRID_HOPS * GRID_HOPS)
    right = min(plan.source_pitch.frames, int(positions[-1]) + 2 + MARGIN_HOPS)
    pitch = replace(
        plan.source_pitch,
        hertz=plan.source_pitch.hertz[left:right],
        confidence=plan.source_pitch.confidence[left:right],
    )
    heard = source.between(round(left * hop), round(right * hop))
    heard = heard.with_samples(
        np.pad(heard.samples, ((0, 0), (0, round(right * hop) - round(left * hop) - heard.frames)))
    )
    samples = np.zeros((source.channels, frames), np.float32)
    for channel, wave in zip(samples, heard.samples, strict=True):
        features = stretched(analyse(heard.with_samples(wave[None]), pitch), positions - left)
        changed = plan.change(replace(features, hertz=plan.hertz[wanted]))
        channel[:] = synthesise(changed, frames).samples[0]
    return source.with_samples(_with_kept(samples, source, plan, start))


def _with_kept(samples: Samples, source: Audio, plan: Plan, start: int) -> Samples:
    """Fade from what is made to the source's own sound and back, evenly in power, as the two are not in phase."""
    hop = source.sample_rate * HOP_SECONDS
    frames = samples.shape[1]
    for kept in plan.kept:
        first, last = round(kept.start * hop), round((kept.start + kept.hops) * hop)
        begin, end = max(first, start), min(last, start + frames)
        shift = round(kept.source_start * hop) - first
        end = min(end, source.frames - shift)
        if begin >= end:
            continue
        at = np.arange(begin, end)
        depth = np.clip(np.minimum(at - first + 0.5, last - at - 0.5) / (FADE_HOPS * hop), 0.0, 1.0)
        made = samples[:, begin - start : end - start]
        own = source.samples[:, begin + shift : end + shift]
        fade = np.sin(np.pi / 2 * depth)
        made *= np.cos(np.pi / 2 * depth).astype(np.float32)
        made += (plan.kept_gain * fade).astype(np.float32) * own
    return samples
