"""`vc emotion`: give recordings of a voice an emotion."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vc_core.cli.console import show_errors, show_progress
from vc_core.cli.options import with_options
from vc_core.cli.presets import with_preset
from vc_core.cli.scripting.output_file import choose_output_file
from vc_core.cli.scripting.results import ResultFile, ResultFolder, ResultOptions
from vc_core.recipes.emotion import EmotionOptions, EmotionTask, name_styled
from vc_core.recipes.task import perform


@with_preset("add_emotion")
@with_options(ResultOptions, into="results")
@with_options(EmotionOptions, required=["emotion"])
def emotion(
    voices: Annotated[list[Path], typer.Argument(help="Recordings of a voice, without music.")],
    options: EmotionOptions,
    results: ResultOptions,
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="A folder for the results; or one file.")] = Path(
        "emotion"
    ),
) -> None:
    """Let a voice sound happy, sad, angry … as much as you like. A recording that fails does not stop the others."""

    with show_errors():
        single = choose_output_file(out_folder, voices, options.format_name)
    options = replace(options, format_name=single.format_name) if single else options
    name = name_styled(options, options.intensity)

    def style_one(voice: Path, target: Path) -> list[ResultFile]:
        with show_progress(voice.name) as progress:
            task = EmotionTask(voice, target.parent, options, prefix=target.name.removesuffix(name))
            (styled,) = perform(task, progress)
        return [ResultFile(styled.path, styled.notes, {"source_emotion": styled.source})]

    made = ResultFolder(out_folder, ["emotion", options], results.force, single)
    made.make_each(voices, f"-{name}", style_one)
