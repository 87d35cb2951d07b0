"""Add emotion: the engines a person can choose from."""

from functools import lru_cache

from vc_core.emotion.base import GUESS, HIGHEST_INTENSITY, NEUTRAL, EmotionStyler, StyleOptions, StylerChoice
from vc_core.emotion.profiles import PROFILES
from vc_core.errors import UserError

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
]

EMOTIONS = tuple(PROFILES)


def _rules(device: str) -> EmotionStyler:
    # Not at the top: WORLD is slow to import, and the shell's help needs none of it.
    from vc_core.emotion.rules import Rules

    return Rules()


STYLERS: dict[str, StylerChoice] = {
    "rules": StylerChoice(
        "Rules",
        _rules,
        notice="Works without a model: pitch, speed, loudness and voice quality as phonetics describes each emotion.",
    ),
}
"""Another engine is one file and one entry here."""
DEFAULT_STYLER = "rules"


@lru_cache(maxsize=1)
def load_styler(name: str = DEFAULT_STYLER, device: str = "cpu") -> EmotionStyler:
    """The engine, ready to use; the last one stays in memory."""
    if name not in STYLERS:
        raise UserError(f"There is no way to add emotion called “{name}”. There are: {', '.join(STYLERS)}.")
    return STYLERS[name].load(device)
