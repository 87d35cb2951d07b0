"""Add emotion: the engines a user can choose from."""

from functools import lru_cache
from pathlib import Path

from vc_core.emotion import relgan, rules
from vc_core.emotion.base import (
    GUESS,
    HIGHEST_INTENSITY,
    NEUTRAL,
    EmotionEngine,
    EmotionStyler,
    StyleOptions,
)
from vc_core.emotion.profiles import PROFILES
from vc_core.engine import by_name, find_engine
from vc_core.home import get_studio_home
from vc_core.voices.library import Voice, VoiceLibrary

__all__ = [
    "DEFAULT_STYLER",
    "EMOTIONS",
    "GUESS",
    "HIGHEST_INTENSITY",
    "NEUTRAL",
    "STYLERS",
    "EmotionEngine",
    "EmotionStyler",
    "StyleOptions",
    "list_emotions",
    "load_styler",
    "own_models",
]

EMOTIONS = tuple(PROFILES)
STYLERS: dict[str, EmotionEngine] = by_name(rules.ENGINE, relgan.ENGINE)
"""Another engine is one file, and one line here."""
DEFAULT_STYLER = "rules"
OWN_MODELS = "emotions"
"""The folder in the studio's home with the models that users have trained."""


def own_models(folder: Path | None = None) -> dict[str, Voice]:
    """The trained models by name: those of that folder, or of this studio."""
    return {model.name: model for model in VoiceLibrary(folder or get_studio_home() / OWN_MODELS).list()}


def list_emotions(name: str, own: Path | None = None) -> tuple[str, ...]:
    """The emotions that an engine knows, or the model of that name in the folder `own`."""
    if name == relgan.ENGINE.name:
        return relgan.list_emotions()
    models = {} if name in STYLERS else own_models(own)
    return relgan.list_emotions(models[name].folder) if name in models else EMOTIONS


def load_styler(name: str = DEFAULT_STYLER, device: str = "cpu", *, own: Path | None = None) -> EmotionStyler:
    """The engine, or the model of that name in the folder `own`, ready to use; the last one stays in memory."""
    models = {} if name in STYLERS else own_models(own)
    if name in models:
        return _load(relgan.ENGINE, models[name].folder, device)
    return _load(find_engine(STYLERS | dict.fromkeys(models, relgan.ENGINE), name), None, device)


@lru_cache(maxsize=1)
def _load(engine: EmotionEngine, model: Path | None, device: str) -> EmotionStyler:
    return engine.load(model, device)
