"""Console output: error messages, progress bars, result paths."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from vc_core.cli.scripting.report import get_report
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
        if report := get_report():
            report.error = _explain(error)
        else:
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
            show_failure(path, _explain(error))
    if failed:
        raise typer.Exit(1)


def show_failure(source: Path, sentence: str) -> None:
    """Of one of several sources."""
    if report := get_report():
        report.results.append({"source": str(source), "error": sentence})
    else:
        err.print(f"[red]{escape(source.name)}: {escape(sentence)}[/]")


def show_result(shown: RenderableType, **facts: Any) -> None:
    """Print a result to stdout; text is printed as it is. With `--json`, the facts are reported instead."""
    if report := get_report():
        report.results.append(facts)
    elif isinstance(shown, str):
        out.print(shown, markup=False, highlight=False, soft_wrap=True)
    else:
        out.print(shown)


def show_notes(*notes: str) -> None:
    """Print notes to stderr, or report them."""
    for note in notes:
        if report := get_report():
            report.notes.append(note)
        else:
            err.print(f"[yellow]{escape(note)}[/]")


def print_file(path: Path, notes: Iterable[str] = (), **facts: Any) -> None:
    """Print the path to stdout, for other programs, and notes to stderr."""
    show_result(str(path), file=str(path), **facts)
    show_notes(*notes)
