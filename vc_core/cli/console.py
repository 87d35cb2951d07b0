"""Console output: error messages, progress bars, result paths."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from vc_core.errors import UserError
from vc_core.progress import Progress, Step

out, err = Console(), Console(stderr=True)


def check_choice(what: str, chosen: str, known: Mapping[str, object]) -> None:
    if chosen not in known:
        raise UserError(
            "There is no {what} called “{chosen}”. There are: {known}.",
            what=what,
            chosen=chosen,
            known=", ".join(known),
        )


@contextmanager
def show_errors() -> Iterator[None]:
    """A `UserError` ends the command with its message and exit code 1."""
    try:
        yield
    except (UserError, OSError) as error:
        err.print(f"[red]{escape(_explain(error))}[/]")
        raise typer.Exit(1) from error


def _explain(error: UserError | OSError) -> str:
    """The message; of the operating system's errors, such as a full disk, the reason and the file."""
    if isinstance(error, UserError):
        return str(error)
    file = Path(error.filename).name if isinstance(error.filename, str) else ""
    return f"{error.strerror or error}: {file}." if file else f"{error.strerror or error}."


@contextmanager
def show_progress(title: str) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[message]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=err, transient=True) as bars:
        task = bars.add_task(escape(title), total=1.0, message="")

        def report(fraction: float, message: Step) -> None:
            bars.update(task, completed=fraction, message=escape(str(message)))

        yield report


def for_each_file(paths: Sequence[Path], work: Callable[[Path], None]) -> None:
    """Process each file, also after one has failed; then exit with code 1 if any did."""
    failed = 0
    for path in paths:
        try:
            work(path)
        except (UserError, OSError) as error:
            failed += 1
            err.print(f"[red]{escape(path.name)}: {escape(_explain(error))}[/]")
    if failed:
        raise typer.Exit(1)


def print_file(path: Path, notes: Iterable[str] = ()) -> None:
    """Print the path to stdout, for other programs, and notes to stderr."""
    out.print(str(path), highlight=False, soft_wrap=True)
    for note in notes:
        err.print(f"[yellow]{escape(note)}[/]")
