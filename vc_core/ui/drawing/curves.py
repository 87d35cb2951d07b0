"""Pitch and level curves of two recordings in a picture: the first in grey, the second in colour."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from vc_core.audio import Audio
from vc_core.cover.key_advisor import format_note, notes_to_hz
from vc_core.signal.clips import measure_hop_levels_db
from vc_core.signal.pitch import Pitch, estimate_pitch

WIDTH, PITCH_HEIGHT, LEVEL_HEIGHT, MARGIN = 900, 220, 110, 10
HOP_SECONDS = 0.02
BACKGROUND, BEFORE, AFTER, GRID = (8, 10, 24), (150, 160, 180), (45, 212, 191), (40, 46, 66)
VOICE_RANGE, LABEL, SCALE = (18, 52, 60), (110, 120, 140), (150, 160, 180)
FONT = ImageFont.load_default(16)
MELODY_HEIGHT = 280
NOTES_HEIGHT = 28
"""Of the scale below a histogram."""
MAX_POINTS = 4 * WIDTH
"""Longer curves are decimated."""
SPAN_HZ = (60.0, 1_000.0)
OCTAVES_HZ = (62.5, 125.0, 250.0, 500.0, 1_000.0)
SPAN_MARGIN = 1.3
"""A picture of melodies extends beyond the pitches by this ratio."""
LOWEST_DB = -60.0

Curve = npt.NDArray[np.float64]
"""Array of shape (frames,) with heights from 0 to 1; NaN where nothing is drawn."""
Span = tuple[float, float]
"""The lowest and the highest pitch of a picture, in hertz."""


def draw_curves(before: Audio, after: Audio, target: Path) -> Path:
    """Write a PNG with pitch above and level below.

    Both recordings share one time axis, so that a changed tempo shows as a changed length.
    """
    picture = Image.new("RGB", (WIDTH, PITCH_HEIGHT + LEVEL_HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    _draw_octaves(draw, PITCH_HEIGHT, SPAN_HZ)
    draw.line([(0, PITCH_HEIGHT), (WIDTH, PITCH_HEIGHT)], GRID)
    longest = max(before.seconds, after.seconds, HOP_SECONDS)
    for audio, colour in ((before, BEFORE), (after, AFTER)):
        pitch = estimate_pitch(audio.to_mono(), hop_seconds=HOP_SECONDS)
        _draw_curve(draw, _make_pitch_curve(pitch, SPAN_HZ), audio.seconds / longest, (0, PITCH_HEIGHT), colour)
        _draw_curve(draw, _make_level_curve(audio), audio.seconds / longest, (PITCH_HEIGHT, LEVEL_HEIGHT), colour)
    picture.save(target)
    return target


def draw_melodies(
    before: Pitch, after: Pitch, target: Path, *, voice_range_hz: tuple[float, float] | None = None
) -> Path:
    """Write a PNG with both pitch curves over the voice's pitch range."""
    picture = Image.new("RGB", (WIDTH, MELODY_HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    span = _choose_span(before.hertz[before.voiced], after.hertz[after.voiced], np.array(voice_range_hz or ()))
    if voice_range_hz is not None:
        low, high = (_map_to_y(_map_pitch_to_height(hertz, span), 0, MELODY_HEIGHT) for hertz in voice_range_hz)
        draw.rectangle([(0, high), (WIDTH, max(low, high + 1))], VOICE_RANGE)
    _draw_octaves(draw, MELODY_HEIGHT, span)
    longest = max(before.frames, after.frames)
    for pitch, colour in ((before, BEFORE), (after, AFTER)):
        _draw_curve(draw, _make_pitch_curve(pitch, span), pitch.frames / longest, (0, MELODY_HEIGHT), colour)
    picture.save(target)
    return target


def _choose_span(*hertz: npt.NDArray[np.floating]) -> Span:
    """Pitch range of all curves; percentiles exclude outliers of the pitch estimation."""
    ends = np.concatenate([np.percentile(curve, (1, 99)) for curve in hertz if len(curve)] or [SPAN_HZ])
    return float(ends.min() / SPAN_MARGIN), float(ends.max() * SPAN_MARGIN)


def _draw_octaves(draw: ImageDraw.ImageDraw, height: int, span: Span) -> None:
    for hertz in OCTAVES_HZ:
        if span[0] * 1.05 < hertz < span[1] / 1.05:
            y = _map_to_y(_map_pitch_to_height(hertz, span), 0, height)
            draw.line([(0, y), (WIDTH, y)], GRID)
            draw.text((6, y), f"{hertz:g} Hz", LABEL, FONT, anchor="lb")


def draw_pitch_histogram(semitones: Curve, target: Path) -> Path:
    """Write a PNG with a histogram of pitches in MIDI note numbers, over a scale of notes and hertz."""
    lowest, highest = 36, 96
    foot = LEVEL_HEIGHT + MARGIN
    counts = np.histogram(semitones, bins=np.arange(lowest, highest + 1))[0]
    picture = Image.new("RGB", (WIDTH, foot + NOTES_HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    bar_width = WIDTH / (highest - lowest)
    for at, share in enumerate(np.sqrt(counts / max(int(counts.max(initial=1)), 1))):
        if (lowest + at) % 12 == 0:
            draw.line([(at * bar_width, 0), (at * bar_width, foot + NOTES_HEIGHT)], GRID)
            note = f"{format_note(lowest + at)} {notes_to_hz(lowest + at):.0f} Hz".replace("♯", "#")  # no ♯ in the font
            draw.text((at * bar_width + 4, foot + 4), note, SCALE, FONT)
        if share > 0:
            top = foot - float(share) * (LEVEL_HEIGHT - MARGIN)
            draw.rectangle([at * bar_width + 1, top, (at + 1) * bar_width - 2, foot], AFTER)
    picture.save(target)
    return target


def _make_pitch_curve(pitch: Pitch, span: Span) -> Curve:
    return np.where(pitch.voiced, _map_pitches_to_heights(np.maximum(pitch.hertz, 1.0), span), np.nan)


def _map_pitches_to_heights(hertz: npt.NDArray[np.floating], span: Span) -> Curve:
    return np.asarray(np.log(hertz / span[0]) / np.log(span[1] / span[0]), np.float64)


def _map_pitch_to_height(hertz: float, span: Span) -> float:
    return float(_map_pitches_to_heights(np.array([hertz]), span)[0])


def _make_level_curve(audio: Audio) -> Curve:
    levels = measure_hop_levels_db(audio, max(1, round(HOP_SECONDS * audio.sample_rate)))
    return np.asarray(1 - np.maximum(levels, LOWEST_DB) / LOWEST_DB, np.float64)


def _draw_curve(
    draw: ImageDraw.ImageDraw, curve: Curve, fraction: float, band: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    """Draw a curve over a fraction of the width."""
    curve = curve[:: max(1, len(curve) // MAX_POINTS)]
    across = np.arange(len(curve)) / max(len(curve), 1) * fraction * WIDTH
    is_drawn = np.isfinite(curve)
    for run in np.split(np.arange(len(curve)), np.flatnonzero(np.diff(is_drawn.astype(int))) + 1):
        if len(run) > 1 and is_drawn[run[0]]:
            points = [(float(across[at]), _map_to_y(float(curve[at]), *band)) for at in run]
            draw.line(points, colour, width=2)


def _map_to_y(height: float, top: int, size: int) -> float:
    return top + MARGIN + (1 - min(max(height, 0.0), 1.0)) * (size - 2 * MARGIN)
