"""Which separation engine is best for a song on this machine, and how long each will take, as measured here."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from vc_core.cover.preflight import Speeds
from vc_core.device import choose_device
from vc_core.recipes.separate import SeparationOptions
from vc_core.separation import SEPARATORS
from vc_core.separation.base import SeparationEngine

PATIENCE_SECONDS = 300.0
"""An engine that takes longer than this and longer than the song itself is not recommended."""


@dataclass(frozen=True)
class Duration:
    seconds: float
    is_measured: bool
    """Whether this machine has run it before; otherwise it is a guess, by what it has run."""


@dataclass(frozen=True)
class Recommendation:
    engine: str
    duration: Duration


def expect_duration(options: SeparationOptions, song_seconds: float) -> Duration:
    speeds = Speeds().load()
    measured = speeds.get(options.speed_name)
    if measured is not None:
        return Duration(measured * song_seconds, True)
    guess = _guess_speed(SEPARATORS[options.engine]) * options.stems / 2
    return Duration(guess * _compare_machine(speeds) * song_seconds, False)


def recommend(song_seconds: float) -> Recommendation:
    """Of the engines that are ready here, the cleanest that is fast enough for the song; else the fastest."""
    ready = [engine for engine in SEPARATORS.values() if engine.quality and engine.is_ready()]
    expected = {one.name: expect_duration(SeparationOptions(engine=one.name), song_seconds) for one in ready}
    limit = max(PATIENCE_SECONDS, song_seconds)
    fitting = [one for one in ready if expected[one.name].seconds <= limit]
    best = max(fitting, key=lambda one: one.quality, default=None)
    name = best.name if best else min(expected, key=lambda one: expected[one].seconds)
    return Recommendation(name, expected[name])


def _guess_speed(engine: SeparationEngine) -> float:
    """Seconds of work per second of song."""
    is_fast = choose_device().startswith("cuda") and engine.gpu_speed
    return 1 / engine.gpu_speed if is_fast else engine.guessed_speed


def _compare_machine(speeds: Mapping[str, float]) -> float:
    """How much slower this machine is than guessed, by the engines that it has run."""
    device = choose_device()
    names = {name: (f"separate task:{name}::2:{device}", f"separate:{name}:{device}") for name in SEPARATORS}
    ratios = [
        speeds[key] / _guess_speed(SEPARATORS[name]) for name, keys in names.items() for key in keys if key in speeds
    ]
    return median(ratios) if ratios else 1.0
