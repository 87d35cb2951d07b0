"""Separate vocals: the engines a person can choose from."""

from functools import lru_cache

from vc_core.errors import UserError
from vc_core.separation.base import SavedStem, Separator, SeparatorChoice, Stems

__all__ = ["DEFAULT_SEPARATOR", "SEPARATORS", "SavedStem", "Separator", "SeparatorChoice", "Stems", "load_separator"]


def _repet(device: str) -> Separator:
    from vc_core.separation.repet import Repet

    return Repet()


SEPARATORS: dict[str, SeparatorChoice] = {
    "repet": SeparatorChoice(
        "Quick preview, no model",
        _repet,
        notice="A preview: it works without any model, and leaves some of the music in the vocals.",
    ),
}
DEFAULT_SEPARATOR = "repet"


@lru_cache(maxsize=1)
def load_separator(name: str, device: str) -> Separator:
    """The engine, ready to use; the last one stays in memory."""
    if name not in SEPARATORS:
        raise UserError(f"There is no way to separate called “{name}”. There are: {', '.join(SEPARATORS)}.")
    return SEPARATORS[name].load(device)
