"""Time-scaling of speech, phrase by phrase: vowels and pauses are stretched, consonants keep their length."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.signal.clips import measure_hop_levels_db
from vc_core.signal.pitch import Pitch
from vc_core.signal.world import HOP_SECONDS, FloatArray
from vc_core.signal.world_windows import Passthrough

Mask = npt.NDArray[np.bool_]

LEVEL_SECONDS = 0.01
BELOW_SPEECH_DB = 40.0
"""Below the loud frames by so much, a frame is a pause."""
SHORTEST_PAUSE_HOPS = 40
LONGEST_CONSONANT_HOPS = 50
SHORTEST_PASSTHROUGH_HOPS = 4
MOST_CONSONANT = 0.6
"""Share of unvoiced frames above which a phrase counts as whispered, and is stretched throughout."""
SLOWEST, FASTEST = 3.0, 1 / 3


@dataclass(frozen=True, eq=False)
class Timing:
    source_frames: FloatArray
    """For each output frame, the (fractional) source frame; shape (frames,)."""
    frames: int
    """Length of the output in samples."""
    passthrough: tuple[Passthrough, ...]


def keep_timing(audio: Audio, pitch: Pitch) -> Timing:
    """Unchanged timing; unvoiced segments are passed through with breath and background."""
    passthrough = tuple(
        Passthrough(first, first, last - first - 1)
        for first, last in _find_unvoiced(pitch)
        if _is_long_enough(first, last)
    )
    return Timing(np.arange(pitch.frames, dtype=np.float64), audio.frames, passthrough)


def change_speaking_rate(audio: Audio, pitch: Pitch, rate: float) -> Timing:
    """Each phrase, and each pause between phrases, at `rate` times its speed."""
    lengths = np.full(pitch.frames, 1 / rate)
    pause = find_pauses(audio, pitch.frames)
    consonants = [
        (first, last)
        for first, last in _find_unvoiced(pitch)
        if last - first <= LONGEST_CONSONANT_HOPS and not pause[first:last].any()
    ]
    for first, last in _find_runs(~pause):
        inside = [(max(a, first), min(b, last)) for a, b in consonants if a < last and b > first]
        consonant_hops = sum(b - a for a, b in inside)
        if consonant_hops > MOST_CONSONANT * (last - first):
            continue
        vowel_length = ((last - first) / rate - consonant_hops) / (last - first - consonant_hops)
        lengths[first:last] = np.clip(vowel_length, FASTEST, SLOWEST)
        for a, b in inside:
            lengths[a:b] = 1.0
    starts = np.concatenate([[0.0], np.cumsum(lengths)])
    frames = round(audio.frames * starts[-1] / pitch.frames)
    output_frames = np.arange(int(frames / audio.sample_rate / HOP_SECONDS + 1e-9) + 1)
    source_frames = np.interp(output_frames, starts, np.arange(len(starts)))
    passthrough = tuple(
        Passthrough(first, starts[first], last - first - 1)
        for first, last in consonants
        if _is_long_enough(first, last) and (lengths[first:last] == 1.0).all()
    )
    return Timing(np.minimum(source_frames, pitch.frames - 1.0), frames, passthrough)


def find_pauses(audio: Audio, hops: int) -> Mask:
    """Mask of the hops in pauses between phrases; shape (hops,)."""
    frames = round(LEVEL_SECONDS * audio.sample_rate)
    levels = measure_hop_levels_db(audio, frames)
    centres = np.arange(hops) * HOP_SECONDS * audio.sample_rate / frames
    loud = levels[levels > levels.max() - 2 * BELOW_SPEECH_DB]
    quiet = levels[np.minimum(centres.astype(int), len(levels) - 1)] < np.percentile(loud, 95) - BELOW_SPEECH_DB
    pause = np.zeros(hops, bool)
    for first, last in _find_runs(quiet):
        pause[first:last] = last - first >= SHORTEST_PAUSE_HOPS
    return pause


def _find_unvoiced(pitch: Pitch) -> list[tuple[int, int]]:
    return _find_runs(~pitch.voiced)


def _is_long_enough(first: int, last: int) -> bool:
    return last - first >= SHORTEST_PASSTHROUGH_HOPS


def _find_runs(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
