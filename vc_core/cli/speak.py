"""`vc speak`: a text in any voice."""

from pathlib import Path
from typing import Annotated

import typer

from vc_core.cli.console import bar, check_choice, sentences
from vc_core.cli.convert import tell
from vc_core.cli.voices import library
from vc_core.conversion import ConversionOptions
from vc_core.recipes.singing import Part, speak_as
from vc_core.speaking import FASTEST, GUESS, LANGUAGES, SLOWEST, USUAL_SPEED, Line
from vc_core.writing import DEFAULT_FORMAT, FORMATS


def speak(
    text: Annotated[str, typer.Argument(help="What is to be said.")],
    voice: Annotated[str, typer.Option("--voice", "-v", help="A name from `vc voices list`.")],
    language: Annotated[str, typer.Option("--language", "-l", help=f"{GUESS}, {', '.join(LANGUAGES)}.")] = GUESS,
    speed: Annotated[float, typer.Option(help=f"Words per minute, {SLOWEST} to {FASTEST}.")] = USUAL_SPEED,
    key: Annotated[float, typer.Option(help="Semitones from the voice's own pitch.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the noise in the voice.")] = 0,
    format_name: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = DEFAULT_FORMAT,
    out_file: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; its ending follows the format.")
    ] = None,
) -> None:
    """Say a text in a voice."""
    with sentences():
        check_choice("format", format_name, FORMATS)
        options = ConversionOptions(key_shift_semitones=key, automatic_key="semitones", seed=seed)
        part = Part(library().find(voice), options, format_name)
        target = (out_file or Path("spoken")).with_suffix(part.suffix)
        with bar("Speaking") as progress:
            done = speak_as(Line(text, language, speed), target, part, progress=progress)
    tell(done)
