"""Separate vocals: the engines a user can choose from."""

from functools import lru_cache

from vc_core.engine import by_name, find_engine
from vc_core.progress import Progress, silent
from vc_core.separation import demucs, repet, roformer, spleeter, starter
from vc_core.separation.base import SavedStem, SeparationEngine, Separator, SeparatorOptions, Stems

__all__ = [
    "DEFAULT_SEPARATOR",
    "SEPARATORS",
    "SavedStem",
    "SeparationEngine",
    "Separator",
    "SeparatorOptions",
    "Stems",
    "choose_separator",
    "load_separator",
    "prepare_separator",
]

SEPARATORS: dict[str, SeparationEngine] = by_name(
    starter.ENGINE,
    spleeter.ENGINE,
    demucs.ENGINE,
    demucs.FINE_TUNED,
    roformer.ENGINE,
    spleeter.ORIGINAL,
    repet.ENGINE,
)
"""Another engine is one file, and one line here."""
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
    engine.prepare(options, progress)


@lru_cache(maxsize=1)
def load_separator(name: str, device: str, options: SeparatorOptions = SeparatorOptions()) -> Separator:
    """The engine, ready to use; the last one stays in memory."""
    engine = choose_separator(name, options)
    engine.check_installed()
    return engine.load(options, device)
