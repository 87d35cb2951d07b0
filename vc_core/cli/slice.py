"""`vc slice`: cut long recordings into slices for training."""

from pathlib import Path
from typing import Annotated

import typer

from vc_core.audio import format_clock
from vc_core.cli.console import err, print_file, show_progress
from vc_core.cli.options import with_options
from vc_core.cli.results import ResultFolder, ResultOptions
from vc_core.recipes.slice import SlicingOptions, SlicingTask
from vc_core.recipes.task import perform


@with_options(ResultOptions, into="results")
@with_options(SlicingOptions)
def slice_recordings(
    recordings: Annotated[list[Path], typer.Argument(help="Sound files, folders, or zip files of them.")],
    options: SlicingOptions,
    results: ResultOptions,
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Where the slices go.")] = Path("slices"),
) -> None:
    """Cut long recordings at silences into slices of 10 to 15 seconds, to train on. The recordings do not change."""

    def slice_one(recording: Path, target: Path) -> tuple[Path, ...]:
        with show_progress(recording.name) as progress:
            made = perform(SlicingTask([recording], out_folder, options), progress)
        for path in made.files:
            print_file(path)
        for note in made.notes:
            err.print(note, style="yellow", markup=False)
        err.print(f"{len(made.files)} slices, {format_clock(made.seconds)} in all.")
        return made.files

    ResultFolder(out_folder, ["slice", options], results.force).make_each(recordings, "", slice_one, deletes_old=True)
