"""`vc speak`: text to speech in a voice."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vc_core.cli.console import show_errors, show_progress
from vc_core.cli.convert import describe_result
from vc_core.cli.options import with_options
from vc_core.cli.scripting.output_file import choose_output_file
from vc_core.cli.voices import open_library
from vc_core.conversion import ConversionOptions
from vc_core.errors import Message
from vc_core.files.results import check_free, choose_free_path
from vc_core.files.writing import FORMATS, format_option
from vc_core.options import check_options, option
from vc_core.recipes.speak import SpeechTask
from vc_core.recipes.task import perform
from vc_core.speech.synthesis import (
    DEFAULT_WORDS_PER_MINUTE,
    GUESS,
    LANGUAGES,
    MAX_WORDS_PER_MINUTE,
    MIN_WORDS_PER_MINUTE,
    SpeechRequest,
)

HELP = {"key_shift_semitones": "Semitones from the voice's own pitch.", "seed": "Of the noise in the voice."}


@dataclass(frozen=True, kw_only=True)
class SpeechOptions:
    language: str = option(GUESS, Message("language"), flag="--language,-l", help=f"{GUESS}, {', '.join(LANGUAGES)}.")
    words_per_minute: float = option(
        float(DEFAULT_WORDS_PER_MINUTE), Message("speed"), flag="--speed",
        help=f"Words per minute, {MIN_WORDS_PER_MINUTE} to {MAX_WORDS_PER_MINUTE}.",
    )  # fmt: skip
    format_name: str = format_option()

    def __post_init__(self) -> None:
        check_options(self)


@with_options(ConversionOptions, only=list(HELP), help=HELP, automatic_key="semitones")
@with_options(SpeechOptions, into="speech")
def speak(
    text: Annotated[str, typer.Argument(help="What is to be said.")],
    voice: Annotated[str, typer.Option("--voice", "-v", help="A name from `vc voices list`.")],
    speech: SpeechOptions,
    options: ConversionOptions,
    out_file: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; its ending is the format.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Overwrite the file if it exists.")] = False,
) -> None:
    """Say a text in a voice."""
    with show_errors():
        single = choose_output_file(out_file, [text], speech.format_name) if out_file else None
        format_name = single.format_name if single else speech.format_name
        target = (out_file or Path("spoken")).with_suffix(FORMATS[format_name].suffix)
        if out_file:
            check_free(target, force=force)
        elif not force:
            target = choose_free_path(target)
        request = SpeechRequest(text, speech.language, speech.words_per_minute)
        with show_progress("Speaking") as progress:
            task = SpeechTask(request, target, open_library().find(voice), options, format_name)
            made = perform(task, progress)
    describe_result(made).show()
