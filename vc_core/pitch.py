"""Find the pitch of a voice: several methods, one shape of answer, and small repairs of it."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from scipy.ndimage import median_filter

from vc_core.audio import Audio, clock, join
from vc_core.errors import UserError
from vc_core.pitch_methods import (
    DEFAULT_METHOD,
    METHODS,
    Method,
    Pitch,
    PitchSearch,
    Track,
    load_pitch_method,
    prepare_pitch_method,
)
from vc_core.progress import Progress, silent

__all__ = [
    "DEFAULT_METHOD",
    "METHODS",
    "Method",
    "Pitch",
    "PitchSearch",
    "Track",
    "find_pitch",
    "find_pitch_in_blocks",
    "load_pitch_method",
    "pitch_range",
    "prepare_pitch_method",
    "smoothed",
    "voiced_stretches",
    "without_octave_errors",
]

PIECE_SECONDS, CONTEXT_SECONDS = 60.0, 0.5
"""Long recordings are heard in pieces, so that memory doesn't grow with them."""
SHORTEST_SECONDS = 0.2
"""WORLD reads past the end of shorter sound."""


def find_pitch(
    audio: Audio,
    method: str | Method = DEFAULT_METHOD,
    *,
    hop_seconds: float = 0.005,
    lowest_hz: float = 50.0,
    highest_hz: float = 1100.0,
    progress: Progress = silent,
) -> Pitch:
    """The pitch of a recording, its channels heard together.

    A method that is given by its name works on the CPU; `load_pitch_method` makes one for another device.
    """
    search = PitchSearch(hop_seconds, lowest_hz, highest_hz)
    return find_pitch_in_blocks([audio], method, search, frames=audio.frames, progress=progress)


def find_pitch_in_blocks(
    blocks: Iterable[Audio],
    method: str | Method = DEFAULT_METHOD,
    search: PitchSearch = PitchSearch(),
    *,
    frames: int | None = None,
    progress: Progress = silent,
) -> Pitch:
    """The same of consecutive blocks, in memory that doesn't depend on how many there are.

    `frames`, if known, is the length of the whole, for `progress`.
    """
    hears = load_pitch_method(method) if isinstance(method, str) else method
    piece, context = round(PIECE_SECONDS / search.hop_seconds), round(CONTEXT_SECONDS / search.hop_seconds)
    found: list[Pitch] = []
    first, held = 0, _Held(search)

    def hear(last: int) -> None:
        progress(min(first * search.hop_seconds / held.seconds(frames), 1.0), clock(first * search.hop_seconds))
        before = min(first, context)
        heard = _found_in(held.between(first - before, last + context), hears, search)
        kept = slice(before, before + last - first)
        found.append(Pitch(heard.hertz[kept], heard.confidence[kept], search.hop_seconds))

    for block in blocks:
        held.add(block)
        while held.reaches(first + piece + context):
            hear(first + piece)
            first += piece
            held.drop_before(first - context)
    while first < held.moments:
        last = min(first + piece, held.moments)
        hear(last)
        first = last
    hertz, confidence = (np.concatenate([getattr(one, name) for one in found]) for name in ("hertz", "confidence"))
    return Pitch(hertz, confidence, search.hop_seconds)


class _Held:
    """The part of a stream that is still needed, cut at the moments of a search."""

    def __init__(self, search: PitchSearch) -> None:
        self._search = search
        self._pieces: list[Audio] = []
        self._from = 0

    @property
    def _audio(self) -> Audio:
        self._pieces = [join(self._pieces)] if len(self._pieces) > 1 else self._pieces
        return self._pieces[0]

    @property
    def _end(self) -> int:
        return self._from + sum(piece.frames for piece in self._pieces)

    @property
    def moments(self) -> int:
        """As many as there are in all that was added."""
        return int(self._end / self._pieces[0].sample_rate / self._search.hop_seconds + 1e-9) + 1

    def add(self, block: Audio) -> None:
        self._pieces.append(block)

    def seconds(self, frames: int | None) -> float:
        return max(frames or self._end, 1) / self._pieces[0].sample_rate

    def reaches(self, moment: int) -> bool:
        return self._end > self._frame(moment)

    def between(self, first: int, last: int) -> Audio:
        start = self._frame(first)
        return self._audio.between(start - self._from, max(start, self._frame(last)) - self._from)

    def drop_before(self, moment: int) -> None:
        dropped = max(0, self._frame(moment) - self._from)
        self._pieces = [self._audio.between(dropped, self._audio.frames)]
        self._from += dropped

    def _frame(self, moment: int) -> int:
        return round(moment * self._search.hop_seconds * self._pieces[0].sample_rate)


def _found_in(heard: Audio, method: Method, search: PitchSearch) -> Pitch:
    heard = heard.mono()
    missing = max(0, round((SHORTEST_SECONDS + search.hop_seconds) * heard.sample_rate) - heard.frames)
    padded = heard.with_samples(np.pad(heard.samples, ((0, 0), (0, missing))))
    return method(padded, search)


def without_octave_errors(pitch: Pitch, *, around_seconds: float = 0.4) -> Pitch:
    """Short stretches an octave off their surroundings, moved back; a sung octave lasts longer than that."""
    voiced = np.flatnonzero(pitch.hertz)
    if not len(voiced):
        return pitch
    octaves = np.log2(pitch.hertz[voiced])
    # Mirrored at the ends: were the last value repeated there, it would always be the usual one.
    usual = median_filter(octaves, size=_odd(around_seconds / pitch.hop_seconds), mode="reflect")
    # Intonation goes far, but rarely that near an octave within a syllable.
    off = np.round(octaves - usual)
    surely = np.abs(octaves - usual - off) < 0.25
    hertz = pitch.hertz.copy()
    hertz[voiced] = 2 ** (octaves - np.where(surely, off, 0.0))
    return replace(pitch, hertz=hertz)


def smoothed(pitch: Pitch, *, over_seconds: float = 0.025) -> Pitch:
    """The median over neighbours that are voiced too; what is unvoiced stays so."""
    hertz = pitch.hertz.copy()
    size = _odd(over_seconds / pitch.hop_seconds)
    for first, last in voiced_stretches(pitch):
        hertz[first:last] = median_filter(hertz[first:last], size=size, mode="nearest")
    return replace(pitch, hertz=hertz)


def voiced_stretches(pitch: Pitch) -> list[tuple[int, int]]:
    """Frames from first to before last in which the voice doesn't break off."""
    edges = np.flatnonzero(np.diff(pitch.voiced.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def pitch_range(pitch: Pitch) -> tuple[float, float]:
    """From the lowest to the highest pitch that is used, in hertz, without the few that are found wrongly."""
    heard = pitch.hertz[pitch.voiced]
    if not len(heard):
        raise UserError("No voice can be heard in this recording. Pick one in which somebody speaks or sings.")
    low, high = np.percentile(heard, (5, 95))
    return float(low), float(high)


def _odd(frames: float) -> int:
    return max(1, round(frames)) | 1
