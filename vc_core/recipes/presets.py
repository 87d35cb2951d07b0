"""Presets: settings of one task by name, as small JSON files that are checked by the task's options."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vc_core.conversion import CONVERTERS, ConversionOptions
from vc_core.cover.options import CoverOptions
from vc_core.errors import UserError
from vc_core.files.regular_files import check_regular
from vc_core.files.results import number_names
from vc_core.files.writing import format_option
from vc_core.locks import FileLock
from vc_core.options import api_name, check_options, options_of, read_options
from vc_core.recipes.clean_up import CleanUpOptions
from vc_core.recipes.emotion import EmotionOptions
from vc_core.recipes.separate import SeparationOptions
from vc_core.training.run.atomic_files import write_atomically
from vc_core.voices.library import make_folder_name

FORMAT = "voice-studio-preset"
MAX_BYTES = 20_000
MAX_PRESETS = 100
"""Of one task."""
MAX_NAME_LENGTH = 60
MAX_TEXT_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class _FileFormat:
    format_name: str = format_option()

    def __post_init__(self) -> None:
        check_options(self)


OPTIONS: dict[str, tuple[type[Any], ...]] = {
    "separate_vocals": (SeparationOptions,),
    "convert_singer": (
        ConversionOptions,
        CleanUpOptions,
        *(engine.own_options for engine in CONVERTERS.values()),
        _FileFormat,
    ),
    "add_emotion": (EmotionOptions,),
    "cover": (CoverOptions, ConversionOptions),
}
"""Of each task, by the name of its tab."""
TEXTS: dict[str, tuple[str, ...]] = {"convert_singer": ("voice", "so_vits"), "cover": ("voice", "backing_voice")}
"""Names that are no options."""
COMMANDS = {"separate_vocals": "separate", "convert_singer": "convert", "add_emotion": "emotion", "cover": "cover"}


@dataclass(frozen=True)
class Preset:
    name: str
    task: str
    """The name of its tab."""
    settings: Mapping[str, Any]
    """By the API's names."""

    def __post_init__(self) -> None:
        if self.task not in OPTIONS:
            raise UserError("This is no preset of Voice Studio.")
        if not isinstance(self.name, str) or not 0 < len(self.name.strip()) <= MAX_NAME_LENGTH:
            raise UserError("A preset has a name of at most {count} letters.", count=MAX_NAME_LENGTH)
        if not self.name.isprintable():
            raise UserError("A preset has a name of at most {count} letters.", count=MAX_NAME_LENGTH)
        check_settings(self.task, self.settings)

    def to_json(self) -> str:
        shown = {"format": FORMAT, "task": self.task, "name": self.name, "settings": dict(self.settings)}
        return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def check_settings(task: str, settings: Mapping[str, Any]) -> None:
    """Raise a `UserError` for a name that is none, or a value that the options refuse."""
    if not isinstance(settings, Mapping):
        raise UserError("This is no preset of Voice Studio.")
    for name, value in settings.items():
        if name in TEXTS.get(task, ()):
            if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH:
                raise UserError(
                    "The setting “{name}” is a text of at most {count} letters.", name=name, count=MAX_TEXT_LENGTH
                )
            continue
        kinds = [kind for kind in OPTIONS[task] if name in list_names(kind)]
        if not kinds:
            raise UserError("There is no setting “{name}” in “{task}”.", name=str(name)[:50], task=COMMANDS[task])
        if not isinstance(value, str | bool | int | float) or len(str(value)) > MAX_TEXT_LENGTH:
            raise UserError("The setting “{name}” has a value of the wrong type.", name=name)
        read_options(kinds[0], {name: value}, **({"backing_voice": "any"} if kinds[0] is CoverOptions else {}))


def list_names(kind: type[Any]) -> dict[str, str]:
    """Fields of the options by the API's names."""
    return {api_name(name, described): name for name, described in options_of(kind).items()}


def read_preset(path: Path) -> Preset:
    """From a file of untrusted content."""
    check_regular(path)
    if path.stat().st_size > MAX_BYTES:
        raise UserError("“{file}” is no preset: it has more than {count} KB.", file=path.name, count=MAX_BYTES // 1000)
    try:
        read = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError("“{file}” is no preset of Voice Studio.", file=path.name) from error
    if not isinstance(read, dict) or read.get("format") != FORMAT or not isinstance(read.get("task"), str):
        raise UserError("“{file}” is no preset of Voice Studio.", file=path.name)
    return Preset(read.get("name", ""), read["task"], read.get("settings", {}))


class PresetFolder:
    """The presets of one user; damaged files are left out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list(self, task: str) -> list[Preset]:
        return sorted((preset for _, preset in self._read(task)), key=lambda preset: preset.name.casefold())

    def find(self, task: str, name: str) -> Preset:
        found = next((preset for preset in self.list(task) if preset.name == name), None)
        if found is None:
            known = ", ".join(preset.name for preset in self.list(task)) or "–"
            raise UserError("There is no preset “{name}”. There are: {known}.", name=name, known=known)
        return found

    def save(self, preset: Preset) -> None:
        """In place of the one of that name."""
        folder = self.folder / preset.task
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock").hold():  # or two programs could take one file
            write_atomically(self._choose_path(preset, folder), preset.to_json().encode())

    def _choose_path(self, preset: Preset, folder: Path) -> Path:
        known = list(self._read(preset.task))
        path = next((path for path, one in known if one.name == preset.name), None)
        if path is None and len(known) >= MAX_PRESETS:
            raise UserError("There are {count} presets already. Delete one first.", count=MAX_PRESETS)
        names = number_names(make_folder_name(preset.name) or "preset", ".json")
        return path or next(free for name in names if not (free := folder / name).exists())

    def delete(self, task: str, name: str) -> None:
        self.find(task, name)
        for path in [path for path, preset in self._read(task) if preset.name == name]:
            path.unlink(missing_ok=True)

    def _read(self, task: str) -> Iterable[tuple[Path, Preset]]:
        for path in sorted((self.folder / task).glob("[!.]*.json")):
            try:
                preset = read_preset(path)
            except (OSError, UserError):
                continue
            if preset.task == task:
                yield path, preset


def find_preset(task: str, name: str, folder: PresetFolder) -> Preset:
    """By the name of a preset or of a file."""
    path = Path(name).expanduser()
    if path.suffix != ".json":
        return folder.find(task, name)
    preset = read_preset(path)
    if preset.task != task:
        raise UserError(
            "“{file}” is a preset for “{other}”, not for “{task}”.",
            file=path.name, other=COMMANDS[preset.task], task=COMMANDS[task],
        )  # fmt: skip
    return preset
