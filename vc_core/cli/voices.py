"""`vc voices …` and `vc verify`: manage the voice library, and read the provenance of a file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from vc_core.checkpoints.hub import parse_checkpoint
from vc_core.cli.console import check_choice, print_file, show_errors, show_notes, show_progress, show_result
from vc_core.cli.options import with_options
from vc_core.cli.scripting.output_file import choose_output_file
from vc_core.cli.scripting.report import JsonTyper, get_report
from vc_core.conversion import STARTER_VOICES
from vc_core.conversion.importing import (
    ModelChoice,
    ModelContents,
    find_doubts,
    import_model,
    inspect_model,
    open_source,
)
from vc_core.errors import UserError
from vc_core.files import watermark
from vc_core.files.containers import sniff
from vc_core.files.provenance import read_origin
from vc_core.files.reading import open_audio, read_audio
from vc_core.files.results import check_free
from vc_core.files.writing import DEFAULT_FORMAT, FORMATS
from vc_core.progress import Progress, subprogress
from vc_core.recipes.reference_voice import DEFAULT_LICENCE, ReferenceVoiceTask
from vc_core.recipes.task import perform
from vc_core.recipes.voice_sample import VoiceSampleTask
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import CONSENTS, Voice, VoiceLibrary, find_faults, get_voices_folder, join_faults
from vc_core.voices.sharing import export_zip, import_from_hub, import_zip, publish

voices_app = JsonTyper(no_args_is_help=True, help="The library of voices.")


def verify(file: Annotated[Path, typer.Argument(help="A sound file.")]) -> None:
    """Tell whether a file says that it is AI-generated, and by what. Exit code 3 if it does not."""
    with show_errors():
        open_audio(file)
        origin = read_origin(file)
        confidence = watermark.detect_watermark(read_audio(file)) if watermark.is_installed() else 0.0
    if confidence >= watermark.DETECTION_THRESHOLD:
        found = f"A watermark seems to be in the sound ({confidence:.0%} sure)."
        show_notes(f"{found} Alone it is no proof: held tones mislead it.")
    if origin.provenance is None:
        show_result(
            "No mark of Voice Studio: made elsewhere, or the mark was removed.", file=str(file), provenance=None
        )
        raise typer.Exit(3)
    table = Table(show_header=False)
    for key, value in vars(origin.provenance).items():
        table.add_row(key.replace("_", " "), escape(str(value)))
    if origin.unchanged is not None:
        table.add_row("sound", "unchanged since it was written" if origin.unchanged else "CHANGED since it was written")
    show_result(table, file=str(file), provenance=vars(origin.provenance), unchanged=origin.unchanged)


@voices_app.command("list")
def list_voices() -> None:
    """Show the voices of the library."""
    table = Table("Name", "Engine", "Pitch range", "Licence", "Whose voice")
    for voice in open_library().list():
        hertz = voice.card.pitch_range_hz
        pitch_range = f"{hertz[0]:.0f}–{hertz[1]:.0f} Hz" if hertz else "–"
        table.add_row(
            *map(escape, (voice.name, voice.card.engine, pitch_range, voice.card.licence, voice.card.consent))
        )
        if get_report():
            show_result("", **describe_voice(voice))
    if not get_report():
        show_result(table)


def describe_voice(voice: Voice) -> dict[str, Any]:
    """For `--json`."""
    card = voice.card
    facts = {"engine": card.engine, "pitch_range_hz": card.pitch_range_hz, "sample_rate": card.sample_rate}
    return {"voice": voice.name, **facts, "licence": card.licence, "consent": card.consent}


@voices_app.command("add")
def add_voice(
    source: Annotated[str, typer.Argument(help="A zip file, or a voice on the Hub: owner/name or its link.")],
    name: Annotated[str, typer.Option(help="Another name for it.")] = "",
) -> None:
    """Add a voice to the library."""
    with show_errors(), show_progress("Adding") as progress:
        checkpoint = parse_checkpoint(source, allow_local=True)
        if checkpoint.local is not None:
            voice = import_zip(open_library(), checkpoint.local, name=name)
        else:
            voice = import_from_hub(open_library(), checkpoint, name=name, progress=progress)
    show_result(f"“{voice.name}” has been added.", **describe_voice(voice))


@voices_app.command("add-recording")
def add_recording(
    recording: Annotated[Path, typer.Argument(help="10 seconds or more of one voice, without music.")],
    name: Annotated[str, typer.Option(help="What the voice shall be called.")],
    consent: Annotated[str, typer.Option(help=f"Whose voice it is: {', '.join(CONSENTS)}.")],
    licence: Annotated[str, typer.Option(help="Under which it may be used.")] = DEFAULT_LICENCE,
) -> None:
    """Add the voice of a short recording to the library, without training."""
    with show_errors(), show_progress(recording.name) as progress:
        task = ReferenceVoiceTask(recording, VoiceFacts(name, consent, licence), open_library())
        voice = perform(task, progress)
    show_result(f"“{voice.name}” has been added.", **describe_voice(voice))


@voices_app.command("add-so-vits", hidden=True)
@voices_app.command("import")
@with_options(ModelChoice, into="choice")
def import_voice(
    source: Annotated[str, typer.Argument(help="owner/name on the Hub, a link, a zip file, a folder, or a .pth.")],
    name: Annotated[str, typer.Option(help="What it shall be called.")],
    consent: Annotated[str, typer.Option(help=f"Whose voice it is: {', '.join(CONSENTS)}.")],
    licence: Annotated[str, typer.Option(help="As its author states it.")],
    choice: ModelChoice,
    speaker: Annotated[str, typer.Option(help="Who sings, if a so-vits model has several singers.")] = "",
) -> None:
    """Import a voice that was trained with RVC, Applio, so-vits-svc or its fork."""
    with show_errors(), show_progress("Importing") as progress:
        check_choice("consent", consent, CONSENTS)
        with open_source(source, allow_local=True, progress=subprogress(progress, 0.0, 0.4)) as opened:
            files = opened.add_files([choice.config, choice.clusters, choice.index])
            print_alternatives(inspect_model(files, choice.checkpoint), choice)
            facts = VoiceFacts(name, consent, licence, speaker=speaker)
            voice = import_model(open_library(), files, choice, facts, progress=subprogress(progress, 0.4, 1.0))
    if "index" in voice.card.settings:
        show_notes(f"Its index: {voice.card.settings['index'] or 'none'}.")
    for doubt in find_doubts(open_library(), voice):
        show_notes(doubt)
    show_result(f"“{voice.name}” has been added.", **describe_voice(voice))


def print_alternatives(contents: ModelContents, choice: ModelChoice) -> None:
    first, *others = contents.checkpoints
    if not choice.checkpoint and others:
        show_notes(f"Taking {first}. There are also: {', '.join(others[:5])}.")
    if contents.diffusions and not choice.diffusion:
        show_notes(f"It has a diffusion, too. To import it: --diffusion {contents.diffusions[0]}")


@voices_app.command("verify")
def check_voice(name: str) -> None:
    """Compare a voice's files with the hashes in its card."""
    with show_errors():
        if faults := find_faults(open_library().find(name)):
            raise UserError("“{name}” should not be used: {faults}", name=name, faults=join_faults(faults))
    show_result(f"“{name}” is sound.", voice=name)


@voices_app.command("export")
def export_voice(
    name: str,
    archive: Annotated[Path, typer.Argument(help="A .zip; for RVC and Applio the .pth of an RVC voice, or an .index.")],
    recordings: Annotated[
        list[Path], typer.Option(help="Sound files or folders of the voice, to make the .index from.")
    ] = [],  # noqa: B006 - Typer copies it
    force: Annotated[bool, typer.Option(help="Overwrite the file if it exists.")] = False,
) -> None:
    """Pack a voice into a zip file, or write it for RVC."""
    with show_errors(), show_progress(archive.name) as progress:
        check_free(archive, force=force)
        voice = open_library().find(name)
        if recordings:
            export_recordings(recordings, archive, progress)
        else:
            choose_export(archive)(voice, archive)
    print_file(archive)


def export_recordings(recordings: Sequence[Path], target: Path, progress: Progress) -> None:
    if target.suffix.lower() != ".index":
        raise UserError("Only an .index is made from recordings.")
    from vc_core.conversion.rvc.exporting import export_recordings_index

    paths = [path for given in recordings for path in (sorted(given.rglob("*")) if given.is_dir() else [given])]
    sounds = [open_audio(path) for path in paths if path in recordings or (path.is_file() and sniff(path))]
    if not sounds:
        raise UserError("There is no sound file in what you named.")
    export_recordings_index(sounds, target, progress=progress)


def choose_export(target: Path) -> Callable[[Voice, Path], Path]:
    if target.suffix.lower() not in (".pth", ".index"):
        return export_zip
    from vc_core.conversion.rvc.exporting import export_checkpoint, export_index

    return export_checkpoint if target.suffix.lower() == ".pth" else export_index


@voices_app.command("sample")
def sample_voice(
    name: str,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; or a folder.")] = Path(),
    force: Annotated[bool, typer.Option(help="Overwrite the file if it exists.")] = False,
) -> None:
    """Let a voice sing five seconds, to hear it before it is chosen."""
    with show_errors(), show_progress(name) as progress:
        voice, single = open_library().find(name), choose_output_file(out, [name], DEFAULT_FORMAT)
        target = out if single else out / f"{voice.folder.name}{FORMATS[DEFAULT_FORMAT].suffix}"
        check_free(target, force=force)
        task = VoiceSampleTask(voice, target, single.format_name if single else DEFAULT_FORMAT)
        print_file(perform(task, progress), voice=name)


@voices_app.command("delete")
def delete_voice(name: str, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Delete a voice for good."""
    with show_errors():
        voice = open_library().find(name)
        if not yes:
            if get_report():
                raise UserError("Without a question, say --yes.")
            typer.confirm(f"Delete “{voice.name}” for good?", abort=True)
        open_library().delete(name)
    show_result(f"“{name}” has been deleted.", voice=name)


@voices_app.command("publish")
def publish_voice(
    name: str,
    repo: Annotated[str, typer.Argument(help="your-name/name-of-the-voice")],
    token: Annotated[str, typer.Option(envvar="HF_TOKEN", help="A token with write permission.")] = "",
    public: Annotated[bool, typer.Option(help="Let everybody see it.")] = False,
) -> None:
    """Put a voice on the Hugging Face Hub, with a card that says whose voice it is."""
    with show_errors(), show_progress("Publishing") as progress:
        voice, target = open_library().find(name), parse_checkpoint(repo).repo
        address = publish(voice, target, token=token, private=not public, progress=progress)
    show_result(address, address=address)


def open_library() -> VoiceLibrary:
    """The user's own voices and the starter voices."""
    return VoiceLibrary(get_voices_folder(), shipped=[STARTER_VOICES])
