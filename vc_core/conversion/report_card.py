"""Report card of a conversion: pitch error, voicing error, loudness difference and voice similarity."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vc_core.audio import Audio, count_resampled_frames, format_clock, resample_blocks
from vc_core.files.reading import AudioFile
from vc_core.progress import Progress, silent, subprogress
from vc_core.signal.loudness_meter import measure_stream_loudness_lufs
from vc_core.signal.pitch import Pitch, PitchSettings, correct_octave_errors, estimate_pitch_of_blocks
from vc_core.voices.library import Voice
from vc_core.voices.similarity import SAMPLE_RATE, compute_similarity, compute_speaker_embedding, read_speaker_embedding


@dataclass(frozen=True)
class Measure:
    """Format of one line of the card, and its range of good values."""

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
SEARCH = PitchSettings()
FEWEST_FRAMES = 20
"""With fewer voiced frames the melody is not measured."""
LEAST_MOVEMENT_CENTS = 10.0
"""On a held tone, correlation would be at chance level."""


@dataclass(frozen=True)
class ReportCard:
    """None where nothing can be measured: in silence, or without a speaker embedding in the voice's card."""

    length_difference_seconds: float
    """0 if equal to the sample."""
    pitch_correlation: float | None
    """Correlation of log F0; 1 is the same melody in any key."""
    pitch_error_cents: float | None
    """Mean absolute error of F0 in cents; less than 10 is inaudible."""
    voicing_error: float | None
    """Share of frames that are voiced in one and unvoiced in the other."""
    loudness_difference_lu: float | None
    voice_similarity: float | None
    """1: as similar as two recordings of the voice; 0: as another speaker."""


@dataclass(frozen=True, eq=False)
class ConversionTarget:
    """What the converted song is compared with."""

    pitch: Pitch
    """F0 of the original singing."""
    shift_semitones: float
    """The requested key shift."""
    voice: Voice


def make_report_card(
    song: AudioFile, result: AudioFile, target: ConversionTarget, *, progress: Progress = silent
) -> tuple[ReportCard, Pitch]:
    """The card and the F0 of the result, for plotting; memory hardly grows with the song."""
    before, after = _LengthMeter(song), _LengthMeter(result)
    song_lufs = measure_stream_loudness_lufs(before.blocks(subprogress(progress, 0.0, 0.2)))
    result_lufs = measure_stream_loudness_lufs(after.blocks(subprogress(progress, 0.2, 0.4)))
    pitch = _estimate_pitch(result, target.pitch.hop_seconds, subprogress(progress, 0.4, 0.9))
    progress(0.9, "")
    own = read_speaker_embedding(target.voice.card.settings)
    found = compute_speaker_embedding(result.blocks(), pitch) if own else None
    card = ReportCard(
        length_difference_seconds=_compute_length_difference(before, after),
        **_compare_pitch(target.pitch, pitch, target.shift_semitones),
        loudness_difference_lu=None if np.isinf([song_lufs, result_lufs]).any() else result_lufs - song_lufs,
        voice_similarity=compute_similarity(own, found) if own and found else None,
    )
    return card, pitch


class _LengthMeter:
    """Passes the blocks of a file on, counting their frames."""

    def __init__(self, file: AudioFile) -> None:
        self._file, self.frames, self.sample_rate = file, 0, file.sample_rate

    @property
    def seconds(self) -> float:
        return self.frames / self.sample_rate

    def blocks(self, progress: Progress) -> Iterator[Audio]:
        for block in self._file.blocks():
            progress(min(self.frames / (self._file.frames or np.inf), 1.0), format_clock(self.seconds))
            self.frames += block.frames
            yield block


def _estimate_pitch(file: AudioFile, hop_seconds: float, progress: Progress) -> Pitch:
    blocks = resample_blocks((block.to_mono() for block in file.blocks()), SAMPLE_RATE)
    frames = None if file.frames is None else count_resampled_frames(file.frames, file.sample_rate, SAMPLE_RATE)
    search = PitchSettings(hop_seconds)
    return correct_octave_errors(estimate_pitch_of_blocks(blocks, "dio", search, frames=frames, progress=progress))


def _compute_length_difference(before: _LengthMeter, after: _LengthMeter) -> float:
    """In seconds; less than one sample counts as 0, since the sample rates may differ."""
    seconds = after.seconds - before.seconds
    return seconds if abs(seconds) * after.sample_rate >= 1 else 0.0


def _compare_pitch(original: Pitch, converted: Pitch, shift_semitones: float) -> dict[str, float | None]:
    """Compared in frames whose target F0 is unvoiced or within the search range."""
    frames = min(original.frames, converted.frames)
    target = original.hertz[:frames].astype(np.float64) * 2 ** (shift_semitones / 12)
    found = converted.hertz[:frames].astype(np.float64)
    inside = (target == 0) | ((target > SEARCH.lowest_hz) & (target < SEARCH.highest_hz))
    target, found = target[inside], found[inside]
    if not (target > 0).any() and not (found > 0).any():
        return {"pitch_correlation": None, "pitch_error_cents": None, "voicing_error": None}
    voicing = float(np.mean((target > 0) != (found > 0)))
    both = (target > 0) & (found > 0)
    if both.sum() < FEWEST_FRAMES:
        return {"pitch_correlation": None, "pitch_error_cents": None, "voicing_error": voicing}
    target_cents, found_cents = 1200 * np.log2(target[both]), 1200 * np.log2(found[both])
    moves = min(target_cents.std(), found_cents.std()) > LEAST_MOVEMENT_CENTS
    return {
        "pitch_correlation": float(np.corrcoef(target_cents, found_cents)[0, 1]) if moves else None,
        "pitch_error_cents": float(np.abs(target_cents - found_cents).mean()),
        "voicing_error": voicing,
    }
