"""`vc cover`: make covers of songs in another voice."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vc_core.cli.console import err, show_errors, show_progress
from vc_core.cli.options import with_options
from vc_core.cli.presets import with_preset
from vc_core.cli.scripting.output_file import choose_output_file
from vc_core.cli.scripting.results import PreviewOptions, ResultFile, ResultFolder
from vc_core.cli.voices import open_library
from vc_core.cover.key_advisor import KeyAdvice, format_note
from vc_core.cover.options import CoverOptions
from vc_core.cover.preflight import Preflight
from vc_core.recipes.cover import Cover, CoverTask, preflight_cover


@with_preset("cover", voice="voice_name")
@with_options(PreviewOptions, into="results")
@with_options(CoverOptions)
def cover(
    songs: Annotated[list[Path], typer.Argument(help="One song or more.")],
    voice_name: Annotated[str, typer.Option("--voice", "-v", help="Who sings instead; see `vc voices list`.")],
    options: CoverOptions,
    results: PreviewOptions,
    out_folder: Annotated[Path, typer.Option("--out", "-o", help="Each song gets a folder in it; or one file.")] = Path(
        "covers"
    ),
    backing_voice: Annotated[str, typer.Option(help="Who sings the backing vocals instead.")] = "",
) -> None:
    """Let another voice sing songs over their own music. One that fails does not stop the others."""
    with show_errors():
        single = choose_output_file(out_folder, songs, options.format_name)
        options = replace(options, format_name=single.format_name) if single else options
        voice = open_library().find(voice_name)
        if backing_voice:
            options = replace(options, backing="voice", backing_voice=open_library().find(backing_voice))
        with show_progress("Models") as progress:
            CoverTask(songs[0], voice, options).prepare(progress)

    ResultFolder(out_folder, ["cover", voice, options, results.start], results.force, single).make_each(
        songs,
        f"-{voice.folder.name}{results.suffix}",
        lambda song, folder: _cover_one(CoverTask(song, voice, options, results.start, folder)),
    )


def _cover_one(task: CoverTask) -> list[ResultFile]:
    song = task.open_song()
    err.print(_describe_cost(preflight_cover(song, task.voice, task.options)), highlight=False)
    with show_progress(song.path.name) as progress:
        made = task.run(progress)
    shifts = {"shift_semitones": made.shift_semitones, "music_shift_semitones": made.music_shift_semitones}
    cover = ResultFile(made.path, (*_describe_key(made), *made.notes), {"stem": "cover", **shifts})
    return [cover, *(ResultFile(path, facts={"stem": name}) for name, path in made.stems.items())]


def _describe_cost(cost: Preflight) -> str:
    note = "" if cost.is_measured else " (a guess, until the first one is done)"
    return f"About {cost.seconds:.0f} seconds{note}, at most {cost.peak_megabytes:,} MB of memory."


def _describe_key(made: Cover) -> list[str]:
    notes = [
        f"The singing was moved by {made.shift_semitones:+g} semitones, the music by {made.music_shift_semitones:+g}."
    ]
    advice: KeyAdvice = made.advice
    if advice.voice_range is None:
        return [*notes, "The voice's card doesn't tell its range, so no key was proposed."]
    if share := advice.compute_outside_share(made.shift_semitones):
        low, high = map(format_note, advice.voice_range)
        notes.append(f"{share:.0%} of it lies outside {low}–{high}, what the voice was trained on.")
    return notes
