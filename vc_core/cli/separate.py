"""`vc separate` and `vc mix`: separate songs into stems, and mix stems to one file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vc_core.cli.console import print_file, show_errors, show_progress
from vc_core.cli.options import with_options
from vc_core.cli.presets import with_preset
from vc_core.cli.scripting.output_file import choose_output_file
from vc_core.cli.scripting.results import PreviewOptions, ResultFile, ResultFolder
from vc_core.errors import UserError
from vc_core.files.results import check_apart, check_free
from vc_core.files.writing import DEFAULT_FORMAT, FORMATS
from vc_core.progress import Progress
from vc_core.recipes.mix_stems import HIGHEST_DB, LOWEST_DB, MixTask, pair_levels
from vc_core.recipes.separate import SeparationOptions, SeparationTask
from vc_core.recipes.task import perform
from vc_core.separation import roformer
from vc_core.separation.spleeter.sources import install_weights


@with_preset("separate_vocals")
@with_options(PreviewOptions, into="results")
@with_options(SeparationOptions)
def separate(
    songs: Annotated[list[Path] | None, typer.Argument(help="One song or more.")] = None,
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Each song gets a folder in it; or one file.")] = Path(
        "separated"
    ),
    stem: Annotated[str, typer.Option(help="Which of them a file named by --out gets; the first if none.")] = "",
    options: SeparationOptions = SeparationOptions(),
    results: PreviewOptions = PreviewOptions(),
    convert: Annotated[
        str, typer.Option(metavar="SOURCE", help="First take Spleeter's weights from a folder, or a repo on the Hub.")
    ] = "",
) -> None:
    """Separate songs into vocals and accompaniment, or more parts. One that fails does not stop the others."""
    with show_errors():
        if convert:
            with show_progress("Weights") as progress:
                print_file(install_weights(options.stems, convert, progress=progress))
            if not songs:
                return
        if not songs:
            raise UserError("Name a song, or more than one.")
        single = choose_output_file(out_folder, songs, options.format_name, stem)
        options = replace(options, format_name=single.format_name) if single else options
        with show_progress("Models") as progress:
            options = _install_local_model(options, progress)
            SeparationTask(songs[0], out_folder, options).prepare(progress)

    def separate_one(song: Path, folder: Path) -> list[ResultFile]:
        with show_progress(song.name) as progress:
            stems = SeparationTask(song, folder, options, results.start).run(progress)
        return [ResultFile(saved.path, saved.notes, {"stem": name}) for name, saved in stems.items()]

    made = ResultFolder(out_folder, ["separate", options, results.start], results.force, single)
    made.make_each(songs, results.suffix, separate_one)


def _install_local_model(options: SeparationOptions, progress: Progress) -> SeparationOptions:
    """A model that is a file or a folder is installed first, and goes by its name from then on."""
    if options.engine != roformer.ENGINE.name or not options.model or not Path(options.model).expanduser().exists():
        return options
    return replace(options, model=roformer.install_local(options.model, progress=progress))


def mix(
    stems: Annotated[list[Path], typer.Argument(help="Stems of one song.")],
    level: Annotated[
        list[float] | None,
        typer.Option("--level", "-l", help=f"In dB, {LOWEST_DB:g} to {HIGHEST_DB:g}, once for each stem in order."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; or a folder.")] = Path(),
    force: Annotated[bool, typer.Option(help="Overwrite the file if it exists.")] = False,
) -> None:
    """Mix stems to one file, each at its level. A stem that is not named is not in the mix."""
    with show_errors(), show_progress("Mixing") as progress:
        single = choose_output_file(out, stems[:1], DEFAULT_FORMAT)
        target = out if single else out / f"mix{FORMATS[DEFAULT_FORMAT].suffix}"
        for stem in stems:
            check_apart(stem, target)
        check_free(target, force=force)
        task = MixTask(pair_levels(stems, level or []), target, single.format_name if single else DEFAULT_FORMAT)
        print_file(target, perform(task, progress).notes)
