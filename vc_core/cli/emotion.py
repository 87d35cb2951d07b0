"""`vc emotion`: recordings of a voice, with an emotion."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vc_core.cli.console import bar, check_choice, err, out, sentences
from vc_core.device import choose_device
from vc_core.emotion import (
    DEFAULT_STYLER,
    EMOTIONS,
    GUESS,
    HIGHEST_INTENSITY,
    NEUTRAL,
    STYLERS,
    StyleOptions,
    load_styler,
)
from vc_core.errors import UserError
from vc_core.provenance import Provenance
from vc_core.reading import Limits, read_audio
from vc_core.writing import DEFAULT_FORMAT, FORMATS, write_audio

LIMITS = Limits(hours=0.5)


def emotion(
    voices: Annotated[list[Path], typer.Argument(help="Recordings of a voice, without music.")],
    wanted: Annotated[str, typer.Option("--emotion", "-e", help=f"{', '.join(EMOTIONS)}.")],
    intensity: Annotated[float, typer.Option("--intensity", "-i", help=f"0 to {HIGHEST_INTENSITY:g}.")] = 1.0,
    source: Annotated[str, typer.Option(help=f"The emotion that is in it now, or {GUESS}.")] = NEUTRAL,
    tempo: Annotated[bool, typer.Option(help="Let the emotion change the speed.")] = True,
    singing: Annotated[bool, typer.Option(help="Keep melody and beat.")] = False,
    method: Annotated[str, typer.Option(help=f"{', '.join(STYLERS)}.")] = DEFAULT_STYLER,
    format_name: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = DEFAULT_FORMAT,
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Where the results go.")] = Path("emotion"),
) -> None:
    """Let a voice sound happy, sad, angry … as much as you like. A recording that fails does not stop the others."""
    with sentences():
        check_choice("format", format_name, FORMATS)
        check_choice("emotion", wanted, dict.fromkeys(EMOTIONS))
        styler = load_styler(method, choose_device())
    options = StyleOptions(source, tempo, singing)
    settings: dict[str, str | float | bool | None] = {"emotion": wanted, "intensity": intensity, "source": source}
    origin = Provenance("emotion", "", method, settings)
    failed = 0
    for voice in voices:
        path = out_folder / f"{voice.stem}-{wanted}-{round(100 * intensity)}{FORMATS[format_name].suffix}"
        try:
            with bar(voice.name) as progress:
                styled = styler.style(read_audio(voice, LIMITS), wanted, intensity, options, progress=progress)
            notes = write_audio(path, styled, format_name=format_name, provenance=origin if intensity else None)
        except UserError as error:
            failed += 1
            err.print(f"[red]{escape(voice.name)}: {escape(str(error))}[/]")
            continue
        out.print(str(path), highlight=False, soft_wrap=True)
        for note in notes:
            err.print(f"[yellow]{escape(note)}[/]")
    if failed:
        raise typer.Exit(1)
