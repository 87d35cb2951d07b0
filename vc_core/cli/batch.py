"""`vc batch`: one task over many files, on all cores or GPUs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from vc_core.batch.journal import (
    Executor,
    Item,
    Outcome,
    list_devices,
    list_items,
    make_local_executor,
    run_batch,
)
from vc_core.batch.ray_cluster import make_ray_executor
from vc_core.batch.tasks import ConvertFile, CoverFile, SeparateFile
from vc_core.cli.console import err, print_file, show_errors, show_failure, show_progress
from vc_core.cli.options import with_options
from vc_core.cli.scripting.output_file import refuse_output_file
from vc_core.cli.scripting.report import get_report
from vc_core.cli.voices import open_library
from vc_core.cover.options import COVER_SEPARATOR, CoverOptions
from vc_core.errors import Message, UserError
from vc_core.files.results import ResultJournal
from vc_core.files.writing import format_option
from vc_core.options import option
from vc_core.recipes.clean_up import CleanUpOptions
from vc_core.recipes.separate import SeparationOptions
from vc_core.separation import SEPARATORS

TaskName = Literal["separate", "convert", "cover"]


@dataclass(frozen=True, kw_only=True)
class BatchOptions(CleanUpOptions):
    engine: str = option(
        COVER_SEPARATOR, Message("separation engine"), flag="--engine", choices=SEPARATORS,
        help=f"How to separate: {', '.join(SEPARATORS)}.",
    )  # fmt: skip
    workers: int = option(
        0, Message("number of workers"), flag="--workers", help="How many at once; 0 for every core, or every GPU."
    )
    cluster: str = option(
        "", Message("cluster"), flag="--cluster",
        help="Spread it over a Ray cluster: its address, or “auto” for the one of this machine.",
    )  # fmt: skip
    force: bool = option(
        False, Message("again"), flag="--force,--again", help="Also what is done already; overwrite what is there."
    )
    format_name: str = format_option()


@with_options(BatchOptions)
def batch(
    task: Annotated[TaskName, typer.Argument(help="What to do with each file.")],
    inputs: Annotated[
        list[Path], typer.Argument(help="Files, folders, or lists: .txt with a path a line, .csv with a column source.")
    ],
    options: BatchOptions,
    voice_name: Annotated[str, typer.Option("--voice", "-v", help="For convert and cover.")] = "",
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Each file gets a folder in it.")] = Path("batch"),
) -> None:
    """Separate, convert or cover many files. What is done is left alone, and one that fails stops no other."""
    with show_errors():
        refuse_output_file(out_folder)
        work, items = _choose_work(task, voice_name, options), list_items(inputs, out_folder)
        executor = _make_executor(options)
        with show_progress("Models") as progress:  # once, instead of in each worker
            work.prepare(progress)
    journal = ResultJournal(out_folder, [task, work])
    done = failed = 0
    with show_errors(), show_progress(task) as progress:
        for count, outcome in enumerate(run_batch(items, work, journal, executor, again=options.force), start=1):
            progress(count / len(items), f"{count} / {len(items)}")
            is_done = _print_outcome(outcome)
            done, failed = done + is_done, failed + (not is_done)
    err.print(f"{done} of {done + failed} are done.")
    if failed:
        raise typer.Exit(1)


def _make_executor(options: BatchOptions) -> Executor:
    if options.cluster:
        return make_ray_executor(options.cluster, options.workers)
    return make_local_executor(list_devices(options.workers))


def _choose_work(task: TaskName, voice_name: str, options: BatchOptions) -> SeparateFile | ConvertFile | CoverFile:
    if options.clean_up != "none" and task != "convert":
        raise UserError("--clean-up is for convert alone.")
    if task == "separate":
        return SeparateFile(SeparationOptions(engine=options.engine, format_name=options.format_name))
    if not voice_name:
        raise UserError("Name a voice to {task} with: --voice NAME. `vc voices list` shows them.", task=task)
    voice = open_library().find(voice_name)
    if task == "convert":
        return ConvertFile(voice, format_name=options.format_name, clean_up=options.clean_up)
    return CoverFile(voice, CoverOptions(separator=options.engine, format_name=options.format_name))


def _print_outcome(outcome: Outcome) -> bool:
    """Returns whether the item is done."""
    item: Item = outcome.item
    if outcome.error:
        show_failure(item.source, outcome.error)
        return False
    if not outcome.was_done or get_report():
        for path in outcome.files:
            print_file(path, source=str(item.source), was_done=outcome.was_done)
    return True
