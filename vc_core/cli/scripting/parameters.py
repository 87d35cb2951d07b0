"""Commands that are made of others, with other parameters: Typer reads what a function says of itself."""

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature, signature
from typing import Any


def list_parameters(command: Callable[..., Any]) -> list[Parameter]:
    """By name alone, so that they can be in any order."""
    return [one.replace(kind=Parameter.KEYWORD_ONLY) for one in signature(command).parameters.values()]


def present_as(command: Callable[..., Any], run: Callable[..., None], parameters: Sequence[Parameter]) -> None:
    """Let `run` have the name and the help of `command`, and these parameters."""
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
