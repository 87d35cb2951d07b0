"""`vc convert`: songs in another voice, each with its report card."""

from pathlib import Path
from typing import Annotated, cast

import typer
from rich.markup import escape
from rich.table import Table

from vc_core.cli.console import bar, check_choice, err, out, sentences
from vc_core.cli.voices import library
from vc_core.conversion import AUTOMATIC_KEYS, ConversionOptions
from vc_core.conversion.base import AutomaticKey
from vc_core.conversion.so_vits_options import TUNABLE, tuned
from vc_core.errors import UserError
from vc_core.pitch import METHODS
from vc_core.reading import open_audio
from vc_core.recipes.singing import Part, Performance, convert_singer
from vc_core.report_card import MEASURES
from vc_core.writing import DEFAULT_FORMAT, FORMATS

USUAL = ConversionOptions()


def convert(
    songs: Annotated[list[Path], typer.Argument(help="Recordings of a voice, without music.")],
    voice: Annotated[str, typer.Option("--voice", "-v", help="A name from `vc voices list`.")],
    key: Annotated[float, typer.Option(help="Semitones up or down.")] = USUAL.key_shift_semitones,
    auto_key: Annotated[str, typer.Option(help=f"{', '.join(AUTOMATIC_KEYS)}.")] = USUAL.automatic_key,
    formant: Annotated[
        float, typer.Option(help="Semitones: down for a larger throat.")
    ] = USUAL.formant_shift_semitones,
    breath: Annotated[float, typer.Option(help="More or less breath, in dB.")] = USUAL.breath_db,
    seed: Annotated[int, typer.Option(help="The same number gives the same sound.")] = USUAL.seed,
    pitch: Annotated[str, typer.Option(help=f"How pitch is found: {', '.join(METHODS)}.")] = USUAL.pitch_method,
    so_vits: Annotated[
        list[str] | None, typer.Option(help=f"Of so-vits voices, as name=value: {', '.join(TUNABLE)}.")
    ] = None,
    format_name: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = DEFAULT_FORMAT,
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Where the results go.")] = Path("converted"),
) -> None:
    """Let another voice sing it. A recording that fails does not stop the others."""
    with sentences():
        check_choice("format", format_name, FORMATS)
        mode = cast(AutomaticKey, auto_key)  # which the options themselves check
        options = ConversionOptions(key, mode, formant, breath, seed, pitch, tuned(so_vits or ()))
        part = Part(library().find(voice), options, format_name)
    failed = 0
    for song in songs:
        target = out_folder / f"{song.stem} - {part.voice.folder.name}{part.suffix}"
        try:
            with bar(song.name) as progress:
                done = convert_singer(open_audio(song), target, part, progress=progress)
        except UserError as error:
            failed += 1
            err.print(f"[red]{escape(song.name)}: {escape(str(error))}[/]")
            continue
        tell(done)
    if failed:
        raise typer.Exit(1)


def tell(done: Performance) -> None:
    """The path to read on, and the card and the notes beside it."""
    out.print(str(done.converted.path), highlight=False, soft_wrap=True)
    table = Table("Report card", "", "Good is")
    for name, measure in MEASURES.items():
        value = getattr(done.card, name)
        colour = "green" if measure.is_good(value) else "yellow"
        table.add_row(measure.label, f"[{colour}]{measure.text(value)}[/]", measure.good)
    err.print(table)
    err.print(f"Shifted by {done.converted.shift_semitones:+.3g} semitones.")
    for note in done.converted.notes:
        err.print(f"[yellow]{escape(note)}[/]")
