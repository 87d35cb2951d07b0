"""`--preset`: settings that were saved on the page or exported to a file, for what the command line doesn't state."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.markup import escape

from vc_core.cli.console import err, show_errors
from vc_core.cli.scripting.parameters import list_parameters, present_as
from vc_core.cli.voices import open_library
from vc_core.conversion import CONVERTERS, engine_of
from vc_core.home import get_studio_home
from vc_core.options import Option, api_name, default_of, options_of
from vc_core.recipes.presets import OPTIONS, Preset, PresetFolder, find_preset

ENGINE_OPTIONS = tuple(engine.own_options for engine in CONVERTERS.values())


def with_preset(task: str, *, voice: str = "") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add `--preset` to a command whose options are given already; `voice` is its parameter for a voice's name."""

    def find(name: str) -> Preset:
        with show_errors():
            return find_preset(task, name, PresetFolder(get_studio_home() / "presets"))

    def set_defaults(context: typer.Context, name: str) -> str:
        # Before other parameters are read: these are the defaults of those that the command line doesn't have.
        if name and not context.resilient_parsing:
            preset, known = find(name), {parameter.name for parameter in context.command.params}
            defaults, left_out = _make_defaults(preset, voice, {name for name in known if name})
            context.default_map = {**(context.default_map or {}), **defaults}
            for one in left_out:
                err.print(f"[yellow]“{escape(one)}” is for the page only: it was left out.[/]")
        return name

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(preset: str = "", **given: Any) -> None:
            if preset and given.get("reference"):
                given["voice"] = ""  # the recording's instead
            if preset and "settings" in given and given["voice"]:
                given["settings"] = [*_list_own_settings(find(preset), given["voice"]), *(given["settings"] or ())]
            command(**given)

        option = typer.Option("--preset", help="Settings by name, or a file.", callback=set_defaults, is_eager=True)
        parameter = inspect.Parameter(
            "preset", inspect.Parameter.KEYWORD_ONLY, default="", annotation=Annotated[str, option]
        )
        present_as(command, run, [*list_parameters(command), parameter])
        return run

    return decorate


def _make_defaults(preset: Preset, voice: str, known: set[str]) -> tuple[dict[str, Any], list[str]]:
    """Values by the command's parameters, and the settings that it has no parameter for."""
    defaults, left_out = {}, []
    fields = _find_fields(preset.task)
    for name, value in preset.settings.items():
        if name == "voice":
            defaults[voice] = value
        elif name in fields and fields[name][0] in known:
            defaults[fields[name][0]] = value
        elif name in fields and value != fields[name][1]:
            left_out.append(fields[name][2].flag or name)
    if preset.settings.get("backing") == "voice":  # the shell states it by that voice alone
        defaults["backing_voice"] = preset.settings.get("backing_voice", "")
        defaults.pop("backing", None)
    return defaults, left_out


def _find_fields(task: str) -> dict[str, tuple[str, Any, Option]]:
    """The name, the default and the description of each field by the API's name, without those of engines."""
    kinds = [kind for kind in OPTIONS[task] if kind not in ENGINE_OPTIONS]
    return {
        api_name(name, described): (name, default_of(kind, name), described)
        for kind in reversed(kinds)
        for name, described in options_of(kind).items()
    }


def _list_own_settings(preset: Preset, voice: str) -> list[str]:
    """Settings of the voice's engine as `name=value`."""
    with show_errors():
        kind = engine_of(open_library().find(voice)).own_options
    given = []
    for name, described in options_of(kind).items():
        if (key := api_name(name, described)) in preset.settings:
            value, default = preset.settings[key], default_of(kind, name)
            text = ("no", "yes")[value] if isinstance(default, bool) else str(type(default)(value))
            given.append(f"{name}={text}")
    return [*given, *str(preset.settings.get("so_vits", "")).split()]
