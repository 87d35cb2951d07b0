"""Two sounds compared in a picture: the first in grey and the second in colour."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from vc_core.audio import Audio
from vc_core.pitch import Pitch, find_pitch
from vc_core.slicing import hop_levels_db

WIDTH, PITCH_HEIGHT, LEVEL_HEIGHT, MARGIN = 900, 220, 110, 10
HOP_SECONDS = 0.02
BACKGROUND, BEFORE, AFTER, GRID = (8, 10, 24), (150, 160, 180), (45, 212, 191), (40, 46, 66)
HOME, LABEL = (18, 52, 60), (110, 120, 140)
FONT = ImageFont.load_default(16)
MELODY_HEIGHT = 280
POINTS = 4 * WIDTH
"""More than that of a curve can't be seen."""
SPAN_HZ = (60.0, 1_000.0)
OCTAVES_HZ = (62.5, 125.0, 250.0, 500.0, 1_000.0)
ROOM = 1.3
"""So many times lower and higher than what is shown a picture of melodies begins and ends."""
LOWEST_DB = -60.0

Curve = npt.NDArray[np.float64]
"""Heights from 0 to 1, one for each hop; not a number where there is nothing."""
Span = tuple[float, float]
"""The lowest and the highest pitch of a picture, in hertz."""


def draw_curves(before: Audio, after: Audio, target: Path) -> Path:
    """Pitch above, level below, as a PNG.

    Both sounds share one time axis, so that another tempo is seen as another length.
    """
    picture = Image.new("RGB", (WIDTH, PITCH_HEIGHT + LEVEL_HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    _draw_octaves(draw, PITCH_HEIGHT, SPAN_HZ)
    draw.line([(0, PITCH_HEIGHT), (WIDTH, PITCH_HEIGHT)], GRID)
    longest = max(before.seconds, after.seconds, HOP_SECONDS)
    for audio, colour in ((before, BEFORE), (after, AFTER)):
        pitch = find_pitch(audio.mono(), hop_seconds=HOP_SECONDS)
        _draw_curve(draw, _pitch_curve(pitch, SPAN_HZ), audio.seconds / longest, (0, PITCH_HEIGHT), colour)
        _draw_curve(draw, _level_curve(audio), audio.seconds / longest, (PITCH_HEIGHT, LEVEL_HEIGHT), colour)
    picture.save(target)
    return target


def draw_melodies(sung: Pitch, made: Pitch, target: Path, *, home_hz: tuple[float, float] | None = None) -> Path:
    """The pitch of both over the range in which the voice is at home, as a PNG."""
    picture = Image.new("RGB", (WIDTH, MELODY_HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    span = _span_of(sung.hertz[sung.voiced], made.hertz[made.voiced], np.array(home_hz or ()))
    if home_hz is not None:
        low, high = (_y(_height_of_one(hertz, span), 0, MELODY_HEIGHT) for hertz in home_hz)
        draw.rectangle([(0, high), (WIDTH, max(low, high + 1))], HOME)
    _draw_octaves(draw, MELODY_HEIGHT, span)
    longest = max(sung.frames, made.frames)
    for pitch, colour in ((sung, BEFORE), (made, AFTER)):
        _draw_curve(draw, _pitch_curve(pitch, span), pitch.frames / longest, (0, MELODY_HEIGHT), colour)
    picture.save(target)
    return target


def _span_of(*hertz: npt.NDArray[np.floating]) -> Span:
    """Without the few that are found wrongly."""
    ends = np.concatenate([np.percentile(some, (1, 99)) for some in hertz if len(some)] or [SPAN_HZ])
    return float(ends.min() / ROOM), float(ends.max() * ROOM)


def _draw_octaves(draw: ImageDraw.ImageDraw, height: int, span: Span) -> None:
    for hertz in OCTAVES_HZ:
        if span[0] * 1.05 < hertz < span[1] / 1.05:
            y = _y(_height_of_one(hertz, span), 0, height)
            draw.line([(0, y), (WIDTH, y)], GRID)
            draw.text((6, y), f"{hertz:g} Hz", LABEL, FONT, anchor="lb")


def draw_pitches(semitones: Curve, target: Path) -> Path:
    """A PNG of how often each pitch is heard, from low to high, in MIDI numbers; octaves are marked."""
    lowest, highest = 36, 96
    counts = np.histogram(semitones, bins=np.arange(lowest, highest + 1))[0]
    picture = Image.new("RGB", (WIDTH, LEVEL_HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    wide = WIDTH / (highest - lowest)
    for at, share in enumerate(np.sqrt(counts / max(int(counts.max(initial=1)), 1))):
        if (lowest + at) % 12 == 0:
            draw.line([(at * wide, 0), (at * wide, LEVEL_HEIGHT)], GRID)
        if share > 0:
            top = LEVEL_HEIGHT - MARGIN - float(share) * (LEVEL_HEIGHT - 2 * MARGIN)
            draw.rectangle([at * wide + 1, top, (at + 1) * wide - 2, LEVEL_HEIGHT - MARGIN], AFTER)
    picture.save(target)
    return target


def _pitch_curve(pitch: Pitch, span: Span) -> Curve:
    return np.where(pitch.voiced, _height_of(np.maximum(pitch.hertz, 1.0), span), np.nan)


def _height_of(hertz: npt.NDArray[np.floating], span: Span) -> Curve:
    return np.asarray(np.log(hertz / span[0]) / np.log(span[1] / span[0]), np.float64)


def _height_of_one(hertz: float, span: Span) -> float:
    return float(_height_of(np.array([hertz]), span)[0])


def _level_curve(audio: Audio) -> Curve:
    levels = hop_levels_db(audio, max(1, round(HOP_SECONDS * audio.sample_rate)))
    return np.asarray(1 - np.maximum(levels, LOWEST_DB) / LOWEST_DB, np.float64)


def _draw_curve(
    draw: ImageDraw.ImageDraw, curve: Curve, share: float, band: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    """Over a share of the width."""
    curve = curve[:: max(1, len(curve) // POINTS)]
    across = np.arange(len(curve)) / max(len(curve), 1) * share * WIDTH
    heard = np.isfinite(curve)
    for run in np.split(np.arange(len(curve)), np.flatnonzero(np.diff(heard.astype(int))) + 1):
        if len(run) > 1 and heard[run[0]]:
            points = [(float(across[at]), _y(float(curve[at]), *band)) for at in run]
            draw.line(points, colour, width=2)


def _y(height: float, top: int, size: int) -> float:
    return top + MARGIN + (1 - min(max(height, 0.0), 1.0)) * (size - 2 * MARGIN)
