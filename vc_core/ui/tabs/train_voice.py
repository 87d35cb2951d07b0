"""The tab “Train your voice”: a wizard from recordings to a voice in the library."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.device import is_zerogpu
from vc_core.errors import Message, UserError
from vc_core.progress import Progress
from vc_core.recipes.training import TrainingEstimateTask
from vc_core.training import TRAINING_METHODS, instant
from vc_core.training.instant.settings import STARTS
from vc_core.training.recordings.dataset import Cleaning
from vc_core.training.run.estimate import TimeEstimate, format_duration
from vc_core.training.run.job import list_runs
from vc_core.training.run.spec import ACTIVE_STATES, Schedule
from vc_core.training.run.start import CreatedRun, RunRequest, check_request, create_run
from vc_core.training.settings import format_settings, parse_settings
from vc_core.ui.server.clock import JobStatus
from vc_core.ui.server.endpoints import Values
from vc_core.ui.server.events import run_in_thread, show_errors
from vc_core.ui.server.sessions import STATE_SECONDS, get_library, get_session_home, get_training_folder
from vc_core.ui.server.tasks import PageRun, return_result, start_run
from vc_core.ui.server.trainings import check_training_limits
from vc_core.ui.tabs.train_recordings import (
    Recordings,
    build_doctor_page,
    build_recordings_page,
    collect_sources,
    extract_voice,
    read_extraction,
    split_progress,
)
from vc_core.ui.tabs.train_watch import build_watch_page, refresh_runs, run_training
from vc_core.ui.widgets.controls import PRIVATE, Buttons, make_buttons, make_consent_choice, wire_button
from vc_core.ui.widgets.escaping import escape_toast
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.words import has_word, language_of, translate, translate_text, word
from vc_core.voices.library import VoiceLibrary

PANEL = "train_voice"
START_PANEL = "train_start"
"""Of the last page's job: the preparation of a training, or its estimate."""
PREPARING_SHARE = 0.2
"""Of the bar, on ZeroGPU, where it shows the training too."""
DEFAULT_METHOD = next(iter(TRAINING_METHODS))
LICENCES = ("CC-BY-NC-4.0", "CC-BY-4.0", "CC0-1.0", "MIT")


def train_start(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Cut recordings into clips and start to train a voice on them; returns the training's id."""
    with start_run(START_PANEL, request, progress) as run:
        run_request, library = _read_request(values), _find_library(values["method"], request)
        check_request(run_request, VoiceLibrary(library))
        if not is_zerogpu():
            check_training_limits(get_training_folder(request))
        sources = collect_sources(values["files"], values["with_takes"], request)
        created: list[CreatedRun] = []

        def prepare(report: Progress) -> CreatedRun:
            with tempfile.TemporaryDirectory() as folder:
                extraction = read_extraction(values)
                separating, preparing = split_progress(report, extraction, Message("Cutting the recordings"))
                vocals = extract_voice(sources, extraction, Path(folder), separating, method=values["method"])
                root = get_training_folder(request)
                made = create_run(root, library, run_request, vocals.sources, progress=preparing)
                return replace(made, notes=[*vocals.notes, *made.notes])

        def store(made: CreatedRun) -> Any:
            created.append(made)
            return gr.skip()

        yield [gr.skip(), ""]  # nothing yet, and also at the end if it is stopped
        run.clock.begin_stage(PREPARING_SHARE if is_zerogpu() else 1.0)
        yield from run.stream(run_in_thread(prepare), store)
        for made in created:
            yield from _train(made, run)


def _train(made: CreatedRun, run: PageRun) -> Iterator[Any]:
    for note in made.notes:
        gr.Info(escape_toast(translate_text(language_of(run.request), note)))
    run.clock.begin_stage()
    for shown in run_training(made.run, run.bar, run.clock):
        if run.stopped.is_set():
            made.run.request_stop()
        yield shown if isinstance(shown, JobStatus) else [shown, made.run.id]


def _read_request(values: Values) -> RunRequest:
    log_interval, eval_interval = int(values["log_interval"]), int(values["eval_interval"])
    schedule = Schedule(epochs=values["epochs"], log_interval=log_interval, eval_interval=eval_interval)
    consent, settings = values["consent"] or "", _read_settings(values)
    cleaning = Cleaning(values["denoise"])
    return RunRequest(values["name"], values["method"], consent, values["licence"], settings, schedule, cleaning)


def _read_settings(values: Values) -> dict[str, str]:
    """Without a file of the server as a start: a page can't own any."""
    settings = parse_settings(values["settings"])
    if values["method"] == instant.ENGINE.name and settings.get("start", STARTS[0]) not in STARTS:
        raise UserError(
            "On a page a training starts from: {known}. A file of your own is for `vc train instant --start`.",
            known=", ".join(STARTS),
        )
    return settings


def train_estimate(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Estimate the training time on this machine from a few timed training steps."""
    with start_run(START_PANEL, request, progress) as run:
        sources = collect_sources(values["files"], values["with_takes"], request)
        extraction = read_extraction(values)
        task = TrainingEstimateTask(sources, values["method"], _read_settings(values), extraction)

        def show(estimate: TimeEstimate) -> str:
            text = translate(request, "estimate_said")
            return text.format(format_duration(estimate.seconds), estimate.steps, f"{estimate.step_seconds:.2g}")

        yield from run.perform(task, return_result, show)


def _find_library(method: str, request: gr.Request) -> Path:
    known = TRAINING_METHODS.get(method)
    if known is None or known.library == "voices":
        return get_library(request).folder
    return get_session_home(request) / known.library


def build_train_voice_panel(tab_links: TabLinks) -> None:
    gr.Markdown(word("train_voice_about"), elem_classes="about")
    with gr.Walkthrough(selected=0) as wizard:
        with gr.Step(word("step_recordings"), id=0):
            recordings = build_recordings_page()
            _add_next_button(wizard, 1, needs=recordings)
            show_runs = gr.Button(word("train_found_again"), size="sm", visible=False, elem_id="train-found-again")
        with gr.Step(word("step_doctor"), id=1):
            build_doctor_page(recordings)
            _add_next_button(wizard, 2)
        with gr.Step(word("step_method"), id=2):
            choices, buttons = _build_method_page(recordings)
        with gr.Step(word("step_training"), id=3) as training:
            watch = build_watch_page()

    def select_page(request: gr.Request) -> list[Any]:
        """After a reload, show the active training, or a button that leads to earlier ones."""
        runs = list_runs(get_training_folder(request))
        is_active = any(run.read_status().state in ACTIVE_STATES for run in runs)
        return [gr.update(visible=bool(runs)), gr.Walkthrough(selected=3) if is_active else gr.skip()]

    set_on_load(select_page, show_runs, wizard)
    watch.show_on(show_runs.click(lambda: gr.Walkthrough(selected=3), None, wizard, **PRIVATE).then)
    watch.show_on(training.select)
    recording_controls = _get_recording_controls(recordings)
    names = [
        "files", "name", "consent", "with_takes", "separate", "denoise", "licence", "method", "settings", "epochs",
        "log_interval", "eval_interval", "clean_up",
    ]  # fmt: skip
    inputs = {name: (recording_controls | choices)[name] for name in names}
    created = gr.State("", time_to_live=STATE_SECONDS)
    started = wire_button(buttons, buttons.starts[0], train_start, inputs, [watch.picker, created])
    opened = started.success(refresh_runs, None, watch.picker, **PRIVATE).then(
        lambda run: gr.Walkthrough(selected=3) if run else gr.skip(), created, wizard, **PRIVATE
    )
    watch.show_on(opened.then)


def _get_recording_controls(recordings: Recordings) -> dict[str, Any]:
    """The controls of the first wizard page, by the names of the API's parameters."""
    names = ("files", "with_takes", "separate", "denoise", "clean_up")
    return {name: getattr(recordings, name) for name in names}


def _add_next_button(wizard: gr.Walkthrough, page: int, *, needs: Recordings | None = None) -> None:
    """Without the recordings that it needs, it says so and stays on its page."""
    button = gr.Button(word("next_step"), elem_id=f"train-next-{page}")

    def go_on(request: gr.Request, *chosen: Any) -> Any:
        with show_errors(request):
            if needs is not None:
                files, with_takes = chosen
                collect_sources(files, with_takes, request)
            return gr.Walkthrough(selected=page)

    inputs = [needs.files, needs.with_takes] if needs else None
    # With the queue, since Gradio shows no errors without it.
    button.click(go_on, inputs, wizard, api_visibility="private", show_progress="hidden")


def _check_ready(
    files: list[str] | None, with_takes: bool, name: str | None, consent: str | None, agreed: bool, request: gr.Request
) -> list[Any]:
    """Enable Start, or say beside it what is missing."""
    given = {
        "train_needs_recordings": files or with_takes,
        "train_needs_name": (name or "").strip(),
        "train_needs_owner": consent,
        "train_needs_promise": agreed,
    }
    missing = [translate(request, need) for need, value in given.items() if not value]
    text = translate(request, "train_needs").format(", ".join(missing)) if missing else ""
    return [gr.update(interactive=not missing), text]


def _build_method_page(recordings: Recordings) -> tuple[dict[str, Any], Buttons]:
    with gr.Row(equal_height=False):
        with gr.Column():
            name = gr.Textbox(label=word("voice_name"), max_lines=1, elem_id="train-name")
            consent = make_consent_choice("train-consent")
            licence = gr.Dropdown(list(LICENCES), value=LICENCES[0], label=word("licence"), allow_custom_value=True)
            agreed = gr.Checkbox(label=word("consent_promise"), elem_id="train-agreed")
        with gr.Column():
            method = gr.Radio(_list_methods(None), value=DEFAULT_METHOD, label=word("engine"), elem_id="train-method")
            notice = gr.Markdown(elem_classes="hint", elem_id="train-notice")
            measure = gr.Button(word("estimate"), size="sm", elem_id="train-estimate")
            estimate = gr.Markdown(elem_id="train-estimated", elem_classes="hint")
            settings, epochs, log_interval, eval_interval = _build_advanced()
    buttons = make_buttons(START_PANEL, "train_start")
    missing = gr.Markdown(elem_classes="hint", elem_id="train-missing")

    def show_method(name: str, request: gr.Request) -> list[Any]:
        return [_describe_method(name, request), format_settings(TRAINING_METHODS[name].settings)]

    def translate_methods(request: gr.Request) -> list[Any]:
        return [gr.update(choices=_list_methods(request)), _describe_method(DEFAULT_METHOD, request)]

    needed = [recordings.files, recordings.with_takes, name, consent, agreed]
    changes = [control.change for control in needed]  # type: ignore[attr-defined]
    ready = [*buttons.starts, missing]
    gr.on(changes, _check_ready, needed, ready, **PRIVATE)
    set_on_load(lambda request: _check_ready(None, False, "", None, False, request), *ready)
    method.input(show_method, method, [notice, settings], **PRIVATE)
    set_on_load(translate_methods, method, notice)
    timed = _get_recording_controls(recordings) | {"method": method, "settings": settings}
    del timed["denoise"]
    # Start stays as it is: it may lack something.
    wire_button(replace(buttons, starts=(measure,)), measure, train_estimate, timed, [estimate])
    choices = {
        "name": name, "consent": consent, "licence": licence, "method": method, "settings": settings, "epochs": epochs,
        "log_interval": log_interval, "eval_interval": eval_interval,
    }  # fmt: skip
    return choices, buttons


def _build_advanced() -> tuple[gr.Textbox, gr.Number, gr.Number, gr.Number]:
    with gr.Accordion(word("advanced"), open=False):
        settings = gr.Textbox(
            format_settings(TRAINING_METHODS[DEFAULT_METHOD].settings), lines=6, max_lines=14,
            label=word("train_settings"), info=word("train_settings_info"), elem_id="train-settings",
        )  # fmt: skip
        with gr.Row():
            epochs = gr.Number(0, label=word("train_epochs"), minimum=0)
            log_interval = gr.Number(10, label=word("log_interval"), minimum=1, precision=0)
            eval_interval = gr.Number(50, label=word("eval_interval"), minimum=1, precision=0)
    return settings, epochs, log_interval, eval_interval


def _list_methods(request: gr.Request | None) -> list[tuple[str, str]]:
    """A method without a translation is shown by its own label."""
    known = {name: f"method_{name}" for name in TRAINING_METHODS}
    return [
        (translate(request, key) if has_word(key) else TRAINING_METHODS[name].label, name)
        for name, key in known.items()
    ]


def _describe_method(name: str, request: gr.Request) -> str:
    key = f"method_notice_{name}"
    return translate(request, key) if has_word(key) else TRAINING_METHODS[name].notice
