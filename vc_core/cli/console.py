"""How the shell speaks: errors as sentences, work as a bar."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from vc_core.errors import UserError
from vc_core.progress import Progress

out, err = Console(), Console(stderr=True)


def check_choice(what: str, chosen: str, known: Mapping[str, object]) -> None:
    if chosen not in known:
        raise UserError(f"There is no {what} called “{chosen}”. There are: {', '.join(known)}.")


@contextmanager
def sentences() -> Iterator[None]:
    """A `UserError` ends the command with its sentence and exit code 1."""
    try:
        yield
    except UserError as error:
        err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from error


@contextmanager
def bar(title: str) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[message]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=err, transient=True) as bars:
        task = bars.add_task(escape(title), total=1.0, message="")

        def report(fraction: float, message: str) -> None:
            bars.update(task, completed=fraction, message=escape(message))

        yield report
