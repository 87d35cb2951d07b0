"""`vc emotion`: give recordings of a voice an emotion."""

from pathlib import Path
from typing import Annotated

import typer

from vc_core.cli.console import print_file, show_progress
from vc_core.cli.options import with_options
from vc_core.cli.results import ResultFolder, ResultOptions
from vc_core.recipes.emotion import EmotionOptions, EmotionTask, name_styled
from vc_core.recipes.task import perform


@with_options(ResultOptions, into="results")
@with_options(EmotionOptions, required=["emotion"])
def emotion(
    voices: Annotated[list[Path], typer.Argument(help="Recordings of a voice, without music.")],
    options: EmotionOptions,
    results: ResultOptions,
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Where the results go.")] = Path("emotion"),
) -> None:
    """Let a voice sound happy, sad, angry … as much as you like. A recording that fails does not stop the others."""

    name = name_styled(options, options.intensity)

    def style_one(voice: Path, target: Path) -> list[Path]:
        with show_progress(voice.name) as progress:
            task = EmotionTask(voice, out_folder, options, prefix=target.name.removesuffix(name))
            (styled,) = perform(task, progress)
        print_file(styled.path, styled.notes)
        return [styled.path]

    ResultFolder(out_folder, ["emotion", options], results.force).make_each(voices, f"-{name}", style_one)
