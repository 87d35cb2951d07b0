"""`vc slice`: cut long recordings into slices for training."""

from pathlib import Path
from typing import Annotated

import typer

from vc_core.audio import format_clock
from vc_core.cli.console import err, show_errors, show_progress
from vc_core.cli.options import with_options
from vc_core.cli.scripting.output_file import refuse_output_file
from vc_core.cli.scripting.results import ResultFile, ResultFolder, ResultOptions
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

    with show_errors():
        refuse_output_file(out_folder)

    def slice_one(recording: Path, target: Path) -> list[ResultFile]:
        with show_progress(recording.name) as progress:
            made = perform(SlicingTask([recording], out_folder, options), progress)
        err.print(f"{len(made.files)} slices, {format_clock(made.seconds)} in all.")
        first, *others = made.files
        return [ResultFile(first, made.notes), *map(ResultFile, others)]

    ResultFolder(out_folder, ["slice", options], results.force).make_each(recordings, "", slice_one, deletes_old=True)
