"""Speak faster or slower, phrase by phrase: vowels and pauses give way, consonants keep their own length."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.pitch import Pitch
from vc_core.slicing import hop_levels_db
from vc_core.world import HOP_SECONDS, Values
from vc_core.world_windows import Kept

Mask = npt.NDArray[np.bool_]

LEVEL_SECONDS = 0.01
BELOW_SPEECH_DB = 40.0
"""So far below its loud moments, a voice pauses."""
SHORTEST_PAUSE_HOPS = 40
LONGEST_CONSONANT_HOPS = 50
SHORTEST_KEPT_HOPS = 4
MOST_CONSONANT = 0.6
"""A phrase with more of what looks like consonants is whispered, and is stretched throughout."""
SLOWEST, FASTEST = 3.0, 1 / 3


@dataclass(frozen=True, eq=False)
class Timing:
    taken_from: Values
    """For each new frame, the frame of the source that sounds then."""
    frames: int
    """Samples of the result."""
    kept: tuple[Kept, ...]


def same_timing(audio: Audio, pitch: Pitch) -> Timing:
    """Nothing moves, and all that is unvoiced is kept, with its breath and its background."""
    kept = tuple(
        Kept(first, first, last - first - 1) for first, last in _unvoiced(pitch) if _is_worth_keeping(first, last)
    )
    return Timing(np.arange(pitch.frames, dtype=np.float64), audio.frames, kept)


def with_rate(audio: Audio, pitch: Pitch, rate: float) -> Timing:
    """Each phrase, and each pause between two, at so many times its speed."""
    lengths = np.full(pitch.frames, 1 / rate)
    pause = pauses(audio, pitch.frames)
    consonants = [
        (first, last)
        for first, last in _unvoiced(pitch)
        if last - first <= LONGEST_CONSONANT_HOPS and not pause[first:last].any()
    ]
    for first, last in _stretches(~pause):
        inside = [(max(a, first), min(b, last)) for a, b in consonants if a < last and b > first]
        kept_hops = sum(b - a for a, b in inside)
        if kept_hops > MOST_CONSONANT * (last - first):
            continue
        given_way = ((last - first) / rate - kept_hops) / (last - first - kept_hops)
        lengths[first:last] = np.clip(given_way, FASTEST, SLOWEST)
        for a, b in inside:
            lengths[a:b] = 1.0
    starts = np.concatenate([[0.0], np.cumsum(lengths)])
    frames = round(audio.frames * starts[-1] / pitch.frames)
    new = np.arange(int(frames / audio.sample_rate / HOP_SECONDS + 1e-9) + 1)
    taken_from = np.interp(new, starts, np.arange(len(starts)))
    kept = tuple(
        Kept(first, starts[first], last - first - 1)
        for first, last in consonants
        if _is_worth_keeping(first, last) and (lengths[first:last] == 1.0).all()
    )
    return Timing(np.minimum(taken_from, pitch.frames - 1.0), frames, kept)


def pauses(audio: Audio, hops: int) -> Mask:
    """Which hops lie in a silence between phrases."""
    frames = round(LEVEL_SECONDS * audio.sample_rate)
    levels = hop_levels_db(audio, frames)
    centres = np.arange(hops) * HOP_SECONDS * audio.sample_rate / frames
    loud = levels[levels > levels.max() - 2 * BELOW_SPEECH_DB]
    quiet = levels[np.minimum(centres.astype(int), len(levels) - 1)] < np.percentile(loud, 95) - BELOW_SPEECH_DB
    pause = np.zeros(hops, bool)
    for first, last in _stretches(quiet):
        pause[first:last] = last - first >= SHORTEST_PAUSE_HOPS
    return pause


def _unvoiced(pitch: Pitch) -> list[tuple[int, int]]:
    return _stretches(~pitch.voiced)


def _is_worth_keeping(first: int, last: int) -> bool:
    return last - first >= SHORTEST_KEPT_HOPS


def _stretches(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
