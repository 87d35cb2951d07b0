"""The same tasks from a shell: `vc separate`, `vc voices`, `vc verify`."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from vc_core import __version__, watermark
from vc_core.device import choose_device
from vc_core.errors import UserError
from vc_core.hub import parse_checkpoint
from vc_core.progress import Progress
from vc_core.provenance import read_origin
from vc_core.reading import open_audio, read_audio
from vc_core.separation import DEFAULT_SEPARATOR, SEPARATORS, load_separator
from vc_core.voice_sharing import export_zip, import_from_hub, import_zip, publish
from vc_core.voices import VoiceLibrary, voices_home
from vc_core.voices import verify as verify_voice
from vc_core.writing import DEFAULT_FORMAT, FORMATS

app = typer.Typer(no_args_is_help=True, help="Voice Studio from the shell.", pretty_exceptions_enable=False)
voices_app = typer.Typer(no_args_is_help=True, help="The library of voices.")
app.add_typer(voices_app, name="voices")

out, err = Console(), Console(stderr=True)

OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Where the results go, a folder for each song.")]


@app.command()
def separate(
    songs: Annotated[list[Path], typer.Argument(help="One song or more.")],
    out_folder: OutFolder = Path("separated"),
    engine: Annotated[str, typer.Option(help=f"How: {', '.join(SEPARATORS)}.")] = DEFAULT_SEPARATOR,
    format_name: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = DEFAULT_FORMAT,
) -> None:
    """Separate songs into vocals and accompaniment. A song that fails does not stop the others."""
    with _sentences():
        _check_choice("format", format_name, FORMATS)
        separator = load_separator(engine, choose_device())
    failed = 0
    for song in songs:
        try:
            with _bar(song.name) as progress:
                stems = separator.separate_file(
                    open_audio(song), out_folder / song.stem, format_name=format_name, progress=progress
                )
        except UserError as error:
            failed += 1
            err.print(f"[red]{escape(song.name)}: {escape(str(error))}[/]")
            continue
        for stem in stems.values():
            out.print(str(stem.path), highlight=False, soft_wrap=True)
            for note in stem.notes:
                err.print(f"[yellow]{escape(note)}[/]")
    if failed:
        raise typer.Exit(1)


@app.command()
def verify(file: Annotated[Path, typer.Argument(help="A sound file.")]) -> None:
    """Tell whether a file says that it is AI-generated, and by what. Exit code 3 if it does not."""
    with _sentences():
        open_audio(file)
        origin = read_origin(file)
        sure = watermark.confidence(read_audio(file)) if watermark.is_installed() else 0.0
    if sure >= watermark.MARKED:
        err.print(
            f"A watermark seems to be in the sound ({sure:.0%} sure). Alone it is no proof: held tones mislead it."
        )
    if origin.provenance is None:
        out.print("No mark of Voice Studio: made elsewhere, or the mark was removed.")
        raise typer.Exit(3)
    table = Table(show_header=False)
    for key, value in vars(origin.provenance).items():
        table.add_row(key.replace("_", " "), escape(str(value)))
    if origin.unchanged is not None:
        table.add_row("sound", "unchanged since it was written" if origin.unchanged else "CHANGED since it was written")
    out.print(table)


@voices_app.command("list")
def list_voices() -> None:
    """Show the voices of the library."""
    voices = _library().list()
    table = Table("Name", "Engine", "Pitch range", "Licence", "Whose voice")
    for voice in voices:
        reach = voice.card.pitch_range_hz
        hertz = f"{reach[0]:.0f}–{reach[1]:.0f} Hz" if reach else "–"
        table.add_row(*map(escape, (voice.name, voice.card.engine, hertz, voice.card.licence, voice.card.consent)))
    out.print(table if voices else "No voices yet. Add one with `vc voices add`.")


@voices_app.command("add")
def add_voice(
    source: Annotated[str, typer.Argument(help="A zip file, or a voice on the Hub: owner/name or its link.")],
    name: Annotated[str, typer.Option(help="Another name for it.")] = "",
) -> None:
    """Add a voice to the library."""
    with _sentences(), _bar("Adding") as progress:
        checkpoint = parse_checkpoint(source, allow_local=True)
        if checkpoint.local is not None:
            voice = import_zip(_library(), checkpoint.local, name=name)
        else:
            voice = import_from_hub(_library(), checkpoint, name=name, progress=progress)
    out.print(f"“{escape(voice.name)}” has been added.")


@voices_app.command("verify")
def check_voice(name: str) -> None:
    """Compare a voice's files with the hashes in its card."""
    with _sentences():
        if faults := verify_voice(_library().find(name)):
            raise UserError(f"“{name}” should not be used: {' Also: '.join(faults)}")
    out.print(f"“{escape(name)}” is sound.")


@voices_app.command("export")
def export_voice(name: str, archive: Path) -> None:
    """Pack a voice into a zip file."""
    with _sentences():
        export_zip(_library().find(name), archive)
    out.print(str(archive), highlight=False, soft_wrap=True)


@voices_app.command("delete")
def delete_voice(name: str, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Delete a voice for good."""
    with _sentences():
        voice = _library().find(name)
        if not yes:
            typer.confirm(f"Delete “{voice.name}” for good?", abort=True)
        _library().delete(name)
    out.print(f"“{escape(name)}” has been deleted.")


@voices_app.command("publish")
def publish_voice(
    name: str,
    repo: Annotated[str, typer.Argument(help="your-name/name-of-the-voice")],
    token: Annotated[str, typer.Option(envvar="HF_TOKEN", help="A token with write permission.")] = "",
    public: Annotated[bool, typer.Option(help="Let everybody see it.")] = False,
) -> None:
    """Put a voice on the Hugging Face Hub, with a card that says whose voice it is."""
    with _sentences(), _bar("Publishing") as progress:
        voice, target = _library().find(name), parse_checkpoint(repo).repo
        address = publish(voice, target, token=token, private=not public, progress=progress)
    out.print(address, highlight=False, soft_wrap=True)


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    logging.basicConfig(level=logging.WARNING)
    if version:
        out.print(__version__)
        raise typer.Exit


def _library() -> VoiceLibrary:
    return VoiceLibrary(voices_home())


def _check_choice(what: str, chosen: str, known: Mapping[str, object]) -> None:
    if chosen not in known:
        raise UserError(f"There is no {what} called “{chosen}”. There are: {', '.join(known)}.")


@contextmanager
def _sentences() -> Iterator[None]:
    """A `UserError` ends the command with its sentence and exit code 1."""
    try:
        yield
    except UserError as error:
        err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from error


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[message]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=err, transient=True) as bars:
        task = bars.add_task(escape(title), total=1.0, message="")

        def report(fraction: float, message: str) -> None:
            bars.update(task, completed=fraction, message=escape(message))

        yield report


def main() -> None:
    app()


if __name__ == "__main__":
    main()
