"""The tab “Train your voice”: four steps from recordings to a voice in the library."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.errors import UserError
from vc_core.progress import Progress, part_of
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Clips
from vc_core.training.beginning import Begun, Wanted, begin_run, check_wanted
from vc_core.training.dataset import Cleaning, write_clips
from vc_core.training.estimate import Estimate, as_words, estimate
from vc_core.training.job import list_runs
from vc_core.training.recordings import gather
from vc_core.training.settings import parse_settings, settings_as_text
from vc_core.training.spec import AT_WORK, Pace
from vc_core.ui.controls import PRIVATE
from vc_core.ui.events import in_steps, on_device, relay, sentences
from vc_core.ui.handover import Handover
from vc_core.ui.train_recordings import (
    Recordings,
    doctor_step,
    recordings_step,
    separating_seconds,
    sources_of,
    without_music,
)
from vc_core.ui.train_watch import chosen_again, gone_on, watching_step
from vc_core.ui.visitors import home_of, library_of, training_folder
from vc_core.ui.words import WORDS, said_to, word
from vc_core.voices import CONSENTS, VoiceLibrary

PANEL = "train_voice"
DEFAULT_METHOD = next(iter(TRAINING_METHODS))
LICENCES = ("CC-BY-NC-4.0", "CC-BY-4.0", "CC0-1.0", "MIT")


def train_start(
    files: list[str] | None,
    name: str,
    consent: str,
    with_takes: bool,
    separate: bool,
    denoise: bool,
    licence: str,
    method: str,
    settings: str,
    epochs: float,
    log_interval: float,
    eval_interval: float,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """Cut recordings into clips and start to train a voice on them; gives the training's id."""
    with sentences():
        pace = Pace(epochs=epochs, log_interval=int(log_interval), eval_interval=int(eval_interval))
        wanted = Wanted(name, method, consent or "", licence, parse_settings(settings), pace, Cleaning(denoise))
        library = _library_for(method, request)
        check_wanted(wanted, VoiceLibrary(library))
        sources = sources_of(files, with_takes, request)
        made: list[Begun] = []

        def prepare(report: Progress) -> Begun:
            with tempfile.TemporaryDirectory() as folder:
                plain = without_music(sources, separate, Path(folder), part_of(report, 0.0, 0.5))
                root = training_folder(request)
                return begin_run(root, library, wanted, plain, progress=part_of(report, 0.5, 1.0))

        def keep(begun: Begun) -> Any:
            made.append(begun)
            return gr.skip()

        yield from relay(in_steps(prepare), keep, bar=progress)
        for begun in made:
            for note in begun.notes:
                gr.Info(note)
            yield from gone_on(begun.run, progress)


def estimated(
    files: list[str] | None,
    with_takes: bool,
    separate: bool,
    method: str,
    settings: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """How long a training would take on this machine: some of its steps are made and timed."""
    with sentences():
        if method not in TRAINING_METHODS:
            raise UserError(f"There is no way to train called “{method}”. There are: {', '.join(TRAINING_METHODS)}.")
        sources, given = sources_of(files, with_takes, request), parse_settings(settings)

        def work(report: Progress) -> Estimate:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                known = TRAINING_METHODS[method]
                before = separating_seconds(sources, separate, folder, part_of(report, 0.0, 0.2))
                found = gather(sources, folder / "unpacked", sort=known.sort)
                write_clips(found.recordings, folder / "clips", progress=part_of(report, 0.2, 0.5))
                kinds = sorted((folder / "clips").iterdir())
                clips = Clips({kind.name: sorted(kind.glob("*.flac")) for kind in kinds})
                measured = estimate(method, given, clips, progress=part_of(report, 0.5, 1.0))
                return replace(measured, separation_seconds=before)

        def shown(found: Estimate) -> str:
            told = said_to(request, "estimate_said")
            return told.format(as_words(found.seconds), found.steps, f"{found.step_seconds:.2g}")

        yield from relay(on_device(work), shown, bar=progress)


def _library_for(method: str, request: gr.Request) -> Path:
    known = TRAINING_METHODS.get(method)
    if known is None or known.library == "voices":
        return library_of(request).folder
    return home_of(request) / known.library


def train_voice_panel(handover: Handover) -> None:
    gr.Markdown(word("train_voice_about"), elem_classes="about")
    with gr.Walkthrough(selected=0) as steps:
        with gr.Step(word("step_recordings"), id=0):
            recordings = recordings_step()
            _forward(steps, 1)
            found_again = gr.Button(word("train_found_again"), size="sm", visible=False, elem_id="train-found-again")
        with gr.Step(word("step_doctor"), id=1):
            doctor_step(recordings)
            _forward(steps, 2)
        with gr.Step(word("step_method"), id=2):
            choices, start = _method_step(recordings)
        with gr.Step(word("step_training"), id=3):
            picker = watching_step()

    def again(request: gr.Request) -> list[Any]:
        """After a reload one is where the work is, and otherwise not far from what was trained before."""
        runs = list_runs(training_folder(request))
        is_at_work = any(run.status().state in AT_WORK for run in runs)
        return [gr.update(visible=bool(runs)), gr.Walkthrough(selected=3) if is_at_work else gr.skip()]

    gr.on(None, again, None, [found_again, steps], **PRIVATE)
    found_again.click(lambda: gr.Walkthrough(selected=3), None, steps, **PRIVATE)
    inputs = [
        recordings.files, choices["name"], choices["consent"], recordings.with_takes, recordings.separate,
        recordings.denoise, choices["licence"], choices["method"], choices["settings"], choices["epochs"],
        choices["log_interval"], choices["eval_interval"],
    ]  # fmt: skip
    started = start.click(train_start, inputs, picker, api_name="train_start", show_progress_on=choices["name"])
    started.success(chosen_again, None, picker, **PRIVATE).then(
        lambda: gr.Walkthrough(selected=3), None, steps, **PRIVATE
    )


def _forward(steps: gr.Walkthrough, to: int) -> None:
    button = gr.Button(word("next_step"), elem_id=f"train-next-{to}")
    button.click(lambda: gr.Walkthrough(selected=to), None, steps, **PRIVATE)


def _method_step(recordings: Recordings) -> tuple[dict[str, Any], gr.Button]:
    with gr.Row(equal_height=False):
        with gr.Column():
            name = gr.Textbox(label=word("voice_name"), max_lines=1, elem_id="train-name")
            consent = gr.Radio(_consents(None), label=word("whose_voice"), elem_id="train-consent")
            licence = gr.Dropdown(list(LICENCES), value=LICENCES[0], label=word("licence"), allow_custom_value=True)
            agreed = gr.Checkbox(label=word("consent_promise"), elem_id="train-agreed")
        with gr.Column():
            method = gr.Radio(_methods(None), value=DEFAULT_METHOD, label=word("engine"), elem_id="train-method")
            notice = gr.Markdown(elem_classes="hint", elem_id="train-notice")
            measure = gr.Button(word("estimate"), size="sm", elem_id="train-estimate")
            told = gr.Markdown(elem_id="train-estimated", elem_classes="hint")
            settings, epochs, log_interval, eval_interval = _advanced()
    start = gr.Button(word("train_start"), variant="primary", interactive=False, elem_id="train-start")

    def chosen(name: str, request: gr.Request) -> list[Any]:
        return [_notice(name, request), settings_as_text(TRAINING_METHODS[name].settings)]

    def translated(request: gr.Request) -> list[Any]:
        return [
            gr.update(choices=_consents(request)),
            gr.update(choices=_methods(request)),
            _notice(DEFAULT_METHOD, request),
        ]

    agreed.change(lambda yes: gr.update(interactive=yes), agreed, start, **PRIVATE)
    method.input(chosen, method, [notice, settings], **PRIVATE)
    gr.on(None, translated, None, [consent, method, notice], **PRIVATE)
    timed = [recordings.files, recordings.with_takes, recordings.separate, method, settings]
    measure.click(estimated, timed, told, api_name="train_estimate")
    choices = {
        "name": name, "consent": consent, "licence": licence, "method": method, "settings": settings, "epochs": epochs,
        "log_interval": log_interval, "eval_interval": eval_interval,
    }  # fmt: skip
    return choices, start


def _advanced() -> tuple[gr.Textbox, gr.Number, gr.Number, gr.Number]:
    with gr.Accordion(word("advanced"), open=False):
        settings = gr.Textbox(
            settings_as_text(TRAINING_METHODS[DEFAULT_METHOD].settings), lines=6, max_lines=14,
            label=word("train_settings"), info=word("train_settings_info"), elem_id="train-settings",
        )  # fmt: skip
        with gr.Row():
            epochs = gr.Number(0, label=word("train_epochs"), minimum=0)
            log_interval = gr.Number(10, label=word("log_interval"), minimum=1, precision=0)
            eval_interval = gr.Number(50, label=word("eval_interval"), minimum=1, precision=0)
    return settings, epochs, log_interval, eval_interval


def _consents(request: gr.Request | None) -> list[tuple[str, str]]:
    return [(said_to(request, f"consent_{name}"), name) for name in CONSENTS]


def _methods(request: gr.Request | None) -> list[tuple[str, str]]:
    """A method whose words aren't written yet goes by its own label."""
    known = {name: f"method_{name}" for name in TRAINING_METHODS}
    return [
        (said_to(request, key) if key in WORDS else TRAINING_METHODS[name].label, name) for name, key in known.items()
    ]


def _notice(name: str, request: gr.Request) -> str:
    key = f"method_notice_{name}"
    return said_to(request, key) if key in WORDS else TRAINING_METHODS[name].notice
