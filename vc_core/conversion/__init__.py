"""Convert singers: the engines by the name that a voice's card gives."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from vc_core.conversion.base import AUTOMATIC_KEYS, ConversionOptions, Converter
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.voices import Voice, read_card

__all__ = [
    "AUTOMATIC_KEYS",
    "CONVERTERS",
    "STARTER_VOICES",
    "ConversionOptions",
    "Converter",
    "load_converter",
    "prepare_converter",
]

STARTER_VOICES = Path(__file__).parents[1] / "starters" / "voices"
"""A folder for `VoiceLibrary(shipped=…)`."""


def _instant(voice: Voice) -> Converter:
    # Not at the top: torch is slow to import, and the shell's help needs none of it.
    from vc_core.conversion.instant import load_instant

    return load_instant(voice)


def _so_vits(voice: Voice) -> Converter:
    from vc_core.conversion.so_vits import load_so_vits

    return load_so_vits(voice)


def _cyclegan(voice: Voice) -> Converter:
    from vc_core.conversion.cyclegan import load_cyclegan

    return load_cyclegan(voice)


CONVERTERS: dict[str, Callable[[Voice], Converter]] = {
    "instant": _instant,
    "so-vits": _so_vits,
    "cyclegan": _cyclegan,
}
"""Another engine is one file and one entry here."""


def load_converter(voice: Voice) -> Converter:
    """The engine with that voice, ready to use; the last ones stay in memory."""
    if voice.card.engine not in CONVERTERS:
        known = ", ".join(CONVERTERS)
        raise UserError(f"The voice “{voice.name}” needs the engine “{voice.card.engine}”. Here are: {known}.")
    return _loaded(voice.folder, tuple(sorted(voice.card.files.items())))


def prepare_converter(voice: Voice, *, progress: Progress = silent) -> None:
    """Download what its engine needs beside the voice, so that no turn on the device is spent on waiting."""
    if voice.card.engine == "so-vits":
        from vc_core.conversion.so_vits import prepare_so_vits

        prepare_so_vits(progress=progress)


@lru_cache(maxsize=4)
def _loaded(folder: Path, hashes: tuple[tuple[str, str], ...]) -> Converter:
    # The hashes only tell a voice from one that was in this folder before.
    voice = Voice(read_card(folder), folder)
    return CONVERTERS[voice.card.engine](voice)
