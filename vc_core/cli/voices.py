"""`vc voices …` and `vc verify`: the library of voices, and where a sound came from."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from vc_core import watermark
from vc_core.cli.console import bar, err, out, sentences
from vc_core.conversion import STARTER_VOICES
from vc_core.errors import UserError
from vc_core.hub import parse_checkpoint
from vc_core.provenance import read_origin
from vc_core.reading import open_audio, read_audio
from vc_core.voice_sharing import export_zip, import_from_hub, import_zip, publish
from vc_core.voices import VoiceLibrary, voices_home
from vc_core.voices import verify as verify_voice

voices_app = typer.Typer(no_args_is_help=True, help="The library of voices.")


def verify(file: Annotated[Path, typer.Argument(help="A sound file.")]) -> None:
    """Tell whether a file says that it is AI-generated, and by what. Exit code 3 if it does not."""
    with sentences():
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
    table = Table("Name", "Engine", "Pitch range", "Licence", "Whose voice")
    for voice in library().list():
        reach = voice.card.pitch_range_hz
        hertz = f"{reach[0]:.0f}–{reach[1]:.0f} Hz" if reach else "–"
        table.add_row(*map(escape, (voice.name, voice.card.engine, hertz, voice.card.licence, voice.card.consent)))
    out.print(table)


@voices_app.command("add")
def add_voice(
    source: Annotated[str, typer.Argument(help="A zip file, or a voice on the Hub: owner/name or its link.")],
    name: Annotated[str, typer.Option(help="Another name for it.")] = "",
) -> None:
    """Add a voice to the library."""
    with sentences(), bar("Adding") as progress:
        checkpoint = parse_checkpoint(source, allow_local=True)
        if checkpoint.local is not None:
            voice = import_zip(library(), checkpoint.local, name=name)
        else:
            voice = import_from_hub(library(), checkpoint, name=name, progress=progress)
    out.print(f"“{escape(voice.name)}” has been added.")


@voices_app.command("verify")
def check_voice(name: str) -> None:
    """Compare a voice's files with the hashes in its card."""
    with sentences():
        if faults := verify_voice(library().find(name)):
            raise UserError(f"“{name}” should not be used: {' Also: '.join(faults)}")
    out.print(f"“{escape(name)}” is sound.")


@voices_app.command("export")
def export_voice(name: str, archive: Path) -> None:
    """Pack a voice into a zip file."""
    with sentences():
        export_zip(library().find(name), archive)
    out.print(str(archive), highlight=False, soft_wrap=True)


@voices_app.command("delete")
def delete_voice(name: str, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Delete a voice for good."""
    with sentences():
        voice = library().find(name)
        if not yes:
            typer.confirm(f"Delete “{voice.name}” for good?", abort=True)
        library().delete(name)
    out.print(f"“{escape(name)}” has been deleted.")


@voices_app.command("publish")
def publish_voice(
    name: str,
    repo: Annotated[str, typer.Argument(help="your-name/name-of-the-voice")],
    token: Annotated[str, typer.Option(envvar="HF_TOKEN", help="A token with write permission.")] = "",
    public: Annotated[bool, typer.Option(help="Let everybody see it.")] = False,
) -> None:
    """Put a voice on the Hugging Face Hub, with a card that says whose voice it is."""
    with sentences(), bar("Publishing") as progress:
        voice, target = library().find(name), parse_checkpoint(repo).repo
        address = publish(voice, target, token=token, private=not public, progress=progress)
    out.print(address, highlight=False, soft_wrap=True)


def library() -> VoiceLibrary:
    """One's own voices, and those that come with the app."""
    return VoiceLibrary(voices_home(), shipped=[STARTER_VOICES])
