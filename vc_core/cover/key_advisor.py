"""Key advice: the transposition that brings a melody into the vocal range (tessitura) of a voice.

If the music keeps its key, the vocals can only move by whole octaves. If the music is transposed as well, any number
of semitones is possible, and the music moves by at most half an octave to the same key.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from vc_core.signal.pitch import Pitch

KeyMode = Literal["octaves", "together", "off"]
KEY_MODES: dict[KeyMode, str] = {
    "octaves": "The singing moves by octaves, the music stays",
    "together": "Singing and music move together, to the key that suits the voice best",
    "off": "Nothing is moved",
}
MAX_SHIFT_SEMITONES = 24
OUTLIER_PERCENT = 4.0
"""Share of notes ignored at each end: errors of the singer or of the pitch estimator."""
SHIFT_PENALTY = 0.01
"""Cost per semitone of shift, in semitones outside the range: among equal shifts, the smallest wins."""
MUSIC_SHIFT_PENALTY = 0.03
"""The same for the music, which loses quality when transposed."""
TOLERANCE_SEMITONES = 0.5
"""A voice sings this far beyond the range of its training data without loss."""

NOTE_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
WIDTH, HEIGHT, MARGIN, FOOT = 900, 220, 12, 26
BACKGROUND, VOICE_RANGE, SUNG, SHIFTED, OUTSIDE, TEXT = (
    (8, 10, 24), (30, 48, 62), (150, 160, 180), (45, 212, 191), (248, 113, 113), (203, 213, 225)
)  # fmt: skip

Notes = npt.NDArray[np.float64]
"""MIDI note numbers, of shape (notes,): 60 is middle C, 69 the A of 440 Hz."""


@dataclass(frozen=True, eq=False)
class KeyAdvice:
    shift_semitones: int
    """Of the vocals."""
    music_shift_semitones: int
    sung: Notes
    """The note of each voiced frame of the original."""
    voice_range: tuple[float, float] | None
    """Lowest and highest note; None if it is not on the voice card."""

    @property
    def sung_range(self) -> tuple[float, float] | None:
        return (float(self.sung.min()), float(self.sung.max())) if len(self.sung) else None

    def compute_outside_share(self, shift_semitones: float | None = None) -> float:
        """Share of the notes outside the voice's range, with the proposed shift or another one."""
        if self.voice_range is None or not len(self.sung):
            return 0.0
        moved = self.sung + (self.shift_semitones if shift_semitones is None else shift_semitones)
        return float(np.mean(_measure_distance(moved, self.voice_range) > TOLERANCE_SEMITONES))


def choose_key(sung: Pitch, voice_range_hz: tuple[float, float] | None, mode: KeyMode = "octaves") -> KeyAdvice:
    """The shift that brings most of the melody into the voice's range."""
    notes = hz_to_notes(sung.hertz[sung.voiced].astype(np.float64))
    voice_range = None if voice_range_hz is None else tuple(hz_to_notes(np.array(voice_range_hz)).tolist())
    if len(notes):
        low, high = np.percentile(notes, (OUTLIER_PERCENT, 100 - OUTLIER_PERCENT))
        notes = notes[(notes >= low) & (notes <= high)]
    if voice_range is None or mode == "off" or not len(notes):
        return KeyAdvice(0, 0, notes, voice_range)
    step = 12 if mode == "octaves" else 1
    shifts = range(-MAX_SHIFT_SEMITONES, MAX_SHIFT_SEMITONES + 1, step)
    best = min(shifts, key=lambda shift: _compute_cost(notes, voice_range, shift))
    return KeyAdvice(best, compute_music_shift(best), notes, voice_range)


def compute_music_shift(shift_semitones: int) -> int:
    """The smallest shift of the music to the key of the shifted vocals: half an octave at most."""
    return (shift_semitones + 6) % 12 - 6


def hz_to_notes(hertz: Notes) -> Notes:
    return np.asarray(69 + 12 * np.log2(hertz / 440))


def notes_to_hz(notes: npt.ArrayLike) -> Notes:
    return np.asarray(440 * 2 ** ((np.asarray(notes) - 69) / 12))


def format_note(note: float) -> str:
    number = round(note)
    return f"{NOTE_NAMES[number % 12]}{number // 12 - 1}"


def _compute_cost(notes: Notes, voice_range: tuple[float, float], shift: int) -> float:
    """The mean distance of the notes from the range, plus small penalties."""
    penalty = SHIFT_PENALTY * abs(shift) + MUSIC_SHIFT_PENALTY * abs(compute_music_shift(shift))
    # If notes are outside at both ends of a narrow range, the middle of the range is best.
    off_centre = abs(notes.mean() + shift - sum(voice_range) / 2)
    return float(_measure_distance(notes + shift, voice_range).mean() + penalty + SHIFT_PENALTY * off_centre)


def _measure_distance(notes: Notes, voice_range: tuple[float, float]) -> Notes:
    """Semitones outside the range, of shape (notes,)."""
    low, high = voice_range
    return np.maximum(0.0, np.maximum(low - notes, notes - high))


def draw_advice(advice: KeyAdvice, target: Path, shift_semitones: float | None = None) -> Path:
    """A PNG histogram of the notes, grey as sung and coloured after the shift, over the voice's range."""
    shift = advice.shift_semitones if shift_semitones is None else shift_semitones
    ends = [*(advice.sung_range or (60.0, 60.0)), *(advice.voice_range or ())]
    ends += [end + shift for end in ends[:2]]
    low, high = int(np.floor(min(ends))) - 2, int(np.ceil(max(ends))) + 3
    note_width = WIDTH / (high - low)
    picture = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(16)
    if advice.voice_range is not None:
        first, last = ((end - low) * note_width for end in advice.voice_range)
        draw.rectangle([first, 0, max(last, first + 2), HEIGHT - FOOT], VOICE_RANGE)
    for moved, share in ((0.0, 0.38), (shift, 0.76)):
        _draw_bars(draw, advice, moved, (low, high), share)
    labelled = 4 if 4 * note_width >= 60 else 12
    for note in range(low, high):
        if note % labelled == 0:
            draw.line([((note - low) * note_width, 0), ((note - low) * note_width, HEIGHT - FOOT)], VOICE_RANGE)
            draw.text(
                ((note - low) * note_width + 3, HEIGHT - FOOT + 5), format_note(note).replace("♯", "#"), TEXT, font
            )  # no ♯ in the font
    picture.save(target)
    return target


def _draw_bars(draw: ImageDraw.ImageDraw, advice: KeyAdvice, shift: float, span: tuple[int, int], share: float) -> None:
    """Narrow grey bars for a share of the width below a half, wide coloured ones otherwise."""
    low, high = span
    counts, edges = np.histogram(advice.sung + shift, bins=np.arange(low, high + 1) - 0.5)
    note_width, tallest = WIDTH / (high - low), max(1, int(counts.max(initial=0)))
    for count, edge in zip(counts, edges, strict=False):
        if count:
            note = edge + 0.5
            allowed = advice.voice_range
            is_outside = allowed is not None and _measure_distance(np.array([note]), allowed)[0] > TOLERANCE_SEMITONES
            colour = SUNG if share < 0.5 else OUTSIDE if is_outside else SHIFTED
            middle, half = (note - low) * note_width, share * note_width / 2
            top = HEIGHT - FOOT - (HEIGHT - FOOT - MARGIN) * count / tallest
            draw.rectangle([middle - half, top, middle + half, HEIGHT - FOOT], colour)
