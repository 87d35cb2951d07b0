"""Separate vocals: the engines a user can choose from."""

from functools import lru_cache

from vc_core.engine import by_name, find_engine
from vc_core.progress import Progress, silent, subprogress
from vc_core.separation import demucs, ensemble, repet, roformer, spleeter, starter
from vc_core.separation.base import SavedStem, SeparationEngine, Separator, SeparatorOptions, Stems
from vc_core.separation.vocal_steps import (
    VOCAL_STEPS,
    VOCALS,
    Refinement,
    VocalStep,
    choose_refinement,
    find_lead_model,
)

__all__ = [
    "DEFAULT_SEPARATOR",
    "SEPARATORS",
    "VOCALS",
    "VOCAL_STEPS",
    "Refinement",
    "SavedStem",
    "SeparationEngine",
    "Separator",
    "SeparatorOptions",
    "Stems",
    "VocalStep",
    "choose_refinement",
    "choose_separator",
    "find_lead_model",
    "forget_separator",
    "load_separator",
    "prepare_separator",
]

_ENGINES = by_name(
    starter.ENGINE,
    spleeter.ENGINE,
    demucs.ENGINE,
    demucs.FINE_TUNED,
    roformer.ENGINE,
    spleeter.ORIGINAL,
    repet.ENGINE,
)
"""Another engine is one file, and one line here."""
SEPARATORS: dict[str, SeparationEngine] = _ENGINES | by_name(ensemble.make_engine(_ENGINES))
DEFAULT_SEPARATOR = "repet"


def choose_separator(name: str, options: SeparatorOptions) -> SeparationEngine:
    """The engine of that name; a `UserError` if it can't do what is asked."""
    engine = find_engine(SEPARATORS, name)
    engine.check(options)
    return engine


def prepare_separator(name: str, options: SeparatorOptions, *, progress: Progress = silent) -> None:
    """Download what the engine needs and doesn't have; before a turn on the device, since it may take long."""
    engine = choose_separator(name, options)
    engine.check_installed()
    engine.prepare(options, subprogress(progress, 0.0, 0.5))
    if refinement := choose_refinement(options.then):
        refinement.prepare(subprogress(progress, 0.5, 1.0))


def load_separator(name: str, device: str, options: SeparatorOptions = SeparatorOptions()) -> Separator:
    """The engine, ready to use; the last one stays in memory."""
    return _load(name, device, options, choose_refinement(options.then))


@lru_cache(maxsize=1)
def _load(name: str, device: str, options: SeparatorOptions, refinement: Refinement | None) -> Separator:
    """`refinement` is part of the key, since a model that has been installed meanwhile is to be used."""
    engine = choose_separator(name, options)
    engine.check_installed()
    separator = engine.load(options, device)
    return refinement.apply(separator, device) if refinement else separator


forget_separator = _load.cache_clear
