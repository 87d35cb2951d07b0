"""Convert singers: the engines, by the name that a voice's card gives."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vc_core.conversion import cyclegan, instant, rvc, so_vits
from vc_core.conversion.base import AUTOMATIC_KEYS, ConversionEngine, ConversionOptions, Converter
from vc_core.engine import by_name
from vc_core.errors import UserError
from vc_core.options import parse_settings, read_options
from vc_core.progress import Progress, silent
from vc_core.voices.library import Voice, read_card

__all__ = [
    "AUTOMATIC_KEYS",
    "CONVERTERS",
    "STARTER_VOICES",
    "ConversionEngine",
    "ConversionOptions",
    "Converter",
    "describe_own_options",
    "engine_of",
    "load_converter",
    "prepare_converter",
    "read_own_options",
]

STARTER_VOICES = Path(__file__).parents[1] / "starters" / "voices"
"""A folder for `VoiceLibrary(shipped=…)`."""
CONVERTERS: dict[str, ConversionEngine] = by_name(instant.ENGINE, so_vits.ENGINE, rvc.ENGINE, cyclegan.ENGINE)
"""Another engine is one file, and one line here."""


def engine_of(voice: Voice) -> ConversionEngine:
    if voice.card.engine not in CONVERTERS:
        raise UserError(
            "The voice “{voice}” needs the engine “{engine}”. Here are: {known}.",
            voice=voice.name,
            engine=voice.card.engine,
            known=", ".join(CONVERTERS),
        )
    return CONVERTERS[voice.card.engine]


def read_own_options(
    voice: Voice, settings: Sequence[str] = (), values: Mapping[str, Any] = MappingProxyType({})
) -> Any:
    """The options of the voice's engine: from the values of a page by their names, and from `name=value` each."""
    # Those of other engines are checked too: a page sends all.
    options = {name: read_options(engine.own_options, values) for name, engine in CONVERTERS.items()}
    return parse_settings(settings, options[engine_of(voice).name])


def describe_own_options(voice: Voice, options: ConversionOptions) -> dict[str, str | float | bool | None]:
    """The options of the voice's engine as plain values, for the mark of a file."""
    kind = engine_of(voice).own_options
    own = options.own if isinstance(options.own, kind) else kind()
    values = {field.name: getattr(own, field.name) for field in fields(own)}
    shares = {name: ",".join(f"{who}:{share:g}" for who, share in v) for name, v in values.items() if type(v) is tuple}
    return values | shares


def prepare_converter(voice: Voice, *, progress: Progress = silent) -> None:
    """Download what its engine needs beside the voice; before a turn on the device, since it may take long."""
    engine = engine_of(voice)
    engine.check_installed()
    engine.prepare(voice, progress)


def load_converter(voice: Voice, device: str = "cpu") -> Converter:
    """The engine with that voice, ready to use; the last ones stay in memory."""
    engine_of(voice)
    return _load(voice.folder, tuple(sorted(voice.card.files.items())), device)


@lru_cache(maxsize=4)
def _load(folder: Path, hashes: tuple[tuple[str, str], ...], device: str) -> Converter:
    # The hashes only tell a voice from one that was in this folder before.
    voice = Voice(read_card(folder), folder)
    return engine_of(voice).load(voice, device)
