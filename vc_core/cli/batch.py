"""`vc batch`: one task over many files, on all cores or GPUs."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from vc_core.batch import Item, Journal, Outcome, devices_for, items_of, on_this_machine, run_batch
from vc_core.cli.console import bar, check_choice, err, out, sentences
from vc_core.conversion import STARTER_VOICES
from vc_core.errors import UserError
from vc_core.ray_cluster import on_cluster
from vc_core.recipes import COVER_SEPARATOR, CoverOptions
from vc_core.recipes.batch import Converting, Covering, Separating
from vc_core.separation import SEPARATORS
from vc_core.voices import Voice, VoiceLibrary, voices_home
from vc_core.writing import DEFAULT_FORMAT, FORMATS

Task = Literal["separate", "convert", "cover"]


def batch(
    task: Annotated[Task, typer.Argument(help="What to do with each file.")],
    inputs: Annotated[
        list[Path], typer.Argument(help="Files, folders, or lists: .txt with a path a line, .csv with a column source.")
    ],
    voice_name: Annotated[str, typer.Option("--voice", "-v", help="For convert and cover.")] = "",
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Each file gets a folder in it.")] = Path("batch"),
    engine: Annotated[str, typer.Option(help=f"How to separate: {', '.join(SEPARATORS)}.")] = COVER_SEPARATOR,
    workers: Annotated[int, typer.Option(help="How many at once; 0 for every core, or every GPU.")] = 0,
    cluster: Annotated[
        str, typer.Option(help="Spread it over a Ray cluster: its address, or “auto” for the one of this machine.")
    ] = "",
    again: Annotated[bool, typer.Option(help="Also what is done already.")] = False,
    format_name: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = DEFAULT_FORMAT,
) -> None:
    """Separate, convert or cover many files. What is done is left alone, and one that fails stops no other."""
    with sentences():
        check_choice("format", format_name, FORMATS)
        check_choice("engine", engine, SEPARATORS)
        work = _work(task, voice_name, engine, format_name)
        items = items_of(inputs, out_folder)
        crew = on_cluster(cluster, workers) if cluster else on_this_machine(devices_for(workers))
        with bar("Models") as progress:  # once, and not by each worker
            work.prepare(progress)
    journal = Journal(out_folder, [task, work])
    failed = 0
    with sentences(), bar(task) as progress:
        for count, outcome in enumerate(run_batch(items, work, journal, crew, again=again), start=1):
            progress(count / len(items), f"{count} / {len(items)}")
            failed += not _told(outcome)
    err.print(f"{len(items) - failed} of {len(items)} are done.")
    if failed:
        raise typer.Exit(1)


def _work(task: Task, voice_name: str, engine: str, format_name: str) -> Separating | Converting | Covering:
    if task == "separate":
        return Separating(engine, format_name=format_name)
    if not voice_name:
        raise UserError(f"Name a voice to {task} with: --voice NAME. `vc voices list` shows them.")
    voice: Voice = VoiceLibrary(voices_home(), shipped=[STARTER_VOICES]).find(voice_name)
    if task == "convert":
        return Converting(voice, format_name=format_name)
    return Covering(voice, CoverOptions(engine, format_name=format_name))


def _told(outcome: Outcome) -> bool:
    item: Item = outcome.item
    if outcome.sentence:
        err.print(f"[red]{escape(item.source.name)}: {escape(outcome.sentence)}[/]")
        return False
    if not outcome.was_done:
        for path in outcome.files:
            out.print(str(path), highlight=False, soft_wrap=True)
    return True
