"""Synthetic drum kits and patterns: each hit consists of swept tones and coloured noise."""

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, sosfilt

from starters.separator.effects import RATE, Generator, Sound, log_uniform

Kit = dict[str, Sound]
"""The sound of one hit of each drum."""
STEPS = 16
PATTERNS = {
    "kick": ("x...x...x...x...", "x.....x.x.......", "x..x..x...x.....", "x.......x.......", "x.x...x..x....x."),
    "snare": ("....x.......x...", "....x.......x..x", "........x.......", "....x..x.x..x...", "x.x.x.xxx.x.x.xx"),
    "hat": ("x.x.x.x.x.x.x.x.", "xxxxxxxxxxxxxxxx", "..x...x...x...x.", "x..xx..xx..xx..x", "x...x...x...x..."),
    "tom": ("..............xx", "......x.......x.", "..........x.x.xx"),
    "cymbal": ("x...............", "............x..."),
    "shaker": ("x.xxx.xxx.xxx.xx", "..x...x...x...x."),
    "block": ("x..x..x...x.x...", "..x...xx......x."),
}


def draw_kit(generator: Generator) -> Kit:
    return {
        "kick": _skin(generator, log_uniform(generator, 38, 70), 0.35, noise=0.05),
        "snare": _skin(generator, log_uniform(generator, 140, 260), 0.3, noise=generator.uniform(0.5, 2)),
        "tom": _skin(generator, log_uniform(generator, 70, 180), 0.5, noise=0.1),
        "hat": _hiss(generator, log_uniform(generator, 3_000, 9_000), log_uniform(generator, 0.02, 0.3)),
        "cymbal": _hiss(generator, log_uniform(generator, 1_500, 6_000), log_uniform(generator, 0.5, 2)),
        "shaker": _hiss(generator, log_uniform(generator, 2_000, 7_000), 0.08, rise=0.03),
        "block": _ping(generator, log_uniform(generator, 300, 2_500)),
    }


def draw_held_out_kit(generator: Generator) -> Kit:
    """For the test split: claps, square waves and frequency modulation instead of the sounds above."""
    return {
        "kick": _modulated(generator, log_uniform(generator, 40, 65), 0.4),
        "snare": _clap(generator),
        "tom": _modulated(generator, log_uniform(generator, 80, 170), 0.5),
        "hat": _squares(generator, log_uniform(generator, 0.03, 0.2)),
        "cymbal": _squares(generator, log_uniform(generator, 0.5, 1.5)),
        "shaker": _clap(generator)[::-1].copy(),
        "block": _modulated(generator, log_uniform(generator, 400, 1_500), 0.08),
    }


def render_beat(drums: Kit, generator: Generator, frames: int, step_seconds: float) -> Sound:
    """Render a beat, array of shape (2, frames); kick and snare are near the centre."""
    stereo = np.zeros((2, frames))
    chance = {"kick": 0.9, "snare": 0.85, "hat": 0.8, "tom": 0.25, "cymbal": 0.4, "shaker": 0.25, "block": 0.2}
    level = {"kick": 1.0, "snare": 0.7, "hat": 0.25, "tom": 0.6, "cymbal": 0.3, "shaker": 0.2, "block": 0.3}
    swing = generator.choice([0.0, generator.uniform(0, 0.3)])
    for name, sound in drums.items():
        if generator.random() > chance[name]:
            continue
        pattern = str(generator.choice(PATTERNS[name]))
        side = generator.normal(0, 0.05) if name in ("kick", "snare") else generator.uniform(-0.8, 0.8)
        gains = level[name] * log_uniform(generator, 0.4, 2) * np.sqrt([1 - side, 1 + side])
        for step in range(int(frames / RATE / step_seconds) + 1):
            if pattern[step % STEPS] != "x" or generator.random() < 0.04:
                continue
            at = round((step + swing * (step % 2)) * step_seconds * RATE + abs(generator.normal(0, 100)))
            heard = sound[: max(0, frames - at)]
            stereo[:, at : at + len(heard)] += np.outer(gains * generator.uniform(0.5, 1), heard)
    return stereo


def _times(seconds: float) -> Sound:
    return np.arange(round(seconds * RATE)) / RATE


def _soft_end(sound: Sound) -> Sound:
    fade = min(len(sound), 1_000)
    sound[-fade:] *= np.linspace(1, 0, fade)
    return sound


def _high(sound: Sound, hertz: float) -> Sound:
    return sosfilt(butter(2, hertz, "highpass", fs=RATE, output="sos"), sound)


def _skin(generator: Generator, hertz: float, seconds: float, *, noise: float) -> Sound:
    times = _times(seconds * 1.5)
    swept = hertz * (1 + generator.uniform(0.5, 4) * np.exp(-times * log_uniform(generator, 15, 80)))
    tone = np.sin(2 * np.pi * np.cumsum(swept) / RATE) * np.exp(-times * generator.uniform(3, 6) / seconds)
    rattle = _high(generator.standard_normal(len(times)), log_uniform(generator, 500, 3_000))
    return _soft_end(tone + noise * 0.5 * rattle * np.exp(-times * log_uniform(generator, 10, 40)))


def _hiss(generator: Generator, hertz: float, seconds: float, *, rise: float = 0.001) -> Sound:
    times = _times(min(2.5, seconds * 4))
    noise = _high(generator.standard_normal(len(times)), hertz)
    return _soft_end(noise * np.exp(-times / seconds) * np.minimum(times / rise, 1))


def _ping(generator: Generator, hertz: float) -> Sound:
    times = _times(0.3)
    tones: list[Callable[..., Sound]] = [np.sin, np.cos]
    return _soft_end(
        sum(
            np.exp(-times * 30 * turn) * tone(2 * np.pi * hertz * turn * 1.48 * times)
            for turn, tone in enumerate(tones, 1)
        )
        * np.minimum(times / 0.001, 1)
    )


def _modulated(generator: Generator, hertz: float, seconds: float) -> Sound:
    times = _times(seconds)
    index = generator.uniform(2, 8) * np.exp(-times * 40)
    tone = np.sin(2 * np.pi * hertz * times + index * np.sin(2 * np.pi * 1.7 * hertz * times))
    return _soft_end(tone * np.exp(-times * 4 / seconds))


def _clap(generator: Generator) -> Sound:
    times = _times(0.3)
    band = butter(1, (900, generator.uniform(1_800, 4_000)), "bandpass", fs=RATE, output="sos")
    hands = sum(np.exp(-np.maximum(times - at, 0) * 90) * (times >= at) for at in generator.uniform(0, 0.035, 4))
    return _soft_end(sosfilt(band, generator.standard_normal(len(times))) * hands)


def _squares(generator: Generator, seconds: float) -> Sound:
    times = _times(min(2.0, seconds * 4))
    tones = sum(np.sign(np.sin(2 * np.pi * hertz * times)) for hertz in generator.uniform(300, 900, 6))
    return _soft_end(_high(np.asarray(tones), 6_000) * np.exp(-times / seconds) / 3)
