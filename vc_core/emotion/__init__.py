"""Add emotion: the engines a person can choose from."""

from functools import lru_cache
from pathlib import Path

from vc_core.emotion.base import GUESS, HIGHEST_INTENSITY, NEUTRAL, EmotionStyler, StyleOptions, StylerChoice
from vc_core.emotion.profiles import PROFILES
from vc_core.errors import UserError
from vc_core.home import studio_home
from vc_core.voices import Voice, VoiceLibrary, read_card

__all__ = [
    "DEFAULT_STYLER",
    "EMOTIONS",
    "GUESS",
    "HIGHEST_INTENSITY",
    "NEUTRAL",
    "STYLERS",
    "EmotionStyler",
    "StyleOptions",
    "StylerChoice",
    "load_styler",
    "own_models",
]

EMOTIONS = tuple(PROFILES)


def _rules(device: str) -> EmotionStyler:
    # Not at the top: WORLD is slow to import, and the shell's help needs none of it.
    from vc_core.emotion.rules import Rules

    return Rules()


def _relgan(device: str) -> EmotionStyler:
    # It runs on the CPU, where WORLD is, and takes less time than that.
    from vc_core.emotion.relgan import load_relgan

    return load_relgan()


STYLERS: dict[str, StylerChoice] = {
    "rules": StylerChoice(
        "Rules",
        _rules,
        notice="Works without a model: pitch, speed, loudness and voice quality as phonetics describes each emotion.",
    ),
    "relgan": StylerChoice(
        "RelGAN (experimental)",
        _relgan,
        notice="Learned five emotions from synthetic voices that performed them, and briefly; so far it is hardly "
        "better than their averages.",
    ),
}
"""Another engine is one file and one entry here."""
DEFAULT_STYLER = "rules"
OWN_MODELS = "emotions"
"""The folder in the studio's home with what people have trained."""


def own_models(folder: Path | None = None) -> dict[str, Voice]:
    """By their names, the models that somebody trained: those of that folder, or of this studio."""
    return {model.name: model for model in VoiceLibrary(folder or studio_home() / OWN_MODELS).list()}


def load_styler(name: str = DEFAULT_STYLER, device: str = "cpu", *, own: Path | None = None) -> EmotionStyler:
    """The engine, or the model of the folder `own` that is called so, ready to use; the last one stays in memory."""
    models = {} if name in STYLERS else own_models(own)
    if name not in {**STYLERS, **models}:
        raise UserError(f"There is no way to add emotion called “{name}”. There are: {', '.join([*STYLERS, *models])}.")
    return _loaded(name, device, models[name].folder if models else None)


@lru_cache(maxsize=1)
def _loaded(name: str, device: str, own: Path | None) -> EmotionStyler:
    if own is None:
        return STYLERS[name].load(device)
    from vc_core.emotion.relgan import load_own

    return load_own(Voice(read_card(own), own))
