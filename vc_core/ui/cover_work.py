"""What the tab “Cover” does: the work itself, its cost beforehand, and what is shown of it after."""

import os
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from vc_core.errors import UserError
from vc_core.key_advisor import KeyAdvice, KeyWay, note_name
from vc_core.progress import Progress
from vc_core.reading import AudioFile, open_audio
from vc_core.recipes import (
    COVER_LIMITS,
    BackingWay,
    CoverOptions,
    cover_song,
    lease_seconds,
    needs_separation,
    preflight_cover,
    separate_for_cover,
)
from vc_core.separation import SeparatorOptions, choose
from vc_core.stage_cache import StageCache
from vc_core.ui.compare import Takes
from vc_core.ui.controls import packed
from vc_core.ui.events import GPU, Happening, on_device
from vc_core.ui.jobs import JOBS, KEPT, Outcome
from vc_core.ui.visitors import EXPIRY_HOURS, library_of, results_folder
from vc_core.ui.words import said_to
from vc_core.voices import Voice

PREVIEW_SECONDS = 15.0
STEMS = ("vocals", "accompaniment", "original-vocals", "backing")
OUTPUTS = 1 + len(STEMS) + 4
"""The cover, its parts, a zip, a picture, notes and the job's id."""


@dataclass(frozen=True)
class Wish:
    """What is to be done, as plain values: ZeroGPU's worker is another process."""

    song: str
    voice: Voice
    options: CoverOptions
    preview_from: float | None = None

    def opened(self) -> AudioFile:
        song = open_audio(self.song, COVER_LIMITS)
        return song if self.preview_from is None else song.excerpt(self.preview_from, PREVIEW_SECONDS)


def wish_of(song: str | None, voice: str | None, options: CoverOptions, request: gr.Request) -> Wish:
    """What can't be done is refused at once, not after the wait for the device."""
    if song is None:
        raise UserError("Choose a song first.")
    if not voice:
        raise UserError("Choose a voice first.")
    choose(options.separator, SeparatorOptions())
    open_audio(song, COVER_LIMITS)
    return Wish(song, library_of(request).find(voice), options)


def backing_singer(backing: BackingWay, voice: str | None, request: gr.Request) -> Voice | None:
    """Who sings the backing vocals, where that is somebody else."""
    return library_of(request).find(voice) if voice and backing == "voice" else None


def cost_of(
    song: str | None,
    voice: str | None,
    key: KeyWay,
    engine: str,
    vocals_are_clean: bool,
    emotion: str,
    backing: BackingWay,
    backing_voice: str | None,
    request: gr.Request,
) -> str:
    """What a cover will take, before it is begun; empty as long as something is missing."""
    try:
        singer = backing_singer(backing, backing_voice, request)
        options = CoverOptions(engine, vocals_are_clean, key, emotion=emotion, backing=backing, backing_voice=singer)
        wish = wish_of(song, voice, options, request)
        cost = preflight_cover(wish.opened(), wish.voice, wish.options, cache=cache())
    except UserError:  # told when it is to be made
        return ""
    said = said_to(request, "cost" if cost.is_measured else "cost_guess")
    notes = [said.format(max(1, round(cost.seconds)), f"{cost.peak_megabytes / 1000:.1f}")]
    if cost.download_megabytes:
        notes.append(said_to(request, "needs_download").format(cost.download_megabytes))
    if cost.lease_seconds and lends_gpu():
        notes.append(said_to(request, "cost_lease").format(cost.lease_seconds))
    return " ".join(notes)


def cache() -> StageCache:
    # Beside Gradio's folder of served files: nobody gets at stages by an address.
    return StageCache(Path(get_upload_folder()).with_name("voice-studio-stages"), max_hours=EXPIRY_HOURS)


def wants_gpu(wish: Wish) -> bool:
    """Where one is lent, and something is left for it to do."""
    song = wish.opened()
    return lends_gpu() and lease_seconds(song, wish.options) > 0 and needs_separation(song, wish.options, cache())


def lends_gpu() -> bool:
    return "SPACES_ZERO_GPU" in os.environ


def _separated(wish: Wish) -> Generator[Happening[None], None, None]:
    def work(report: Progress) -> None:
        separate_for_cover(wish.opened(), wish.voice, wish.options, cache(), progress=report)

    yield from on_device(work)


def _lease_seconds(wish: Wish) -> int:
    return lease_seconds(wish.opened(), wish.options)


separated_on_gpu = GPU(duration=_lease_seconds)(_separated)


def make(wish: Wish, folder: Path, progress: Progress) -> Outcome:
    """In the thread of a job: the visitor may be gone, and their own voices with them."""
    results, singer = results_folder(), wish.options.backing_voice
    voice, options = _kept(wish.voice, folder), replace(wish.options, backing_voice=singer and _kept(singer, folder))
    made = cover_song(wish.opened(), voice, results, options, cache=cache(), progress=progress)
    archive = results / f"{Path(wish.song).stem} - {voice.folder.name}.zip"
    packed(archive, {path.name: path for path in (made.path, *made.stems.values())})
    key = key_of(made.advice) | {"shift": made.shift_semitones, "music_shift": made.music_shift_semitones}
    key["outside"] = made.advice.outside_share(made.shift_semitones)
    return {
        "song": wish.song,
        "song_from": wish.preview_from or 0.0,
        "cover": str(made.path),
        "stems": {name: str(path) for name, path in made.stems.items()},
        "archive": str(archive),
        "picture": str(made.picture),
        "key": key,
        "notes": list(made.notes),
    }


def _kept(voice: Voice, folder: Path) -> Voice:
    copied = folder / KEPT / voice.folder.name
    return replace(voice, folder=copied) if copied.is_dir() else voice


def takes_of(job: str | None) -> Takes | None:
    """The song and its cover, to be compared."""
    made = JOBS.status(job).outcome if job else None
    if made is None:
        return None
    return Takes({"song": made["song"], "cover_result": made["cover"]}, made["song_from"])


def shown_of(job: str, made: Outcome, request: gr.Request) -> list[Any]:
    notes = [*key_notes(made["key"], request), *made["notes"]]
    stems = [made["stems"].get(name) for name in STEMS]
    return [made["cover"], *stems, made["archive"], made["picture"], "\n\n".join(notes), job]


def key_of(advice: KeyAdvice) -> dict[str, Any]:
    return {
        "shift": advice.shift_semitones,
        "music_shift": advice.music_shift_semitones,
        "outside": advice.outside_share(),
        "reach": advice.voice_range and [note_name(note) for note in advice.voice_range],
    }


def key_notes(key: dict[str, Any], request: gr.Request) -> list[str]:
    notes = [
        said_to(request, "key_moved").format(*(f"{key[by]:+g}" if key[by] else "0" for by in ("shift", "music_shift")))
    ]
    if key["reach"] is None:
        notes.append(said_to(request, "key_unknown"))
    elif key["outside"] >= 0.005:
        notes.append("⚠ " + said_to(request, "key_outside").format(round(100 * key["outside"]), *key["reach"]))
    return [*notes, said_to(request, "key_legend")]
