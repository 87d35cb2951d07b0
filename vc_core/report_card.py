"""What became of a song when another voice sang it, in numbers that anyone can check."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vc_core.audio import Audio, clock, resample_blocks, resampled_frames
from vc_core.loudness_meter import loudness_of
from vc_core.pitch import Pitch, PitchSearch, find_pitch_in_blocks, without_octave_errors
from vc_core.progress import Progress, part_of, silent
from vc_core.reading import AudioFile
from vc_core.voice_print import RATE, likeness, print_in, voice_print
from vc_core.voices import Voice


@dataclass(frozen=True)
class Measure:
    """How one line of the card is shown, and between which values it is good."""

    label: str
    lowest: float | None = None
    highest: float | None = None
    is_share: bool = False
    digits: int = 0

    def text(self, value: float | None) -> str:
        if value is None:
            return "–"
        return f"{100 * value:.{self.digits}f} %" if self.is_share else f"{round(value, self.digits) + 0.0:g}"

    @property
    def good(self) -> str:
        if self.lowest is None or self.highest is None:
            return f"≥ {self.text(self.lowest)}" if self.highest is None else f"≤ {self.text(self.highest)}"
        return f"±{self.text(self.highest)}" if self.highest else "0"

    def is_good(self, value: float | None) -> bool:
        if value is None:
            return False
        return (self.lowest is None or value >= self.lowest) and (self.highest is None or value <= self.highest)


MEASURES = {
    "length_difference_seconds": Measure("Length difference (seconds)", 0.0, 0.0, digits=3),
    "pitch_correlation": Measure("Melody followed (correlation)", lowest=0.95, digits=3),
    "pitch_error_cents": Measure("Distance from the wanted pitch (cents)", highest=20.0),
    "voicing_error": Measure("Tone and breath mistaken", highest=0.08, is_share=True, digits=1),
    "loudness_difference_lu": Measure("Loudness difference (LU)", -2.0, 2.0, digits=1),
    "voice_similarity": Measure("Like the voice's own recordings", lowest=0.5, is_share=True),
}
"""The lines of the card, in their order."""
SEARCH = PitchSearch()
FEWEST_MOMENTS = 20
"""From fewer, nothing can be said of a melody."""
LEAST_MOVEMENT_CENTS = 10.0
"""On a held tone, a correlation would be that of chance."""


@dataclass(frozen=True)
class ReportCard:
    """None where there is nothing to measure: in silence, or where a voice's card has no print."""

    length_difference_seconds: float
    """0: to the sample."""
    pitch_correlation: float | None
    """Of the melodies, on the scale of notes; 1 is the same melody, in whatever key."""
    pitch_error_cents: float | None
    """The mean distance from the wanted pitch; 100 cents are a semitone, and less than 10 can't be heard."""
    voicing_error: float | None
    """The share of moments in which one has a tone and the other none."""
    loudness_difference_lu: float | None
    voice_similarity: float | None
    """1: as alike as two recordings of the voice; 0: like a stranger's."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """What the result should be, beside being a song."""

    pitch: Pitch
    """Of the song as it was sung,"""
    shift_semitones: float
    """and by how much it was to be shifted."""
    voice: Voice


def report_on(
    song: AudioFile, result: AudioFile, wanted: Wanted, *, progress: Progress = silent
) -> tuple[ReportCard, Pitch]:
    """The card, and the pitch of the result for a picture; memory hardly grows with the song."""
    before, after = _Meter(song), _Meter(result)
    song_lufs = loudness_of(before.blocks(part_of(progress, 0.0, 0.2)))
    result_lufs = loudness_of(after.blocks(part_of(progress, 0.2, 0.4)))
    made = _pitch_of(result, wanted.pitch.hop_seconds, part_of(progress, 0.4, 0.9))
    progress(0.9, "…")
    known = print_in(wanted.voice.card.settings)
    heard = voice_print(result.blocks(), made) if known else None
    card = ReportCard(
        length_difference_seconds=_difference(before, after),
        **_melodies(wanted.pitch, made, wanted.shift_semitones),
        loudness_difference_lu=None if np.isinf([song_lufs, result_lufs]).any() else result_lufs - song_lufs,
        voice_similarity=likeness(known, heard) if known and heard else None,
    )
    return card, made


class _Meter:
    """Counts what passes by."""

    def __init__(self, file: AudioFile) -> None:
        self._file, self.frames, self.sample_rate = file, 0, file.sample_rate

    @property
    def seconds(self) -> float:
        return self.frames / self.sample_rate

    def blocks(self, progress: Progress) -> Iterator[Audio]:
        for block in self._file.blocks():
            progress(min(self.frames / (self._file.frames or np.inf), 1.0), clock(self.seconds))
            self.frames += block.frames
            yield block


def _pitch_of(file: AudioFile, hop_seconds: float, progress: Progress) -> Pitch:
    blocks = resample_blocks((block.mono() for block in file.blocks()), RATE)
    frames = None if file.frames is None else resampled_frames(file.frames, file.sample_rate, RATE)
    search = PitchSearch(hop_seconds)
    return without_octave_errors(find_pitch_in_blocks(blocks, "dio", search, frames=frames, progress=progress))


def _difference(before: _Meter, after: _Meter) -> float:
    """Less than a frame is none: a file may have another rate."""
    seconds = after.seconds - before.seconds
    return seconds if abs(seconds) * after.sample_rate >= 1 else 0.0


def _melodies(sung: Pitch, made: Pitch, shift_semitones: float) -> dict[str, float | None]:
    """Compared where the wanted pitch can be found at all."""
    frames = min(sung.frames, made.frames)
    wanted = sung.hertz[:frames].astype(np.float64) * 2 ** (shift_semitones / 12)
    heard = made.hertz[:frames].astype(np.float64)
    inside = (wanted == 0) | ((wanted > SEARCH.lowest_hz) & (wanted < SEARCH.highest_hz))
    wanted, heard = wanted[inside], heard[inside]
    if not (wanted > 0).any() and not (heard > 0).any():
        return {"pitch_correlation": None, "pitch_error_cents": None, "voicing_error": None}
    voicing = float(np.mean((wanted > 0) != (heard > 0)))
    both = (wanted > 0) & (heard > 0)
    if both.sum() < FEWEST_MOMENTS:
        return {"pitch_correlation": None, "pitch_error_cents": None, "voicing_error": voicing}
    one, other = 1200 * np.log2(wanted[both]), 1200 * np.log2(heard[both])
    moves = min(one.std(), other.std()) > LEAST_MOVEMENT_CENTS
    return {
        "pitch_correlation": float(np.corrcoef(one, other)[0, 1]) if moves else None,
        "pitch_error_cents": float(np.abs(one - other).mean()),
        "voicing_error": voicing,
    }
