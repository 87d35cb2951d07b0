"""Which key suits a voice: the notes of a song beside the notes that the voice was trained on.

Where the music stays as it is, singing can only move by whole octaves, or it would be out of tune with it. Where the
music may move along, any number of semitones will do, and the music takes the shortest way to the same key.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from vc_core.pitch import Pitch

KeyWay = Literal["octaves", "together", "off"]
KEY_WAYS: dict[KeyWay, str] = {
    "octaves": "The singing moves by octaves, the music stays",
    "together": "Singing and music move together, to the key that suits the voice best",
    "off": "Nothing is moved",
}
FURTHEST_SEMITONES = 24
STRAY_PERCENT = 4.0
"""So much at each end may be a slip of the singer, or of whoever listened."""
EFFORT = 0.01
"""What a shift by a semitone costs, in semitones that singing lies outside: of equals, the nearer one."""
MUSIC_EFFORT = 0.03
"""The same for the music, which loses a little whenever it is moved."""
EDGE_SEMITONES = 0.5
"""A voice can sing half a semitone beyond what it was trained on as well as the last note of it."""

NOTE_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
WIDTH, HEIGHT, MARGIN, FOOT = 900, 220, 12, 26
BACKGROUND, REACH, SUNG, SHIFTED, OUTSIDE, TEXT = (
    (8, 10, 24), (30, 48, 62), (150, 160, 180), (45, 212, 191), (248, 113, 113), (203, 213, 225)
)  # fmt: skip

Notes = npt.NDArray[np.float64]
"""Semitones as MIDI counts them: 60 is the middle C, 69 the A of 440 Hz."""


@dataclass(frozen=True, eq=False)
class KeyAdvice:
    shift_semitones: int
    """Of the singing."""
    music_shift_semitones: int
    sung: Notes
    """Each moment's note, as it is sung."""
    voice_range: tuple[float, float] | None
    """Lowest and highest note; None if the voice's card doesn't tell."""

    @property
    def sung_range(self) -> tuple[float, float] | None:
        return (float(self.sung.min()), float(self.sung.max())) if len(self.sung) else None

    def outside_share(self, shift_semitones: float | None = None) -> float:
        """How much of the singing the voice was not trained for, with the proposed shift or another."""
        if self.voice_range is None or not len(self.sung):
            return 0.0
        moved = self.sung + (self.shift_semitones if shift_semitones is None else shift_semitones)
        return float(np.mean(_distance(moved, self.voice_range) > EDGE_SEMITONES))


def advise(sung: Pitch, voice_range_hz: tuple[float, float] | None, way: KeyWay = "octaves") -> KeyAdvice:
    notes = notes_of(sung.hertz[sung.voiced].astype(np.float64))
    reach = None if voice_range_hz is None else tuple(notes_of(np.array(voice_range_hz)).tolist())
    if len(notes):
        low, high = np.percentile(notes, (STRAY_PERCENT, 100 - STRAY_PERCENT))
        notes = notes[(notes >= low) & (notes <= high)]
    if reach is None or way == "off" or not len(notes):
        return KeyAdvice(0, 0, notes, reach)
    step = 12 if way == "octaves" else 1
    shifts = range(-FURTHEST_SEMITONES, FURTHEST_SEMITONES + 1, step)
    best = min(shifts, key=lambda shift: _strain(notes, reach, shift))
    return KeyAdvice(best, music_shift(best), notes, reach)


def music_shift(shift_semitones: int) -> int:
    """The shortest way for music to the key that singing has after its shift: half an octave at most."""
    return (shift_semitones + 6) % 12 - 6


def notes_of(hertz: Notes) -> Notes:
    return np.asarray(69 + 12 * np.log2(hertz / 440))


def note_name(note: float) -> str:
    number = round(note)
    return f"{NOTE_NAMES[number % 12]}{number // 12 - 1}"


def _strain(notes: Notes, reach: tuple[float, float], shift: int) -> float:
    """How far the singing lies outside on the average, and a little for the effort."""
    effort = EFFORT * abs(shift) + MUSIC_EFFORT * abs(music_shift(shift))
    middle = abs(notes.mean() + shift - sum(reach) / 2)
    # Where much is outside at both ends of a narrow voice, the middle is the best place.
    return float(_distance(notes + shift, reach).mean() + effort + EFFORT * middle)


def _distance(notes: Notes, reach: tuple[float, float]) -> Notes:
    return np.maximum(0.0, np.maximum(reach[0] - notes, notes - reach[1]))


def draw_advice(advice: KeyAdvice, target: Path, shift_semitones: float | None = None) -> Path:
    """A PNG: how long each note is sung, grey as it is and in colour after the shift, over the voice's range."""
    shift = advice.shift_semitones if shift_semitones is None else shift_semitones
    ends = [*(advice.sung_range or (60.0, 60.0)), *(advice.voice_range or ())]
    ends += [end + shift for end in ends[:2]]
    low, high = int(np.floor(min(ends))) - 2, int(np.ceil(max(ends))) + 3
    step = WIDTH / (high - low)
    picture = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    if advice.voice_range is not None:
        first, last = ((end - low) * step for end in advice.voice_range)
        draw.rectangle([first, 0, max(last, first + 2), HEIGHT - FOOT], REACH)
    for moved, share in ((0.0, 0.38), (shift, 0.76)):
        _draw_bars(draw, advice, moved, (low, high), share)
    for note in range(low, high):
        if note % 12 == 0:
            draw.line([((note - low) * step, 0), ((note - low) * step, HEIGHT - FOOT)], REACH)
            draw.text(((note - low) * step + 3, HEIGHT - FOOT + 5), note_name(note), TEXT, font)
    picture.save(target)
    return target


def _draw_bars(draw: ImageDraw.ImageDraw, advice: KeyAdvice, shift: float, span: tuple[int, int], share: float) -> None:
    """Grey and narrow for what is sung, wide and coloured for what comes of it."""
    low, high = span
    counts, edges = np.histogram(advice.sung + shift, bins=np.arange(low, high + 1) - 0.5)
    step, tallest = WIDTH / (high - low), max(1, int(counts.max(initial=0)))
    for count, edge in zip(counts, edges, strict=False):
        if count:
            note = edge + 0.5
            reach = advice.voice_range
            far = reach is not None and _distance(np.array([note]), reach)[0] > EDGE_SEMITONES
            colour = SUNG if share < 0.5 else OUTSIDE if far else SHIFTED
            middle, half = (note - low) * step, share * step / 2
            top = HEIGHT - FOOT - (HEIGHT - FOOT - MARGIN) * count / tallest
            draw.rectangle([middle - half, top, middle + half, HEIGHT - FOOT], colour)
