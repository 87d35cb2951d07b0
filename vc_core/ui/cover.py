"""The tab “Cover”: a song and a voice in, and the voice sings the song over its own music."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.conversion.base import HIGHEST_FORMANT_SHIFT
from vc_core.emotion import EMOTIONS, HIGHEST_INTENSITY
from vc_core.errors import UserError
from vc_core.key_advisor import KEY_WAYS, KeyAdvice, KeyWay, draw_advice
from vc_core.link_in import LinkRules, fetch_sound
from vc_core.progress import Progress
from vc_core.reading import AudioFile, open_audio
from vc_core.recipes import (
    BACKING_WAYS,
    COVER_CONVERSION,
    COVER_LIMITS,
    COVER_SEPARATOR,
    BackingWay,
    CoverOptions,
    advise_key,
    prepare_cover,
)
from vc_core.separation import SEPARATORS
from vc_core.ui.compare import compare_control, compared
from vc_core.ui.controls import (
    PRIVATE,
    format_choice,
    picture,
    player,
    run_on_device,
    sound_input,
    start_and_stop,
    translated_choice,
)
from vc_core.ui.cover_links import settings_links
from vc_core.ui.cover_work import (
    OUTPUTS,
    PREVIEW_SECONDS,
    STEMS,
    Wish,
    backing_singer,
    cache,
    cost_of,
    key_notes,
    key_of,
    make,
    separated_on_gpu,
    shown_of,
    takes_of,
    wants_gpu,
    wish_of,
)
from vc_core.ui.events import in_steps, on_device, relay, sentences, stoppable
from vc_core.ui.handover import Handover
from vc_core.ui.jobs import JOBS
from vc_core.ui.visitors import results_folder
from vc_core.ui.voice_picker import voice_picker
from vc_core.ui.words import word

PANEL = "cover"
LINK_RULES = LinkRules()


def cover(
    song: str | None,
    voice: str | None,
    key: KeyWay,
    vocals_shift: float,
    music_shift: float,
    engine: str,
    vocals_are_clean: bool,
    emotion: str,
    intensity: float,
    vocals_db: float,
    music_db: float,
    matches_room: bool,
    matches_loudness: bool,
    formant_shift_semitones: float,
    backing: BackingWay,
    backing_voice: str | None,
    format_name: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """A cover of a song: the mix, its parts, all in a zip, a picture of the key, notes, and the id of the job."""
    with sentences(), stoppable(request, PANEL) as stopped:
        options = CoverOptions(
            engine, vocals_are_clean, key, int(vocals_shift), int(music_shift),
            replace(COVER_CONVERSION, formant_shift_semitones=formant_shift_semitones),
            emotion, intensity, matches_room, vocals_db, music_db, matches_loudness, format_name,
            backing, backing_singer(backing, backing_voice, request),
        )  # fmt: skip
        yield from _fulfilled(wish_of(song, voice, options, request), request, progress, stopped)


def cover_preview(
    song: str | None,
    voice: str | None,
    key: KeyWay,
    vocals_shift: float,
    music_shift: float,
    engine: str,
    vocals_are_clean: bool,
    emotion: str,
    intensity: float,
    vocals_db: float,
    music_db: float,
    matches_room: bool,
    matches_loudness: bool,
    formant_shift_semitones: float,
    backing: BackingWay,
    backing_voice: str | None,
    preview_from: float,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """The same of 15 seconds of the song, from a given second on."""
    with sentences(), stoppable(request, PANEL) as stopped:
        options = CoverOptions(
            engine, vocals_are_clean, key, int(vocals_shift), int(music_shift),
            replace(COVER_CONVERSION, formant_shift_semitones=formant_shift_semitones),
            emotion, intensity, matches_room, vocals_db, music_db, matches_loudness,
            backing=backing, backing_voice=backing_singer(backing, backing_voice, request),
        )  # fmt: skip
        wish = replace(wish_of(song, voice, options, request), preview_from=preview_from)
        yield from _fulfilled(wish, request, progress, stopped)


def cover_key(
    song: str | None,
    voice: str | None,
    key: KeyWay,
    engine: str,
    vocals_are_clean: bool,
    backing: BackingWay,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """The key in which the voice should sing the song: a picture of the song's notes over the voice's, and notes."""
    with sentences(), stoppable(request, PANEL) as stopped:
        lead: BackingWay = "together" if backing == "together" else "left"  # who sings the rest does not matter here
        wish = wish_of(song, voice, CoverOptions(engine, vocals_are_clean, key, backing=lead), request)
        yield from _prepared(wish, progress, stopped)
        target = results_folder() / "key.png"

        def work(report: Progress) -> KeyAdvice:
            advice = advise_key(wish.opened(), wish.voice, wish.options, cache=cache(), progress=report)
            draw_advice(advice, target)
            return advice

        def shown(advice: KeyAdvice) -> list[Any]:
            return [str(target), "\n\n".join(key_notes(key_of(advice), request))]

        yield from relay(on_device(work), shown, bar=progress, stopped=stopped)


def cover_result(job: str, request: gr.Request, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:
    """Wait for a cover that was started before, and give the same as it did; leaving does not stop it."""
    with sentences():
        yield from relay(JOBS.followed(job), lambda made: shown_of(job, made, request), bar=progress)


def cover_stop(job: str) -> str:
    """Stop a cover that was started before."""
    with sentences():
        JOBS.stop(job)
        return JOBS.status(job).state


def from_link(link: str, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:
    """Fetch a sound file by its link."""
    with sentences():

        def work(report: Progress) -> AudioFile:
            return fetch_sound(link, results_folder(), LINK_RULES, progress=report)

        yield from relay(in_steps(work), lambda file: str(file.path), bar=progress)


def _fulfilled(wish: Wish, request: gr.Request, progress: gr.Progress, stopped: Any) -> Iterator[Any]:
    nothing_yet = [gr.skip()] * (OUTPUTS - 1)
    for _ in _prepared(wish, progress, stopped):
        yield [*nothing_yet, ""]
    if stopped.is_set():
        return
    singers = {singer.folder: singer for singer in (wish.voice, wish.options.backing_voice) if singer}
    own = [folder for folder, singer in singers.items() if singer.can_be_deleted]
    owner = request.session_hash or ""
    job = JOBS.start(lambda report, folder: make(wish, folder, report), owner=owner, keep=own)
    yield [*nothing_yet, job]
    for shown in relay(JOBS.followed(job), lambda made: shown_of(job, made, request), bar=progress):
        if stopped.is_set():
            JOBS.stop(job)
        yield shown if isinstance(shown, list) else [*nothing_yet, job]


def _prepared(wish: Wish, progress: gr.Progress, stopped: Any) -> Iterator[Any]:
    """Downloads, and on ZeroGPU the stage that is worth a GPU: it can be lent only while somebody waits."""

    def prepare(report: Progress) -> None:
        prepare_cover(wish.options, wish.voice, progress=report)

    yield from relay(in_steps(prepare), lambda _: gr.skip(), bar=progress, stopped=stopped)
    if wants_gpu(wish):
        yield from relay(separated_on_gpu(wish), lambda _: gr.skip(), bar=progress, stopped=stopped)


def cover_panel(handover: Handover) -> None:
    gr.Markdown(word("cover_about"), elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column():
            song = sound_input("cover-song", "song", example=("example_song", "song.flac"), limits="limits_cover")
            _link_row(song)
            voice = voice_picker(handover, "cover-voice")
            key = translated_choice("cover_key", list(KEY_WAYS), "cover_key", elem_id="cover-key")
            buttons = start_and_stop(PANEL, "cover", more=["cover_preview", "cover_check"])
            cost = gr.Markdown(elem_classes="hint", elem_id="cover-cost")
            settings, preview_from, format_name = _advanced(handover)
        with gr.Column():
            results = _results(handover)
    handover.accept(PANEL, song)
    names = ("engine", "clean", "emotion", "backing", "backing_voice")
    engine, clean, emotion, backing, singer = (settings[name] for name in names)
    known: list[Any] = [song, voice, key, engine, clean, emotion, backing, singer]
    gr.on([part.change for part in known], cost_of, known, cost, **PRIVATE)
    song.change(_length_of, song, preview_from, **PRIVATE)
    inputs = [song, voice, key, *settings.values()]
    whole, short, check = buttons.starts
    run_on_device(buttons, whole, cover, [*inputs, format_name], results.all, api_name="cover")
    run_on_device(buttons, short, cover_preview, [*inputs, preview_from], results.all, api_name="cover_preview")
    checked = [results.picture, results.notes]
    run_on_device(buttons, check, cover_key, [song, voice, key, engine, clean, backing], checked, api_name="cover_key")
    for part in (results.picture, results.stems[-1]):
        part.change(_seen, part, part, **PRIVATE)
    results.cover.change(_compared, results.job, results.compare, **PRIVATE)
    found = gr.Textbox(visible="hidden", label=word("job"))
    found.change(cover_result, found, results.all, api_name="cover_result", show_progress_on=results.cover)
    gr.api(cover_stop, api_name="cover_stop")  # type: ignore[attr-defined]
    with gr.Accordion(word("share"), open=False, elem_id="cover-sharing"):
        settings_links(results.job, {"voice": voice, "key": key} | settings, found)


def _link_row(song: gr.Audio) -> None:
    with gr.Row(equal_height=True):
        link = gr.Textbox(
            label=word("link"), placeholder="https://example.org/song.mp3", scale=4, elem_id="cover-link", max_lines=1
        )
        fetch = gr.Button(word("fetch_link"), scale=1, min_width=90, elem_id="cover-fetch")
    gr.on([fetch.click, link.submit], from_link, link, song, api_name="from_link", show_progress_on=song)


def _advanced(handover: Handover) -> tuple[dict[str, Component], gr.Slider, gr.Dropdown]:
    """Settings by the names they have in links, in the order of the handlers' parameters."""
    usual = CoverOptions()
    with gr.Accordion(word("advanced"), open=False, elem_id="cover-advanced"):
        settings: dict[str, Component] = {
            "shift": gr.Slider(-24, 24, value=0, step=1, label=word("vocals_shift")),
            "music": gr.Slider(-12, 12, value=0, step=1, label=word("music_shift")),
            "engine": translated_choice("separated_by", list(SEPARATORS), "engine", value=COVER_SEPARATOR),
            "clean": gr.Checkbox(label=word("vocals_clean"), info=word("vocals_clean_info"), elem_id="cover-clean"),
            "emotion": translated_choice("emotion_wanted", list(EMOTIONS), "emotion"),
            "intensity": gr.Slider(0, HIGHEST_INTENSITY, value=usual.intensity, step=0.05, label=word("intensity")),
            "vocals_db": gr.Slider(-12, 12, value=0, step=0.5, label=word("vocals_db")),
            "music_db": gr.Slider(-12, 12, value=0, step=0.5, label=word("music_db")),
            "room": gr.Checkbox(usual.matches_room, label=word("match_room"), info=word("match_room_info")),
            "loudness": gr.Checkbox(usual.matches_loudness, label=word("match_loudness")),
            "formant": gr.Slider(
                -HIGHEST_FORMANT_SHIFT, HIGHEST_FORMANT_SHIFT, value=0, step=0.5, label=word("formant")
            ),
        } | _backing(handover)
        start = gr.Slider(0, 600, value=0, step=1, label=word("preview_from"), elem_id="cover-preview-from")
        format_name = format_choice()
    return settings, start, format_name


def _backing(handover: Handover) -> dict[str, Component]:
    way = translated_choice("backing_way", list(BACKING_WAYS), "backing", elem_id="cover-backing-way")
    gr.Markdown(word("backing_info"), elem_classes="hint")
    with gr.Column(visible=False) as row:
        singer = voice_picker(handover, "cover-backing-voice", "backing_singer")
    way.change(lambda way: gr.update(visible=way == "voice"), way, row, **PRIVATE)
    return {"backing": way, "backing_voice": singer}


def _compared(job: str, request: gr.Request) -> Any:
    return compared(takes_of(job), request)


def _seen(path: str | None) -> Any:
    return gr.update(visible=True if path else "hidden")


@dataclass(frozen=True)
class Results:
    cover: gr.Audio
    stems: tuple[gr.Audio, ...]
    archive: gr.File
    picture: gr.Image
    notes: gr.Markdown
    job: gr.Textbox
    compare: gr.HTML

    @property
    def all(self) -> list[Component]:
        return [self.cover, *self.stems, self.archive, self.picture, self.notes, self.job]


def _results(handover: Handover) -> Results:
    notes = gr.Markdown(word("cover_empty"), elem_classes="hint", elem_id="cover-notes")
    whole = player("cover-result", "cover_result")
    compare = compare_control("cover-compare")
    key_picture = picture("key_picture", "cover-key-picture")
    with gr.Accordion(word("cover_parts"), open=False, elem_id="cover-parts"):
        names = ("cover_vocals", "accompaniment", "original_vocals", "backing_vocals")
        stems = tuple(
            player(f"cover-{stem}", name, visible="hidden" if stem == "backing" else True)
            for stem, name in zip(STEMS, names, strict=True)
        )
        handover.offer(PANEL, stems[0])
        archive = gr.File(label=word("all_stems"), interactive=False, elem_id="cover-archive")
    job = gr.Textbox(visible="hidden", elem_id="cover-job", label=word("job"), max_lines=1)
    gr.Markdown(word("cover_goes_on"), elem_classes="hint")
    return Results(whole, stems, archive, key_picture, notes, job, compare)


def _length_of(song: str | None) -> Any:
    """The preview starts a third into the song, where there mostly is singing."""
    try:
        file = open_audio(song, COVER_LIMITS) if song else None
    except UserError:  # told when it is to be made
        file = None
    if file is None or not file.frames:
        return gr.update(maximum=600, value=0)
    seconds = file.frames / file.sample_rate
    return gr.update(maximum=max(1, int(seconds - PREVIEW_SECONDS)), value=int(seconds / 3))
