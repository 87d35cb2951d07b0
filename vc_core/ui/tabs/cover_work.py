"""Work of the tab “Cover”: read the request, estimate its cost, make the cover in a job, show the result."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from vc_core.conversion import load_converter
from vc_core.cover.key_advisor import KeyAdvice, format_note, notes_to_hz
from vc_core.cover.options import CoverOptions
from vc_core.cover.stage_cache import StageCache
from vc_core.device import is_zerogpu
from vc_core.errors import UserError
from vc_core.files.results import shorten
from vc_core.options import read_options
from vc_core.progress import Progress
from vc_core.recipes.cover import (
    CoverTask,
    convert_for_cover,
    cover_song,
    estimate_conversion_lease_seconds,
    estimate_separation_lease_seconds,
    needs_conversion,
    needs_separation,
    preflight_cover,
    separate_for_cover,
)
from vc_core.recipes.task import load_before_lease
from vc_core.ui.server.endpoints import Values
from vc_core.ui.server.jobs import KEPT, Outcome, get_jobs
from vc_core.ui.server.sessions import EXPIRY_HOURS, create_results_folder, get_library
from vc_core.ui.server.sung_ranges import get_sung_ranges
from vc_core.ui.widgets.compare import Comparison
from vc_core.ui.widgets.controls import name_after, write_zip
from vc_core.ui.words import translate, translate_notes
from vc_core.voices.library import Voice

STEMS = ("vocals", "accompaniment", "original-vocals", "backing")
OUTPUTS = 1 + len(STEMS) + 4
"""The cover, its stems, a zip, a picture, notes and the job's id."""


def read_request(values: Values, request: gr.Request, **others: Any) -> CoverTask:
    """Build and check the task, so that errors are raised before the wait in the device queue."""
    if values["song"] is None:
        raise UserError("Choose a song first.")
    voice, options = read_choices(values, request, **others)
    task = CoverTask(Path(values["song"]), voice, options, values.get("preview_from"))
    task.check()
    return task


def read_choices(values: Values, request: gr.Request, **others: Any) -> tuple[Voice, CoverOptions]:
    """The voice and the options, which do not depend on the song."""
    if not values["voice"]:
        raise UserError("Choose a voice first.")
    voices = get_library(request)
    backing = values.get("backing_voice") if values["backing"] == "voice" else None
    options = read_options(CoverOptions, values, backing_voice=voices.find(backing) if backing else None, **others)
    return voices.find(values["voice"]), options


def estimate_cost(values: Values, request: gr.Request) -> str:
    """The estimated cost of a cover as text; empty while the request is incomplete."""
    try:
        task = read_request(values, request)
        cost = preflight_cover(task.open_song(), task.voice, task.options, cache=open_cache())
    except UserError:  # shown when the cover is started
        return ""
    text = translate(request, "cost" if cost.is_measured else "cost_guess")
    notes = [text.format(max(1, round(cost.seconds)), f"{cost.peak_megabytes / 1000:.1f}")]
    if cost.download_megabytes:
        notes.append(translate(request, "needs_download").format(cost.download_megabytes))
    if cost.lease_seconds and is_zerogpu():
        notes.append(translate(request, "cost_lease").format(cost.lease_seconds))
    return " ".join(notes)


def expect_seconds(task: CoverTask) -> float | None:
    """How long the cover will take, if this machine has measured all of its stages."""
    cost = preflight_cover(task.open_song(), task.voice, task.options, cache=open_cache())
    return cost.seconds if cost.is_measured else None


def open_cache() -> StageCache:
    # Beside Gradio's folder of served files: stages must not be reachable by URL.
    return StageCache(Path(get_upload_folder()).with_name("voice-studio-stages"), max_hours=EXPIRY_HOURS)


@dataclass(frozen=True)
class _CoverStage:
    """A stage of a cover that was checked and prepared, run before the job: ZeroGPU lends a GPU only to a request."""

    cover: CoverTask

    def check(self) -> None: ...

    def prepare(self, progress: Progress) -> None: ...

    def estimate(self) -> None:
        return None


class CoverSeparation(_CoverStage):
    def lease_seconds(self) -> int:
        song, options = self.cover.open_song(), self.cover.options
        return estimate_separation_lease_seconds(song, options) if needs_separation(song, options, open_cache()) else 0

    def run(self, progress: Progress) -> None:
        cover = self.cover
        separate_for_cover(cover.open_song(), cover.voice, cover.options, open_cache(), progress=progress)


class CoverConversion(_CoverStage):
    """For voices whose engine needs a GPU; after `CoverSeparation`."""

    def prepare(self, progress: Progress) -> None:
        singers = filter(None, [self.cover.voice, self.cover.options.backing_voice])
        load_before_lease(self, lambda: [load_converter(singer, "cpu") for singer in singers])

    def lease_seconds(self) -> int:
        song, voice, options = self.cover.open_song(), self.cover.voice, self.cover.options
        seconds = estimate_conversion_lease_seconds(song, voice, options)
        return seconds if seconds and needs_conversion(song, voice, options, open_cache()) else 0

    def run(self, progress: Progress) -> None:
        cover = self.cover
        convert_for_cover(cover.open_song(), cover.voice, cover.options, open_cache(), progress=progress)


def make_cover(task: CoverTask, folder: Path, progress: Progress) -> Outcome:
    """Run in the thread of a job: when the session ends, its own voices are deleted, so copies are used."""
    results, singer = create_results_folder(), task.options.backing_voice
    voice = find_copy(task.voice, folder)
    options = replace(task.options, backing_voice=singer and find_copy(singer, folder))
    made = cover_song(task.open_song(), voice, results, options, cache=open_cache(), progress=progress)
    titles = (task.song.stem, voice.folder.name)
    cover = name_after(made.path, *titles)
    stems = {name: name_after(path, *titles) for name, path in made.stems.items()}
    archive = results / f"{shorten(' - '.join(titles))}.zip"
    write_zip(archive, {path.name: path for path in (cover, *stems.values())})
    remember_range(task, made.advice)
    key = describe_key(made.advice) | {"shift": made.shift_semitones, "music_shift": made.music_shift_semitones}
    key["outside"] = made.advice.compute_outside_share(made.shift_semitones)
    return {
        "song": str(task.song),
        "song_from": task.preview_from or 0.0,
        "cover": str(cover),
        "stems": {name: str(path) for name, path in stems.items()},
        "archive": str(archive),
        "picture": str(made.picture),
        "key": key,
        "notes": list(made.notes),
    }


def remember_range(task: CoverTask, advice: KeyAdvice) -> None:
    """So that the list of voices can say which suit the song."""
    if advice.sung_range:
        low, high = notes_to_hz(advice.sung_range).tolist()
        get_sung_ranges().remember(task.song, (low, high), is_whole=task.preview_from is None)


def find_copy(voice: Voice, folder: Path) -> Voice:
    """The copy of a voice in the folder of a job, if it has one."""
    copied = folder / KEPT / voice.folder.name
    return replace(voice, folder=copied) if copied.is_dir() else voice


def read_comparison(job: str | None) -> Comparison | None:
    """The song, its cover and the stems of the mix, for the comparison control."""
    made = get_jobs().status(job).outcome if job else None
    if made is None:
        return None
    named = {"vocals": "cover_vocals", "backing": "backing_vocals", "accompaniment": "accompaniment"}
    stems = {word: made["stems"][name] for name, word in named.items() if name in made["stems"]}
    sounds = {"song": made["song"], "cover_result": made["cover"], **stems}
    return Comparison(sounds, made["song_from"], stems=tuple(stems) if len(stems) > 1 else ())


def show_cover(job: str, made: Outcome, request: gr.Request) -> list[Any]:
    notes = [*explain_key(made["key"], request), *translate_notes(request, made["notes"])]
    stems = [made["stems"].get(name) for name in STEMS]
    return [made["cover"], *stems, made["archive"], made["picture"], "\n\n".join(notes), job]


def describe_key(advice: KeyAdvice) -> dict[str, Any]:
    return {
        "shift": advice.shift_semitones,
        "music_shift": advice.music_shift_semitones,
        "outside": advice.compute_outside_share(),
        "reach": advice.voice_range and [format_note(note) for note in advice.voice_range],
    }


def explain_key(key: dict[str, Any], request: gr.Request) -> list[str]:
    notes = [
        translate(request, "key_moved").format(
            *(f"{key[by]:+g}" if key[by] else "0" for by in ("shift", "music_shift"))
        )
    ]
    if key["reach"] is None:
        notes.append(translate(request, "key_unknown"))
    elif key["outside"] >= 0.005:
        notes.append("⚠ " + translate(request, "key_outside").format(round(100 * key["outside"]), *key["reach"]))
    return [*notes, translate(request, "key_legend")]
