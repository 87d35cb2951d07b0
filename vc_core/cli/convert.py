"""`vc convert`: convert recordings to another voice, with a report card for each."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.table import Table

from vc_core.cli.console import show_errors, show_progress
from vc_core.cli.options import with_options
from vc_core.cli.presets import with_preset
from vc_core.cli.scripting.output_file import choose_output_file
from vc_core.cli.scripting.results import FileOptions, ResultFile, ResultFolder
from vc_core.cli.voices import open_library
from vc_core.conversion import CONVERTERS, ConversionOptions, read_own_options
from vc_core.conversion.report_card import MEASURES
from vc_core.errors import Message, UserError
from vc_core.options import option
from vc_core.recipes.clean_up import CleanUpOptions
from vc_core.recipes.convert import ConversionTask, ConvertedVoice, name_result
from vc_core.recipes.reference_voice import DEFAULT_LICENCE, ReferenceVoiceTask
from vc_core.recipes.task import perform
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import CONSENTS, Voice, VoiceLibrary, make_folder_name


@dataclass(frozen=True, kw_only=True)
class SingerOptions(CleanUpOptions):
    """A voice of the library, or a recording of one; and what is taken off the songs before."""

    voice: str = option("", Message("voice"), flag="--voice,-v", help="A name from `vc voices list`.")
    reference: str = option(
        "", Message("reference"), flag="--reference,-r",
        help="Instead, a recording of the voice, of 10 seconds or more. To keep it: `vc voices add-recording`.",
    )  # fmt: skip
    consent: str = option(
        "", Message("consent"), flag="--consent", help=f"Whose voice the recording has: {', '.join(CONSENTS)}."
    )

    @contextmanager
    def open(self) -> Iterator[Voice]:
        """The voice; that of a recording is deleted at the end."""
        if bool(self.voice) == bool(self.reference) or (self.reference and self.consent not in CONSENTS):
            raise UserError(
                "Name a voice with --voice; or a recording of one with --reference, and whose it is with --consent "
                "({choices}).",
                choices=", ".join(CONSENTS),
            )
        if self.voice:
            yield open_library().find(self.voice)
            return
        with tempfile.TemporaryDirectory() as folder:
            recording = Path(self.reference)
            facts = VoiceFacts(make_folder_name(recording.stem), self.consent, DEFAULT_LICENCE)
            with show_progress(recording.name) as progress:
                voice = perform(ReferenceVoiceTask(recording, facts, VoiceLibrary(Path(folder))), progress)
            yield voice


def describe_own_options() -> str:
    """For the help: the settings of each engine that has any."""
    names = {one.label: ", ".join(field.name for field in fields(one.own_options)) for one in CONVERTERS.values()}
    return " ".join(f"{label}: {listed}." for label, listed in names.items() if listed)


@with_preset("convert_singer", voice="voice")
@with_options(FileOptions, into="results")
@with_options(ConversionOptions)
@with_options(SingerOptions, into="singer")
def convert(
    songs: Annotated[list[Path], typer.Argument(help="Recordings of a voice, without music.")],
    singer: SingerOptions,
    options: ConversionOptions,
    results: FileOptions,
    settings: Annotated[
        list[str] | None, typer.Option("--setting", "--so-vits", help=f"As name=value. {describe_own_options()}")
    ] = None,
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="A folder for the results; or one file.")] = Path(
        "converted"
    ),
) -> None:
    """Let another voice sing it. A recording that fails does not stop the others."""
    with show_errors(), singer.open() as voice:
        single = choose_output_file(out_folder, songs, results.format_name)
        format_name = single.format_name if single else results.format_name
        options = replace(options, own=read_own_options(voice, settings or ()))

        def convert_one(song: Path, target: Path) -> list[ResultFile]:
            with show_progress(song.name) as progress:
                task = ConversionTask(song, target, voice, options, format_name, clean_up=singer.clean_up)
                made = perform(task, progress)
            return [describe_result(made)]

        # The folder of a recording's voice is another each time.
        request = [
            "convert",
            voice.card if singer.reference else voice,
            options,
            *([singer.clean_up] if singer.clean_up != "none" else []),
            format_name,
        ]
        made = ResultFolder(out_folder, request, results.force, single)
        made.make_each(songs, name_result("", voice, format_name), convert_one)


def describe_result(made: ConvertedVoice) -> ResultFile:
    """With its report card and notes."""
    converted = made.converted
    table = Table("Report card", "", "Good is")
    for name, measure in MEASURES.items():
        value = getattr(made.card, name)
        colour = "green" if measure.is_good(value) else "yellow"
        table.add_row(measure.label, f"[{colour}]{measure.text(value)}[/]", measure.good)
    explanation: list[RenderableType] = [table, f"Shifted by {converted.shift_semitones:+.3g} semitones."]
    facts = {"report_card": asdict(made.card), "shift_semitones": converted.shift_semitones}
    return ResultFile(converted.path, converted.notes, facts, explanation)
