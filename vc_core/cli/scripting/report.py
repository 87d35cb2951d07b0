"""`--json`: a command's results as one JSON object on stdout, for other programs; progress stays on stderr.

`results` has an object for each file or row, with `error` instead where one of several sources failed. A command that
failed as a whole has its sentence in `error`.
"""

import inspect
import json
import math
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

from vc_core.cli.scripting.parameters import list_parameters, present_as

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead, for programs.")]
PARAMETER = "as_json"
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Report:
    results: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    started: float = field(default_factory=time.monotonic)

    def print(self) -> None:
        answer: dict[str, Any] = {"results": self.results, "notes": self.notes}
        answer["seconds"] = round(time.monotonic() - self.started, 3)
        if self.error:
            answer["error"] = self.error
        typer.echo(json.dumps(_make_plain(answer), allow_nan=False))


def _make_plain(value: Any) -> Any:
    """What JSON has; numbers that it has not become null."""
    if isinstance(value, Mapping):
        return {str(name): _make_plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_make_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


_current: ContextVar[Report | None] = ContextVar("report", default=None)


def get_report() -> Report | None:
    """The report of the running command; None if it prints for people."""
    return _current.get()


class JsonTyper(typer.Typer):
    """Each of its commands has `--json`."""

    def command(self, name: str | None = None, **given: Any) -> Callable[[Command], Command]:
        register = super().command(name, cls=_JsonCommand, **given)

        def decorate(function: Command) -> Command:
            register(_accept_json(function))
            return function

        return decorate


class _JsonCommand(TyperCommand):
    """Tells of wrong words on the command line as JSON, too."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        is_json = "--json" in args
        try:
            return super().make_context(info_name, args, parent, **extra)
        except Exception as error:
            if is_json and hasattr(error, "format_message"):  # a usage error
                Report(error=error.format_message()).print()
            raise


def _accept_json(command: Callable[..., Any]) -> Callable[..., None]:
    def run(**given: Any) -> None:
        if not given.pop(PARAMETER):
            command(**given)
            return
        report = Report()
        token = _current.set(report)
        try:
            command(**given)
        except typer.Exit:
            raise
        except (typer.Abort, KeyboardInterrupt):
            report.error = "It was interrupted, or not confirmed."
            raise
        except Exception as error:
            report.error = f"Something went wrong that should not have ({type(error).__name__}: {error})."
            raise
        finally:
            _current.reset(token)
            report.print()

    parameter = inspect.Parameter(PARAMETER, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson)
    present_as(command, run, [*list_parameters(command), parameter])
    return run
