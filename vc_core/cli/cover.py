"""`vc cover`: songs, sung by another voice."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vc_core.cli.console import bar, check_choice, err, out, sentences
from vc_core.conversion import STARTER_VOICES
from vc_core.emotion import EMOTIONS, NEUTRAL
from vc_core.errors import UserError
from vc_core.key_advisor import KEY_WAYS, KeyAdvice, note_name
from vc_core.preflight import Preflight
from vc_core.reading import AudioFile, open_audio
from vc_core.recipes import (
    BACKING_WAYS,
    COVER_CONVERSION,
    COVER_LIMITS,
    COVER_SEPARATOR,
    Cover,
    CoverOptions,
    cover_song,
    preflight_cover,
    prepare_cover,
)
from vc_core.separation import SEPARATORS
from vc_core.voices import Voice, VoiceLibrary, voices_home
from vc_core.writing import DEFAULT_FORMAT, FORMATS

PREVIEW_SECONDS = 15.0


def cover(
    songs: Annotated[list[Path], typer.Argument(help="One song or more.")],
    voice_name: Annotated[str, typer.Option("--voice", "-v", help="Who sings instead; see `vc voices list`.")],
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Each song gets a folder in it.")] = Path("covers"),
    key: Annotated[str, typer.Option(help="; ".join(f"{name}: {what}" for name, what in KEY_WAYS.items()))] = "octaves",
    shift: Annotated[int, typer.Option(help="Semitones added to the singing's key.")] = 0,
    music_shift: Annotated[int, typer.Option(help="Semitones added to the music's key.")] = 0,
    engine: Annotated[str, typer.Option(help=f"How to separate: {', '.join(SEPARATORS)}.")] = COVER_SEPARATOR,
    clean: Annotated[bool, typer.Option(help="The songs are vocals alone; nothing is separated.")] = False,
    emotion: Annotated[str, typer.Option(help=f"{', '.join(EMOTIONS)}.")] = NEUTRAL,
    intensity: Annotated[float, typer.Option(help="Of the emotion: 0 to 1.5.")] = 1.0,
    vocals_db: Annotated[float, typer.Option(help="Make the vocals louder or softer.")] = 0.0,
    music_db: Annotated[float, typer.Option(help="Make the music louder or softer.")] = 0.0,
    room: Annotated[bool, typer.Option(help="Put the original's room around the new voice.")] = True,
    match: Annotated[bool, typer.Option(help="Make the cover as loud as the song.")] = True,
    backing: Annotated[str, typer.Option(help="Backing vocals: together with the lead, or left.")] = "together",
    backing_voice: Annotated[str, typer.Option(help="Who sings the backing vocals instead.")] = "",
    preview: Annotated[float, typer.Option(help="Only 15 seconds, from this second on.")] = -1.0,
    format_name: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = DEFAULT_FORMAT,
) -> None:
    """Let another voice sing songs over their own music. One that fails does not stop the others."""
    with sentences():
        check_choice("engine", engine, SEPARATORS)
        check_choice("emotion", emotion, dict.fromkeys(EMOTIONS))
        check_choice("key", key, dict(KEY_WAYS.items()))
        check_choice("backing", backing, dict.fromkeys(BACKING_WAYS[:2]))
        library = VoiceLibrary(voices_home(), shipped=[STARTER_VOICES])
        voice, singer = library.find(voice_name), library.find(backing_voice) if backing_voice else None
        options = CoverOptions(
            engine, clean, key, shift, music_shift, COVER_CONVERSION,  # type: ignore[arg-type]  # checked above
            emotion, intensity, room, vocals_db, music_db, match, format_name,
            "voice" if singer else backing, singer,  # type: ignore[arg-type]
        )  # fmt: skip
        with bar("Models") as progress:
            prepare_cover(options, voice, progress=progress)
    folders = [out_folder / f"{path.stem}-{voice.folder.name}" for path in songs]
    went_well = [_covered(path, voice, folder, options, preview) for path, folder in zip(songs, folders, strict=True)]
    if not all(went_well):
        raise typer.Exit(1)


def _covered(path: Path, voice: Voice, folder: Path, options: CoverOptions, preview: float) -> bool:
    """Whether it went well; if not, it is said why."""
    try:
        song = open_audio(path, COVER_LIMITS)
        _cover_one(song if preview < 0 else song.excerpt(preview, PREVIEW_SECONDS), voice, folder, options)
    except UserError as error:
        err.print(f"[red]{escape(path.name)}: {escape(str(error))}[/]")
        return False
    return True


def _cover_one(song: AudioFile, voice: Voice, folder: Path, options: CoverOptions) -> None:
    err.print(_cost(preflight_cover(song, voice, options)), highlight=False)
    with bar(song.path.name) as progress:
        made = cover_song(song, voice, folder, options, progress=progress)
    for path in (made.path, *made.stems.values()):
        out.print(str(path), highlight=False, soft_wrap=True)
    for note in (*_keys(made), *made.notes):
        err.print(f"[yellow]{escape(note)}[/]")


def _cost(cost: Preflight) -> str:
    known = "" if cost.is_measured else " (a guess, until the first one is done)"
    return f"About {cost.seconds:.0f} seconds{known}, at most {cost.peak_megabytes:,} MB of memory."


def _keys(made: Cover) -> list[str]:
    notes = [
        f"The singing was moved by {made.shift_semitones:+g} semitones, the music by {made.music_shift_semitones:+g}."
    ]
    advice: KeyAdvice = made.advice
    if advice.voice_range is None:
        return [*notes, "The voice's card doesn't tell its range, so no key was proposed."]
    if share := advice.outside_share(made.shift_semitones):
        low, high = map(note_name, advice.voice_range)
        notes.append(f"{share:.0%} of it lies outside {low}–{high}, what the voice was trained on.")
    return notes
