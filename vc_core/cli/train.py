"""`vc train METHOD …`: a voice from recordings; the options of each method are read from its settings."""

import inspect
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from vc_core.cli.console import bar, err, out, sentences
from vc_core.errors import UserError
from vc_core.home import studio_home
from vc_core.training import TRAINING_METHODS, TrainingMethod
from vc_core.voices import CONSENTS

train_app = typer.Typer(no_args_is_help=True, help="Train a voice, and look after trainings.")

Recordings = Annotated[list[Path], typer.Argument(help="Sound files, folders, or zip files of them.")]
Name = Annotated[str, typer.Option(help="What the voice will be called.")]
Consent = Annotated[str, typer.Option(help=f"Whose voice it is: {', '.join(CONSENTS)}.")]
Licence = Annotated[str, typer.Option(help="Under which it may be used.")]
Clean = Annotated[bool, typer.Option("--clean", help="Make steady noise quieter first.")]
Separate = Annotated[str, typer.Option(metavar="ENGINE", help="First take the vocals out of the music, with this.")]
Epochs = Annotated[float, typer.Option(help="Instead of steps, for methods that know epochs.")]
LogInterval = Annotated[int, typer.Option(help="Losses are noted every so many steps.")]
EvalInterval = Annotated[int, typer.Option(help="It is heard and judged every so many steps.")]
Patience = Annotated[int, typer.Option(help="It ends after so many evaluations without progress; 0: never.")]
COMMON: tuple[tuple[str, Any, Any], ...] = (
    ("recordings", Recordings, inspect.Parameter.empty), ("name", Name, inspect.Parameter.empty),
    ("consent", Consent, inspect.Parameter.empty), ("licence", Licence, "CC-BY-NC-4.0"), ("clean", Clean, False),
    ("separate", Separate, ""), ("epochs", Epochs, 0.0), ("log_interval", LogInterval, 10),
    ("eval_interval", EvalInterval, 100), ("patience", Patience, 0),
)  # fmt: skip
SIMPLE = (int, float, bool, str)


def add_methods() -> None:
    """A command for each method there is."""
    for name, method in TRAINING_METHODS.items():
        train_app.command(name, help=f"{method.label}. {method.notice}")(_command(name, method))


def _command(name: str, method: TrainingMethod) -> Callable[..., None]:
    own = {field.name: type(getattr(method.settings(), field.name)) for field in fields(method.settings)}
    own = {setting: kind for setting, kind in own.items() if kind in SIMPLE}

    def command(**given: Any) -> None:
        _train(name, given, {setting: given[setting] for setting in own})

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(n, keyword, default=default, annotation=kind) for n, kind, default in COMMON]
    for setting, kind in own.items():
        default = getattr(method.settings(), setting)
        parameters.append(inspect.Parameter(setting, keyword, default=default, annotation=kind))
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _train(method: str, given: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    from vc_core.training.beginning import Wanted, begin_run
    from vc_core.training.dataset import Cleaning
    from vc_core.training.spec import Pace

    with sentences(), tempfile.TemporaryDirectory() as folder:
        pace = Pace(
            epochs=given["epochs"],
            log_interval=given["log_interval"],
            eval_interval=given["eval_interval"],
            patience=given["patience"],
        )
        cleaning = Cleaning(denoise=given["clean"])
        wanted = Wanted(given["name"], method, given["consent"], given["licence"], settings, pace, cleaning)
        library = studio_home() / TRAINING_METHODS[method].library
        with bar("Recordings") as progress:
            sources = _without_music(given["recordings"], given["separate"], Path(folder), progress)
            begun = begin_run(_runs(), library, wanted, sources, progress=progress)
        for note in begun.notes:
            err.print(f"[yellow]{escape(note)}[/]")
    _work_on(begun.run.id)


def _without_music(recordings: Sequence[Path], engine: str, folder: Path, progress: Any) -> list[Path]:
    if not engine:
        return list(recordings)
    from vc_core.recipes.training import vocals_of

    return vocals_of(recordings, folder, engine, progress=progress)


@train_app.command("resume")
def resume(run: Annotated[str, typer.Argument(help="Its id, as `vc train list` shows it.")]) -> None:
    """Go on with a training that was stopped or interrupted."""
    _work_on(run)


@train_app.command("list")
def list_trainings() -> None:
    """Show all trainings, the newest first."""
    from vc_core.training.job import list_runs

    table = Table("Id", "Voice", "Method", "State", "Step", "Advice")
    runs = list_runs(_runs())
    for run in runs:
        spec, status = run.spec, run.status()
        step = f"{status.step} of {status.steps}" if status.steps else "–"
        table.add_row(*map(escape, (run.id, spec.name, spec.method, status.state, step, run.advice().sentence)))
    out.print(table if runs else "No trainings yet. Begin one with `vc train METHOD FILES`.")


@train_app.command("delete")
def delete(run: str) -> None:
    """Delete a training with all that it has learned; a voice that is in the library stays."""
    from vc_core.training.job import find_run

    with sentences():
        find_run(_runs(), run).delete()
    out.print("It has been deleted.")


@train_app.command("board")
def board(run: Annotated[str, typer.Argument(help="Its id, as `vc train list` shows it.")]) -> None:
    """Write the losses, scores and samples of a training as TensorBoard reads them."""
    from vc_core.training.board import write_board
    from vc_core.training.job import find_run

    with sentences():
        folder = write_board(find_run(_runs(), run))
    out.print(f"Look at it with: tensorboard --logdir {escape(str(folder))}", soft_wrap=True)


def _work_on(name: str) -> None:
    from vc_core.training.job import Run, find_run
    from vc_core.training.worker import work

    with sentences():
        run: Run = find_run(_runs(), name)
        run.allow()
        with _stopped_by_keyboard(run), bar(run.spec.name) as progress:
            status = work(run, progress=progress)
        if status.state == "failed":
            raise UserError(status.message)
    out.print(escape(status.message))
    if status.state != "finished":
        out.print(f"Go on with: vc train resume {run.id}", soft_wrap=True)


@contextmanager
def _stopped_by_keyboard(run: Any) -> Iterator[None]:
    """The first Ctrl+C keeps the step at hand; a second one ends it as usual."""
    before = signal.getsignal(signal.SIGINT)

    def ask(*_: object) -> None:
        run.ask_to_stop()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _runs() -> Path:
    return studio_home() / "training"


add_methods()
