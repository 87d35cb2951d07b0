"""Two sounds compared in a picture: pitch above, level below, the first in grey and the second in colour."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from vc_core.audio import Audio
from vc_core.pitch import find_pitch
from vc_core.slicing import hop_levels_db

WIDTH, PITCH_HEIGHT, LEVEL_HEIGHT, MARGIN = 900, 220, 110, 10
HOP_SECONDS = 0.02
BACKGROUND, BEFORE, AFTER, GRID = (8, 10, 24), (150, 160, 180), (45, 212, 191), (40, 46, 66)
LOWEST_HZ, HIGHEST_HZ = 60.0, 1_000.0
OCTAVES_HZ = (125.0, 250.0, 500.0)
LOWEST_DB = -60.0

Curve = npt.NDArray[np.float64]
"""Heights from 0 to 1, one for each hop; not a number where there is nothing."""


def draw_curves(before: Audio, after: Audio, target: Path) -> Path:
    """A PNG; both sounds share one time axis, so that another tempo is seen as another length."""
    picture = Image.new("RGB", (WIDTH, PITCH_HEIGHT + LEVEL_HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for hertz in OCTAVES_HZ:
        y = _y(float(_height_of(np.array([hertz]))[0]), 0, PITCH_HEIGHT)
        draw.line([(0, y), (WIDTH, y)], GRID)
    draw.line([(0, PITCH_HEIGHT), (WIDTH, PITCH_HEIGHT)], GRID)
    longest = max(before.seconds, after.seconds)
    for audio, colour in ((before, BEFORE), (after, AFTER)):
        _draw_curve(draw, _pitch_curve(audio), longest, (0, PITCH_HEIGHT), colour)
        _draw_curve(draw, _level_curve(audio), longest, (PITCH_HEIGHT, LEVEL_HEIGHT), colour)
    picture.save(target)
    return target


def _pitch_curve(audio: Audio) -> Curve:
    pitch = find_pitch(audio.mono(), hop_seconds=HOP_SECONDS)
    return np.where(pitch.voiced, _height_of(np.maximum(pitch.hertz, 1.0)), np.nan)


def _height_of(hertz: npt.NDArray[np.floating]) -> Curve:
    return np.asarray(np.log(hertz / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ), np.float64)


def _level_curve(audio: Audio) -> Curve:
    levels = hop_levels_db(audio, max(1, round(HOP_SECONDS * audio.sample_rate)))
    return np.asarray(1 - np.maximum(levels, LOWEST_DB) / LOWEST_DB, np.float64)


def _draw_curve(
    draw: ImageDraw.ImageDraw, curve: Curve, longest: float, band: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    across = np.arange(len(curve)) * HOP_SECONDS / max(longest, HOP_SECONDS) * WIDTH
    heard = np.isfinite(curve)
    for run in np.split(np.arange(len(curve)), np.flatnonzero(np.diff(heard.astype(int))) + 1):
        if len(run) > 1 and heard[run[0]]:
            points = [(float(across[at]), _y(float(curve[at]), *band)) for at in run]
            draw.line(points, colour, width=2)


def _y(height: float, top: int, size: int) -> float:
    return top + MARGIN + (1 - min(max(height, 0.0), 1.0)) * (size - 2 * MARGIN)
