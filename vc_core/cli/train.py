"""`vc train METHOD …`: train a voice from recordings; each method's options are the fields of its settings."""

import inspect
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from vc_core.cli.console import show_errors, show_notes, show_progress, show_result
from vc_core.cli.scripting.report import JsonTyper, get_report
from vc_core.errors import UserError
from vc_core.home import get_studio_home
from vc_core.options import options_of
from vc_core.progress import subprogress
from vc_core.recipes.clean_up import CleanUpOptions, VocalExtraction
from vc_core.training import TRAINING_METHODS, TrainingEngine
from vc_core.training.settings import describe_settings
from vc_core.voices.library import CONSENTS, VoiceLibrary

train_app = JsonTyper(no_args_is_help=True, help="Train a voice, and look after trainings.")

RunId = Annotated[str, typer.Argument(help="Its id, as `vc train list` shows it.")]
Recordings = Annotated[list[Path], typer.Argument(help="Sound files, folders, or zip files of them.")]
Name = Annotated[str, typer.Option("--name", help="What the voice will be called.")]
Extended = Annotated[str, typer.Option("--voice", "--name", help="The voice of the library that gets it.")]
Consent = Annotated[str, typer.Option(help=f"Whose voice it is: {', '.join(CONSENTS)}.")]
Licence = Annotated[str, typer.Option(help="Under which it may be used.")]
Clean = Annotated[bool, typer.Option("--clean", help="Make steady noise quieter first.")]
CleanedUp = Annotated[str, typer.Option("--clean-up", help=options_of(CleanUpOptions)["clean_up"].help)]
Separate = Annotated[str, typer.Option(metavar="ENGINE", help="First take the vocals out of the music, with this.")]
Epochs = Annotated[float, typer.Option(help="Instead of steps, for methods that know epochs.")]
LogInterval = Annotated[int, typer.Option(help="Losses are noted every so many steps.")]
EvalInterval = Annotated[int, typer.Option(help="It is heard and judged every so many steps.")]
Patience = Annotated[int, typer.Option(help="It ends after so many evaluations without progress; 0: never.")]
COMMON_PARAMETERS: tuple[tuple[str, Any, Any], ...] = (
    ("recordings", Recordings, inspect.Parameter.empty), ("name", Name, inspect.Parameter.empty),
    ("consent", Consent, inspect.Parameter.empty), ("licence", Licence, "CC-BY-NC-4.0"), ("clean", Clean, False),
    ("separate", Separate, ""), ("clean_up", CleanedUp, "none"),
    ("epochs", Epochs, 0.0), ("log_interval", LogInterval, 10),
    ("eval_interval", EvalInterval, 100), ("patience", Patience, 0),
)  # fmt: skip
OPTION_TYPES = (int, float, bool, str)


def add_methods() -> None:
    """Register a command for each training method."""
    for name, method in TRAINING_METHODS.items():
        train_app.command(name, help=f"{method.label}. {method.notice}")(_make_command(name, method))


def _make_command(name: str, method: TrainingEngine) -> Callable[..., None]:
    defaults = method.settings()
    own = {field.name: getattr(defaults, field.name) for field in fields(defaults)}
    own = {setting: default for setting, default in own.items() if type(default) in OPTION_TYPES}

    def command(**given: Any) -> None:
        _train(name, given, {setting: given[setting] for setting in own})

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(n, keyword, default=default, annotation=Extended if n == "name" and method.extends else kind)
        for n, kind, default in COMMON_PARAMETERS
    ]
    described = describe_settings(method.settings)
    for setting, default in own.items():
        kind: Any = Annotated[type(default), typer.Option(help=described[setting])]
        parameters.append(inspect.Parameter(setting, keyword, default=default, annotation=kind))
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _train(method: str, given: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    from vc_core.recipes.training import extract_vocals
    from vc_core.training.recordings.dataset import Cleaning
    from vc_core.training.run.spec import Schedule
    from vc_core.training.run.start import RunRequest, check_request, create_run

    with show_errors(), tempfile.TemporaryDirectory() as folder:
        schedule = Schedule(
            epochs=given["epochs"],
            log_interval=given["log_interval"],
            eval_interval=given["eval_interval"],
            patience=given["patience"],
        )
        cleaning = Cleaning(denoise=given["clean"])
        request = RunRequest(given["name"], method, given["consent"], given["licence"], settings, schedule, cleaning)
        library = get_studio_home() / TRAINING_METHODS[method].library
        check_request(request, VoiceLibrary(library))
        with show_progress("Recordings") as progress:
            sources, notes = given["recordings"], list[str]()
            if extraction := VocalExtraction(given["separate"], CleanUpOptions(clean_up=given["clean_up"]).clean_up):
                sort, separating = TRAINING_METHODS[method].sort, subprogress(progress, 0.0, 0.8)
                vocals = extract_vocals(sources, Path(folder), extraction, sort=sort, progress=separating)
                sources, notes, progress = vocals.sources, vocals.notes, subprogress(progress, 0.8, 1.0)
            created = create_run(_get_runs_folder(), library, request, sources, progress=progress)
        show_notes(*notes, *created.notes)
    _run_training(created.run.id)


@train_app.command("start")
def start(
    folders: Annotated[list[Path], typer.Argument(help="A folder of recordings for each voice; at least two.")],
    out_file: Annotated[Path, typer.Option("--out", "-o", help="The file that is written.")],
    method: Annotated[str, typer.Option(help="meta (Reptile), or plain, which trains all voices jointly.")] = "meta",
    steps: Annotated[int, typer.Option(help="Training steps, about a quarter of a second each.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Of all random numbers.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Make a start for `vc train instant --start FILE` from your own voices: the decoder that new voices begin with."""
    from vc_core.files.results import check_free
    from vc_core.training.instant.meta import MetaSettings
    from vc_core.training.instant.starts import make_start

    with show_errors(), show_progress("Start") as progress:
        check_free(out_file, force=force)
        make_start(folders, out_file, method, MetaSettings(steps, seed), progress=progress)
    show_result(f"Use it with: vc train instant FILES --start {out_file}", file=str(out_file))


@train_app.command("resume")
def resume(run: RunId) -> None:
    """Resume a training that was stopped or interrupted."""
    _run_training(run)


@train_app.command("list")
def list_trainings() -> None:
    """Show all trainings, the newest first."""
    from vc_core.training.run.job import list_runs

    table = Table("Id", "Voice", "Method", "State", "Step", "Advice")
    runs = list_runs(_get_runs_folder())
    for run in runs:
        spec, status = run.spec, run.read_status()
        step = f"{status.step} of {status.steps}" if status.steps else "–"
        table.add_row(*map(escape, (run.id, spec.name, spec.method, status.state, step, run.get_advice().message)))
        if get_report():
            show_result("", **_describe_run(run))
    if not get_report():
        show_result(table if runs else "No trainings yet. Begin one with `vc train METHOD FILES`.")


def _describe_run(run: Any) -> dict[str, Any]:
    """For `--json`."""
    spec, status = run.spec, run.read_status()
    facts = {"run": run.id, "voice": spec.name, "method": spec.method, "state": status.state, "step": status.step}
    facts |= {"steps": status.steps, "best_step": status.best_step, "best_score": status.best_score}
    return {**facts, "training_seconds": status.seconds, "message": status.message}


@train_app.command("status")
def status(run: RunId) -> None:
    """Show how a training goes: its step, its best score, and the newest losses."""
    from vc_core.training.run.estimate import format_duration
    from vc_core.training.run.job import find_run

    with show_errors():
        found = find_run(_get_runs_folder(), run)
        spec, status, losses = found.spec, found.read_status(), found.read_losses()
    best = "–" if status.best_step is None else f"step {status.best_step}, score {status.best_score:.4g}"
    rows = {
        "voice": spec.name, "method": spec.method, "state": status.state, "message": status.message,
        "step": f"{status.step} of {status.steps}", "time": format_duration(status.seconds), "best": best,
        "advice": found.get_advice().message,
    }  # fmt: skip
    table = Table(show_header=False)
    for name, value in (rows | {name: f"{value:.4g}" for name, value in (losses[-1:] or [{}])[0].items()}).items():
        table.add_row(name, escape(str(value)))
    show_result(table, **_describe_run(found), losses=(losses[-1:] or [{}])[0], advice=found.get_advice().message)


@train_app.command("stop")
def stop(run: RunId) -> None:
    """Stop a training that runs elsewhere, on the page or in another shell; its current step is saved."""
    from vc_core.training.run.job import find_run

    with show_errors():
        found = find_run(_get_runs_folder(), run)
        if not found.is_alive():
            raise UserError("This training does not run now.")
        found.request_stop()
        with show_progress("Stopping"):
            while found.is_alive():
                time.sleep(0.1)
        show_result(found.read_status().message, **_describe_run(found))


@train_app.command("take")
def take(run: RunId) -> None:
    """Add the best voice so far to the library; the training continues."""
    from vc_core.training.run.job import find_run
    from vc_core.training.run.publish import publish_voice

    with show_errors():
        found = find_run(_get_runs_folder(), run)
        voice = publish_voice(found, found.read_status())
    show_result(f"“{voice.name}” is in the library.", run=run, voice=voice.name)


@train_app.command("delete")
def delete(run: RunId) -> None:
    """Delete a training and its checkpoints; a voice that is in the library stays."""
    from vc_core.training.run.job import find_run

    with show_errors():
        find_run(_get_runs_folder(), run).delete()
    show_result("It has been deleted.", run=run)


@train_app.command("board")
def board(run: RunId) -> None:
    """Write the losses, scores and samples of a training for TensorBoard."""
    from vc_core.training.run.job import find_run
    from vc_core.training.run.tensorboard import write_tensorboard

    with show_errors():
        folder = write_tensorboard(find_run(_get_runs_folder(), run))
    show_result(f"Look at it with: tensorboard --logdir {folder}", folder=str(folder))


def _run_training(name: str) -> None:
    from vc_core.training.run.job import Run, find_run
    from vc_core.training.run.worker import train_run

    with show_errors():
        run: Run = find_run(_get_runs_folder(), name)
        run.clear_stop_request()
        with _stop_on_interrupt(run), show_progress(run.spec.name) as progress:
            status = train_run(run, progress=progress)
        if status.state in ("failed", "interrupted"):
            raise UserError("{message}", message=status.message)
    show_result(status.message, **_describe_run(run))
    if status.state != "finished":
        show_notes(f"Go on with: vc train resume {run.id}")


@contextmanager
def _stop_on_interrupt(run: Any) -> Iterator[None]:
    """The first Ctrl+C or SIGTERM saves the current step and stops; a second one interrupts as usual."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def request_stop(*_: object) -> None:
        run.request_stop()
        restore()

    for number in before:
        signal.signal(number, request_stop)
    try:
        yield
    finally:
        restore()


def _get_runs_folder() -> Path:
    return get_studio_home() / "training"


add_methods()
