"""The tab “Cover”: make a cover of a song in another voice."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.conversion import ConversionOptions
from vc_core.cover.key_advisor import KeyAdvice, draw_advice
from vc_core.cover.options import COVER_CONVERSION, COVER_LIMITS, CoverOptions
from vc_core.device import is_zerogpu
from vc_core.errors import UserError
from vc_core.files.links import LinkRules, fetch_audio
from vc_core.files.reading import AudioFile
from vc_core.options import read_options
from vc_core.progress import Progress
from vc_core.recipes.cover import CoverTask, advise_key
from vc_core.ui.many_files.panel import FilesTask, build_many_files
from vc_core.ui.many_files.work import PageCoverFile
from vc_core.ui.mixing.export import wire_mixer
from vc_core.ui.server.clock import JobStatus
from vc_core.ui.server.endpoints import Values, make_endpoint
from vc_core.ui.server.events import run_in_thread, run_on_device, session_of, show_errors, stream_to_page
from vc_core.ui.server.jobs import get_jobs
from vc_core.ui.server.sessions import create_results_folder
from vc_core.ui.server.tasks import PageRun, return_result, start_run
from vc_core.ui.settings.form import make_form
from vc_core.ui.settings.presets import build_presets
from vc_core.ui.tabs.cover_links import make_settings_links, write_settings
from vc_core.ui.tabs.cover_work import (
    OUTPUTS,
    STEMS,
    CoverConversion,
    CoverSeparation,
    describe_key,
    estimate_cost,
    expect_seconds,
    explain_key,
    make_cover,
    open_cache,
    read_choices,
    read_comparison,
    read_request,
    remember_range,
    show_cover,
)
from vc_core.ui.widgets.compare import make_compare_control, update_compare_control
from vc_core.ui.widgets.controls import (
    PRIVATE,
    make_buttons,
    make_picture,
    make_player,
    make_preview_slider,
    make_sound_input,
    wire_button,
    wire_event,
)
from vc_core.ui.widgets.option_controls import make_controls
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.widgets.voice_picker import make_voice_picker
from vc_core.ui.words import word

PANEL = "cover"
LINK_RULES = LinkRules()
MAX_DOWNLOADS = 8
"""From links, at once."""
ADVANCED = (
    "vocals_shift_semitones", "music_shift_semitones", "separator", "vocals_are_clean", "emotion", "intensity",
    "vocals_db", "music_db", "matches_room", "matches_loudness",
)  # fmt: skip
NAMES_IN_LINKS = {
    "vocals_shift": "shift", "music_shift": "music", "vocals_are_clean": "clean", "matches_room": "room",
    "matches_loudness": "loudness", "formant_shift_semitones": "formant", "format_name": "format",
}  # fmt: skip
"""Parameter names in links to settings, where they differ: older links must stay valid."""


def cover(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Make a cover of a song: the mix, its stems, all in a zip, a picture of the key, notes, and the job's id."""
    yield from _make_cover(values, request, progress)


def cover_preview(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Make a cover of 15 seconds of the song, from a given second on."""
    yield from _make_cover(values, request, progress)


def cover_key(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Propose a key for the voice: a picture of the song's notes over the voice's range, and notes."""
    with start_run(PANEL, request, progress) as run:
        # The backing voice does not affect the key.
        backing = "together" if values["backing"] == "together" else "left"
        task = read_request({**values, "backing": backing}, request)
        yield from _prepare(task, run, CoverSeparation)
        target = create_results_folder() / "key.png"

        def work(report: Progress) -> KeyAdvice:
            advice = advise_key(task.open_song(), task.voice, task.options, cache=open_cache(), progress=report)
            draw_advice(advice, target)
            remember_range(task, advice)
            return advice

        run.clock.begin_stage()
        yield from run.stream(
            run_on_device(work, run.clock),
            lambda advice: [str(target), "\n\n".join(explain_key(describe_key(advice), request))],
        )


def cover_result(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Wait for a cover that was started before, and return its result; closing the page does not stop it."""
    with start_run(PANEL, request, progress) as run:
        clock = get_jobs().get_clock(values["job"])
        yield from _follow(values["job"], replace(run, clock=clock))


def cover_stop(job: str, request: gr.Request | None = None) -> str:
    """Stop a cover that was started before."""
    with show_errors(request):
        get_jobs().stop(job)
        return get_jobs().status(job).state


def from_link(link: str, request: gr.Request | None = None, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:
    """Download a sound file by its link."""
    with show_errors(request):

        def work(report: Progress) -> AudioFile:
            return fetch_audio(link or "", create_results_folder(), LINK_RULES, progress=report)

        yield from stream_to_page(run_in_thread(work), lambda file: str(file.path), bar=progress)


def _make_cover(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    with start_run(PANEL, request, progress) as run:
        conversion = read_options(ConversionOptions, values, pitch_method=COVER_CONVERSION.pitch_method)
        task = read_request(values, request, conversion=conversion)
        nothing_yet = [gr.skip()] * (OUTPUTS - 1)
        for shown in _prepare(task, run, CoverSeparation, CoverConversion):
            yield ([*nothing_yet, ""], shown) if isinstance(shown, JobStatus) else [*nothing_yet, ""]
        if not run.stopped.is_set():
            run.clock.begin_stage()
            run.clock.expected_seconds = expect_seconds(task)
            yield from _follow(_start_job(task, values, run), run)


def _follow(job: str, run: PageRun) -> Iterator[Any]:
    """Yield the job's id with its progress, and then its result; Stop stops the job."""
    events, still = get_jobs().follow(job), [*[gr.skip()] * (OUTPUTS - 1), job]
    yield still
    try:
        for shown in stream_to_page(
            events, lambda made: show_cover(job, made, run.request), bar=run.bar, clock=run.clock
        ):
            if run.stopped.is_set():
                get_jobs().stop(job)
            yield (still, shown) if isinstance(shown, JobStatus) else shown
    except UserError:
        if get_jobs().status(job).state != "stopped" or not run.stopped.is_set():
            raise
        yield still, run.clock.read("stopped")


def _start_job(task: CoverTask, values: Values, run: PageRun) -> str:
    singers = {singer.folder: singer for singer in (task.voice, task.options.backing_voice) if singer}
    own = [folder for folder, singer in singers.items() if singer.can_be_deleted]
    return get_jobs().start(
        lambda report, folder: make_cover(task, folder, report),
        owner=session_of(run.request),
        keep=own,
        settings=write_settings({NAMES_IN_LINKS.get(name, name): value for name, value in values.items()}),
        values={name: value for name, value in values.items() if name != "song"},
        clock=run.clock,
    )


def _prepare(task: CoverTask, run: PageRun, *stages: type[CoverSeparation | CoverConversion]) -> Iterator[Any]:
    """Download models, and on ZeroGPU run in GPU leases what needs a GPU, as far as `stages` go."""
    yield from run.prepare(task)
    for stage in stages:
        stage_task = stage(task)
        if is_zerogpu() and not run.stopped.is_set() and stage_task.lease_seconds():
            yield from run.perform(stage_task, return_result, lambda _: gr.skip())


def _read_file_work(values: Values, request: gr.Request) -> PageCoverFile:
    conversion = read_options(ConversionOptions, values, pitch_method=COVER_CONVERSION.pitch_method)
    voice, options = read_choices(values, request, conversion=conversion)
    return PageCoverFile(voice, options)


def build_cover_panel(tab_links: TabLinks) -> None:
    gr.Markdown(word("cover_about"), elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column():
            song = make_sound_input("cover-song", "song", example=("example_song", "song.flac"), limits="limits_cover")
            _build_link_row(song)
            voice = make_voice_picker(tab_links, "cover-voice", song=song)
            inputs: dict[str, Component] = {"song": song, "voice": voice}
            inputs |= make_controls(CoverOptions, ["key"], given={"key": {"elem_id": "cover-key"}})
            buttons = make_buttons(PANEL, "cover", more=["cover_preview", "cover_check"])
            cost = gr.Markdown(elem_classes="hint", elem_id="cover-cost")
            settings, preview_from, format_name = _build_advanced(tab_links, song)
            inputs |= settings
            controls = inputs | {"format_name": format_name}
            controls_of_many = {name: control for name, control in controls.items() if name != "song"}
            build_many_files(FilesTask(PANEL, "many_cover", controls_of_many, _read_file_work))
            tab_links.add_form(build_presets(make_form(PANEL, controls)))
        with gr.Column(elem_id=f"{PANEL}-results", elem_classes="results"):
            results = _build_results(tab_links)
    tab_links.add_receiver(PANEL, song)
    cost_inputs = ["song", "voice", "key", "engine", "vocals_are_clean", "emotion", "backing", "backing_voice"]
    _wire_cost({name: inputs[name] for name in cost_inputs}, cost)
    whole, short, check = buttons.starts
    wire_button(buttons, whole, cover, inputs | {"format_name": format_name}, results.all)
    wire_button(buttons, short, cover_preview, inputs | {"preview_from": preview_from}, results.all)
    key_inputs = ["song", "voice", "key", "engine", "vocals_are_clean", "backing"]
    wire_button(
        buttons, check, cover_key, {name: inputs[name] for name in key_inputs}, [results.picture, results.notes]
    )
    for result in (results.picture, results.stems[-1]):
        result.change(_reveal, result, result, **PRIVATE)
    results.cover.change(_compare, results.job, results.compare, **PRIVATE)
    wire_mixer(results.compare, results.job, format_name, read_comparison)
    found = gr.Textbox(visible="hidden", label=word("job"))
    wire_event(buttons, found.change, cover_result, {"job": found}, results.all)
    gr.api(cover_stop, api_name="cover_stop")  # type: ignore[attr-defined]
    with gr.Accordion(word("share"), open=False, elem_id="cover-sharing"):
        shared = inputs | {"format_name": format_name}
        in_links = {NAMES_IN_LINKS.get(name, name): control for name, control in shared.items() if name != "song"}
        make_settings_links(results.job, in_links, found)


def _wire_cost(inputs: dict[str, Component], cost: gr.Markdown) -> None:
    def show_cost(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[str]:
        yield estimate_cost(values, request)

    changes = [control.change for control in inputs.values()]  # type: ignore[attr-defined]
    gr.on(changes, make_endpoint(show_cost, list(inputs)), list(inputs.values()), cost, **PRIVATE)


def _build_link_row(song: gr.Audio) -> None:
    with gr.Row(equal_height=True):
        link = gr.Textbox(
            label=word("link"), placeholder="https://example.org/song.mp3", scale=4, elem_id="cover-link", max_lines=1
        )
        fetch = gr.Button(word("fetch_link"), scale=1, min_width=90, elem_id="cover-fetch")
    gr.on(
        [fetch.click, link.submit],
        from_link,
        link,
        song,
        api_name="from_link",
        show_progress_on=song,
        concurrency_limit=MAX_DOWNLOADS,
    )


def _build_advanced(tab_links: TabLinks, song: gr.Audio) -> tuple[dict[str, Component], gr.Slider, Component]:
    with gr.Accordion(word("advanced"), open=False, elem_id="cover-advanced"):
        settings = make_controls(CoverOptions, ADVANCED, given={"vocals_are_clean": {"elem_id": "cover-clean"}})
        settings |= make_controls(ConversionOptions, ["formant_shift_semitones"])
        settings |= _build_backing(tab_links)
        start = make_preview_slider("cover-preview-from", song, COVER_LIMITS)
        format_name = make_controls(CoverOptions, ["format_name"])["format_name"]
    return settings, start, format_name


def _build_backing(tab_links: TabLinks) -> dict[str, Component]:
    controls = make_controls(CoverOptions, ["backing"], given={"backing": {"elem_id": "cover-backing-way"}})
    gr.Markdown(word("backing_info"), elem_classes="hint")
    with gr.Column(visible=False) as row:
        singer = make_voice_picker(tab_links, "cover-backing-voice", "backing_singer")
    mode = controls["backing"]
    mode.change(lambda mode: gr.update(visible=mode == "voice"), mode, row, **PRIVATE)  # type: ignore[attr-defined]
    return controls | {"backing_voice": singer}


def _compare(job: str, request: gr.Request) -> Any:
    return update_compare_control(read_comparison(job), request)


def _reveal(path: str | None) -> Any:
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


def _build_results(tab_links: TabLinks) -> Results:
    notes = gr.Markdown(word("cover_empty"), elem_classes="hint", elem_id="cover-notes")
    cover = make_player("cover-result", "cover_result")
    compare = make_compare_control("cover-compare", has_mixer=True)
    key_picture = make_picture("key_picture", "cover-key-picture")
    with gr.Accordion(word("cover_parts"), open=False, elem_id="cover-parts"):
        names = ("cover_vocals", "accompaniment", "original_vocals", "backing_vocals")
        stems = []
        for stem, name in zip(STEMS, names, strict=True):
            stems.append(make_player(f"cover-{stem}", name, visible="hidden" if stem == "backing" else True))
            tab_links.add_send_buttons(PANEL, stems[-1])
        archive = gr.File(label=word("all_stems"), interactive=False, elem_id="cover-archive")
    job = gr.Textbox(visible="hidden", elem_id="cover-job", label=word("job"), max_lines=1)
    gr.Markdown(word("cover_goes_on"), elem_classes="hint")
    return Results(cover, tuple(stems), archive, key_picture, notes, job, compare)
