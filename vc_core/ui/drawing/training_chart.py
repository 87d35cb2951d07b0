"""Charts of a training as SVG: the score with a marker for each evaluation, and the losses, with axes and a legend."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 460, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 44
COLOURS = ("#0d9488", "#b45309", "#3b82f6", "#a855f7", "#db2777", "#64748b", "#4d7c0f", "#dc2626")
"""Each has a contrast of at least 3 on the light and on the dark page."""
TICKS = 4
MAX_POINTS = 300

Curve = Sequence[tuple[float, float]]
"""Pairs (step, value) in order."""


def render_training_chart(losses: Sequence[Mapping[str, float]], scores: Curve, words: Mapping[str, str]) -> str:
    """HTML of both charts; empty before the first values. `words`: `step`, `score` and `losses`, in any language."""
    thinned = losses[:: max(1, len(losses) // MAX_POINTS)]
    names = list(dict.fromkeys(name for line in thinned for name in line if name != "step"))
    curves = {name: [(line["step"], line[name]) for line in thinned if name in line] for name in names}
    figures = [
        _render_figure(words["score"], words["step"], {words["score"]: scores} if scores else {}, has_markers=True),
        _render_figure(words["losses"], words["step"], curves, has_markers=False),
    ]
    return f'<div class="training-chart">{"".join(figures)}</div>' if any(figures) else ""


def _render_figure(title: str, step: str, curves: Mapping[str, Curve], *, has_markers: bool) -> str:
    if not curves:
        return ""
    points = [point for curve in curves.values() for point in curve]
    steps = _choose_ticks(0.0, max(at for at, _ in points))
    values = _choose_ticks(min(value for _, value in points), max(value for _, value in points))
    parts = [_render_axes(steps, values, step)]
    for at, (name, curve) in enumerate(curves.items()):
        parts.append(_render_curve(name, curve, COLOURS[at % len(COLOURS)], (steps, values), has_markers))
    legend = "".join(
        f'<li><span style="background:{COLOURS[at % len(COLOURS)]}"></span>{escape(name)}</li>'
        for at, name in enumerate(curves)
        if len(curves) > 1
    )
    drawing = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    return f"<figure><figcaption>{escape(title)}</figcaption>{drawing}{legend and f'<ul>{legend}</ul>'}</figure>"


def _choose_ticks(low: float, high: float) -> list[float]:
    """Round numbers from at most `low` to at least `high`."""
    span = high - low if high > low else max(abs(high), 1.0)
    power = 10.0 ** math.floor(math.log10(span / TICKS))
    size = next(power * factor for factor in (1, 2, 5, 10) if power * factor * TICKS >= span)
    first, last = math.floor(low / size), max(math.ceil(high / size), math.floor(low / size) + 1)
    return [at * size for at in range(first, last + 1)]


def _to_x(step: float, ticks: Sequence[float]) -> float:
    return LEFT + (step - ticks[0]) / (ticks[-1] - ticks[0]) * (WIDTH - LEFT - RIGHT)


def _to_y(value: float, ticks: Sequence[float]) -> float:
    return HEIGHT - BOTTOM - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (HEIGHT - TOP - BOTTOM)


def _render_axes(steps: Sequence[float], values: Sequence[float], title: str) -> str:
    foot, parts = HEIGHT - BOTTOM, []
    for value in values:
        y = _to_y(value, values)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    for step in steps:
        anchor = "end" if step == steps[-1] else "middle"
        parts.append(f'<text x="{_to_x(step, steps):.1f}" y="{foot + 18}" text-anchor="{anchor}">{step:.6g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    return "".join([*parts, f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(title)}</text>'])


def _render_curve(
    name: str, curve: Curve, colour: str, ticks: tuple[Sequence[float], Sequence[float]], has_markers: bool
) -> str:
    steps, values = ticks
    path = " ".join(f"{_to_x(step, steps):.1f},{_to_y(value, values):.1f}" for step, value in curve)
    markers = "".join(
        f'<circle cx="{_to_x(step, steps):.1f}" cy="{_to_y(value, values):.1f}" r="4" fill="{colour}">'
        f"<title>{escape(name)}: {value:.4g} ({step:.6g})</title></circle>"
        for step, value in curve
        if has_markers
    )
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{markers}'
