"""`vc separate`: many songs into their stems."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vc_core.cli.console import bar, check_choice, err, out, sentences
from vc_core.device import choose_device
from vc_core.errors import UserError
from vc_core.reading import open_audio
from vc_core.separation import (
    DEFAULT_SEPARATOR,
    SEPARATORS,
    Separator,
    SeparatorOptions,
    load_separator,
    prepare_separator,
)
from vc_core.separation.spleeter_sources import install_weights
from vc_core.writing import DEFAULT_FORMAT, FORMATS

LISTED_ENGINES = ", ".join(SEPARATORS)


def separate(
    songs: Annotated[list[Path] | None, typer.Argument(help="One song or more.")] = None,
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Each song gets a folder in it.")] = Path("separated"),
    engine: Annotated[str, typer.Option(help=f"How: {LISTED_ENGINES}.")] = DEFAULT_SEPARATOR,
    stems: Annotated[int, typer.Option(help="Into how many parts: 2, 4 or 5; not every engine has all.")] = 2,
    treble: Annotated[bool, typer.Option(help="Let Spleeter separate up to 16 kHz instead of 11 kHz.")] = False,
    sum_to_song: Annotated[
        bool, typer.Option(help="Give the last stem what no stem claims, so that together they are the song.")
    ] = True,
    format_name: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = DEFAULT_FORMAT,
    again: Annotated[bool, typer.Option(help="Also songs whose stems are there already.")] = False,
    convert: Annotated[
        str, typer.Option(metavar="SOURCE", help="First take Spleeter's weights from a folder, or a repo on the Hub.")
    ] = "",
) -> None:
    """Separate songs into vocals and accompaniment, or more parts. One that fails does not stop the others."""
    with sentences():
        if convert:
            _convert(convert, stems)
        if not songs:
            if convert:
                return
            raise UserError("Name a song, or more than one.")
        check_choice("format", format_name, FORMATS)
        separator = _loaded(engine, SeparatorOptions(stems, treble))
    failed = 0
    for song in songs:
        folder = out_folder / song.stem
        if not again and _is_done(separator, song, folder, format_name):
            err.print(f"{escape(song.name)}: its stems are there already.")
            continue
        try:
            _separate_one(separator, song, folder, format_name, sum_to_song)
        except UserError as error:
            failed += 1
            err.print(f"[red]{escape(song.name)}: {escape(str(error))}[/]")
    if failed:
        raise typer.Exit(1)


def _convert(source: str, stems: int) -> None:
    with bar("Weights") as progress:
        path = install_weights(stems, source, progress=progress)
    out.print(str(path), highlight=False, soft_wrap=True)


def _loaded(engine: str, options: SeparatorOptions) -> Separator:
    with bar("Loading") as progress:
        prepare_separator(engine, options, progress=progress)
        return load_separator(engine, choose_device(), options)


def _is_done(separator: Separator, song: Path, folder: Path, format_name: str) -> bool:
    """Whether all stems are there, and not older than the song."""
    paths = separator.paths(folder, format_name).values()
    return song.is_file() and all(path.is_file() and path.stat().st_mtime >= song.stat().st_mtime for path in paths)


def _separate_one(separator: Separator, song: Path, folder: Path, format_name: str, sums_to_song: bool) -> None:
    with bar(song.name) as progress:
        stems = separator.separate_file(
            open_audio(song), folder, format_name=format_name, sums_to_song=sums_to_song, progress=progress
        )
    for stem in stems.values():
        out.print(str(stem.path), highlight=False, soft_wrap=True)
        for note in stem.notes:
            err.print(f"[yellow]{escape(note)}[/]")
