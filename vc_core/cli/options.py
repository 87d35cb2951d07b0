"""Command options from an options dataclass: flags, defaults and help are those of its fields."""

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

import typer

from vc_core.cli.console import show_errors
from vc_core.cli.scripting.parameters import list_parameters, present_as
from vc_core.options import Option, default_of, options_of


def with_options(
    kind: type[Any],
    *,
    into: str = "options",
    only: Collection[str] = (),
    required: Collection[str] = (),
    help: Mapping[str, str] | None = None,
    **fixed: Any,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace the command's parameter `into` by one option for each field of `kind` that has a flag.

    `only` restricts the fields, `required` have no default, `help` replaces texts, and `fixed` are set as they are.
    """
    exposed = {
        name: option
        for name, option in options_of(kind).items()
        if option.flag and name not in fixed and (not only or name in only)
    }

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**given: Any) -> None:
            chosen = {name: given.pop(name) for name in exposed}
            with show_errors():
                options = kind(**chosen, **fixed)
            command(**{into: options}, **given)

        parameters = []
        for parameter in list_parameters(command):
            if parameter.name != into:
                parameters.append(parameter)
                continue
            for name, option in exposed.items():
                text = (help or {}).get(name, option.help)
                parameters.append(_make_parameter(kind, name, option, text, is_required=name in required))
        present_as(command, run, parameters)
        return run

    return decorate


def _make_parameter(kind: type[Any], name: str, option: Option, text: str, *, is_required: bool) -> inspect.Parameter:
    default = default_of(kind, name)
    flags = (option.flag or "").split(",")
    if isinstance(default, bool):
        flags = [f"{flag}/--no-{flag.removeprefix('--')}" for flag in flags]
    annotation: Any = Annotated.__class_getitem__((type(default), typer.Option(*flags, help=text)))  # type: ignore[attr-defined]
    default = inspect.Parameter.empty if is_required else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
