"""Cut long recordings into training clips at silences (audio slicer with silence detection)."""

from dataclasses import dataclass

import numpy as np

from vc_core.audio import Audio, Samples
from vc_core.signal.windows import make_fade_in

HopSpan = tuple[int, int]
"""First hop, and the hop after the last."""


@dataclass(frozen=True)
class ClipRules:
    """How a long recording is cut into clips for training."""

    min_seconds: float = 10.0
    max_seconds: float = 15.0
    threshold_db: float = -40.0
    """Levels below this, relative to full scale, count as silence."""
    min_silence_seconds: float = 0.3
    """A shorter pause is part of the phrase."""
    retained_silence_seconds: float = 0.5
    """Silence retained on each side of a phrase."""
    hop_seconds: float = 0.01
    fade_seconds: float = 0.02
    """Each clip extends this far past its cut and is faded there: nothing is lost, and nothing clicks."""

    def __post_init__(self) -> None:
        if not 0 < self.hop_seconds <= self.fade_seconds < self.min_seconds < self.max_seconds:
            raise ValueError(f"lengths must be positive and in order: {self}")
        if min(self.min_silence_seconds, self.retained_silence_seconds) < 0:
            raise ValueError(f"silences can't be negative: {self}")


@dataclass(frozen=True)
class Clip:
    start: int
    """First frame of the clip in the recording."""
    audio: Audio


def cut_into_clips(audio: Audio, rules: ClipRules = ClipRules()) -> list[Clip]:
    """Cut at silences, or at the quietest hop where there is no pause; no sound is lost.

    No clip is longer than `max_seconds`. Clips shorter than `min_seconds` occur only next to a long silence
    or at the end of the recording. Silence alone gives no clip.
    """
    hop_frames = round(rules.hop_seconds * audio.sample_rate)
    fade_frames = round(rules.fade_seconds * audio.sample_rate)
    levels_db = measure_hop_levels_db(audio, hop_frames)
    clips = []
    for first, last in _group_phrases(_find_phrases(levels_db, rules), rules):
        start = max(0, first * hop_frames - fade_frames)
        stop = min(audio.frames, last * hop_frames + fade_frames)
        samples = audio.samples[:, start:stop].copy()
        fade_in = make_fade_in(fade_frames)
        if start > 0:
            samples[:, :fade_frames] *= fade_in
        if stop < audio.frames:
            samples[:, -fade_frames:] *= fade_in[::-1]
        clips.append(Clip(start, audio.with_samples(samples)))
    return clips


def measure_hop_levels_db(audio: Audio, hop_frames: int) -> Samples:
    """RMS level of the loudest channel in each hop, in dBFS, shape (hops,); the last hop may be short."""
    power = (audio.samples**2).max(axis=0)
    starts = np.arange(0, audio.frames, hop_frames)
    lengths = np.diff(np.append(starts, audio.frames))
    return (10 * np.log10(np.add.reduceat(power, starts) / lengths + 1e-12)).astype(np.float32)


def _find_phrases(levels_db: Samples, rules: ClipRules) -> list[HopSpan]:
    """Spans of sound with some of the surrounding silence, none longer than a clip."""
    edges = np.flatnonzero(np.diff((levels_db >= rules.threshold_db).astype(np.int8), prepend=0, append=0))
    sounds = [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
    min_pause, retained = _to_hops(rules.min_silence_seconds, rules), _to_hops(rules.retained_silence_seconds, rules)
    merged: list[HopSpan] = []
    for first, last in sounds:
        if merged and first - merged[-1][1] < min_pause:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    phrases = []
    for index, (first, last) in enumerate(merged):
        # Up to the middle of the pause on each side.
        lower = (merged[index - 1][1] + first + 1) // 2 if index else 0
        upper = (last + merged[index + 1][0] + 1) // 2 if index + 1 < len(merged) else len(levels_db)
        phrases += _split_long_phrase((max(lower, first - retained), min(upper, last + retained)), levels_db, rules)
    return phrases


def _split_long_phrase(phrase: HopSpan, levels_db: Samples, rules: ClipRules) -> list[HopSpan]:
    first, last = phrase
    shortest, longest = _to_hops(rules.min_seconds, rules), _longest_clip_hops(rules)
    spans = []
    while last - first > longest:
        # Early enough that the remainder is long enough for a clip, where possible.
        latest = min(first + longest, max(first + shortest + 1, last - shortest))
        cut = first + shortest + int(np.argmin(levels_db[first + shortest : latest]))
        spans.append((first, cut))
        first = cut
    return [*spans, (first, last)]


def _group_phrases(phrases: list[HopSpan], rules: ClipRules) -> list[HopSpan]:
    """Merge neighbouring phrases up to the length of a clip, and separate clips at the longest pauses."""
    shortest, longest = _to_hops(rules.min_seconds, rules), _longest_clip_hops(rules)
    clips: list[HopSpan] = []
    index = 0
    while index < len(phrases):
        first = phrases[index][0]
        fitting = [end for end in range(index, len(phrases)) if phrases[end][1] - first <= longest]
        long_enough = [end for end in fitting if phrases[end][1] - first >= shortest]
        end = max(long_enough, key=lambda end: _pause_after(phrases, end)) if long_enough else fitting[-1]
        clips.append((first, phrases[end][1]))
        index = end + 1
    if len(clips) > 1 and clips[-1][1] - clips[-1][0] < shortest and clips[-1][1] - clips[-2][0] <= longest:
        clips[-2:] = [(clips[-2][0], clips[-1][1])]
    return clips


def _pause_after(phrases: list[HopSpan], index: int) -> float:
    return phrases[index + 1][0] - phrases[index][1] if index + 1 < len(phrases) else float("inf")


def _to_hops(seconds: float, rules: ClipRules) -> int:
    return round(seconds / rules.hop_seconds)


def _longest_clip_hops(rules: ClipRules) -> int:
    return int((rules.max_seconds - 2 * rules.fade_seconds) / rules.hop_seconds)
