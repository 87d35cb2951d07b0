"""Gradio controls that all tabs share: audio input, player, choices, start and stop buttons, endpoints."""

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from vc_core.errors import UserError
from vc_core.files.reading import PREVIEW_SECONDS, Limits, open_audio
from vc_core.files.results import shorten
from vc_core.files.writing import DEFAULT_FORMAT, FORMATS, AudioWriter
from vc_core.ui.server.endpoints import Handler, make_endpoint
from vc_core.ui.server.events import get_stop_requests, show_errors
from vc_core.ui.server.sessions import create_results_folder
from vc_core.ui.takes.recording import TakeRecorder
from vc_core.ui.widgets.escaping import escape_toast
from vc_core.ui.widgets.job_bar import DISPATCH, add_job_bar, make_job_bar
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import language_of, translate, translate_text, word
from vc_core.voices.library import CONSENTS

EXAMPLES_FOLDER = Path(__file__).parents[3] / "examples"

DEVICE_QUEUE = "device"
"""The Gradio concurrency queue of all work that needs the device."""

MAX_QUEUED = 16
"""Jobs admitted to the device queue, where users see their position and can stop; each takes a thread."""

WAVEFORM = gr.WaveformOptions(waveform_color="#94a3b8", waveform_progress_color="#0d9488")

PRIVATE: dict[str, Any] = {
    "api_visibility": "private",
    "queue": False,
    "show_progress": "hidden",
    "show_progress_on": [],
}
"""Arguments of events that only update the page.

Gradio's page searches all of its components for each one that may show progress, whenever any event begins or ends.
"""

END_JOB = """() => {
  const target = document.getElementById(%s), { top, bottom } = target ? target.getBoundingClientRect() : {}
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  if (bottom > innerHeight || top < 0) target.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" })
  return %s
}"""
"""On a phone, the result is below the button, out of view."""
START_JOB = """() => {
  const bar = document.getElementById("%s-job")
  bar?.dispatchEvent(new CustomEvent("job-start"))
  const { top, bottom } = bar ? bar.getBoundingClientRect() : {}
  if (bottom > innerHeight || top < 0) bar.scrollIntoView({ block: "center" })
  return %s
}"""
FAIL_JOB = """() => {
  document.getElementById("%s-job")?.dispatchEvent(new CustomEvent("job-failed"))
  return %s
}"""
"""The updates of the buttons are in the scripts: a request for them would delay the job's own."""


def make_sound_input(
    elem_id: str,
    label: str,
    *,
    example: tuple[str, str] | None = None,
    another: tuple[str, str] | None = None,
    limits: str = "limits",
) -> gr.Audio:
    """Audio input: upload, recording, video, or up to two examples, each given as label word and file name."""
    sound = gr.Audio(
        label=word(label),
        type="filepath",  # the file as it is: Gradio's own reading changes levels and needs ffmpeg
        sources=["upload", "microphone"],
        buttons=["download"],
        waveform_options=WAVEFORM,
        elem_id=elem_id,
    )
    gr.Markdown(word(limits), elem_classes="hint")
    with gr.Row(elem_classes="other-sources"):
        for suffix, chosen in (("example", example), ("another", another)):
            if chosen and (path := EXAMPLES_FOLDER / chosen[1]).is_file():
                button = gr.Button(word(chosen[0]), size="sm", elem_id=f"{elem_id}-{suffix}")
                button.click(partial(str, path), None, sound, **PRIVATE)
        video = gr.UploadButton(
            word("open_video"),  # type: ignore[arg-type]
            size="sm",
            file_types=["video", "audio"],
            type="filepath",
            elem_id=f"{elem_id}-video",
        )
    video.upload(_extract_sound, video, sound, api_visibility="private", show_progress_on=sound)
    return sound


def _extract_sound(path: str, request: gr.Request | None = None) -> str:
    """Convert to FLAC: Gradio's audio component takes no videos, and browsers don't play AIFF."""
    with show_errors(request):
        source = open_audio(path)
        extracted = create_results_folder() / f"{Path(path).stem}.flac"
        with AudioWriter(extracted, source.sample_rate, source.channels) as writer:
            for block in source.blocks():
                writer.write(block)
        for note in writer.notes():
            gr.Info(escape_toast(translate_text(language_of(request), note)))
        return str(extracted)


def make_preview_slider(elem_id: str, song: gr.Audio, limits: Limits = Limits()) -> gr.Slider:
    """Start of the preview in seconds; by default a third into the song, where there is usually singing."""
    start = gr.Slider(0, 600, value=0, step=1, label=word("preview_from"), elem_id=elem_id)

    # Its range follows the song. A value of the song before may still arrive; the excerpt is then moved into the song.
    start.preprocess = _read_seconds  # type: ignore[method-assign]

    def fit(path: str | None) -> Any:
        try:
            file = open_audio(path, limits) if path else None
        except UserError:  # shown when the task is started
            file = None
        if file is None or not file.frames:
            return gr.update(maximum=600, value=0)
        latest = max(1, int(file.expected_seconds - PREVIEW_SECONDS))
        return gr.update(maximum=latest, value=min(int(file.expected_seconds / 3), latest))

    song.change(fit, song, start, **PRIVATE)
    return start


def _read_seconds(payload: Any) -> float:
    seconds = float(payload or 0)
    if not 0 <= seconds <= Limits().hours * 3600:
        raise ValueError("no position in a song")
    return seconds


def make_player(elem_id: str, label: str, *, visible: bool | Literal["hidden"] = True) -> gr.Audio:
    """Player and download of a result; the file is served unchanged."""
    return gr.Audio(
        label=word(label),
        visible=visible,
        type="filepath",
        interactive=False,
        buttons=["download"],
        waveform_options=WAVEFORM,
        elem_id=elem_id,
    )


def make_picture(label: str, elem_id: str) -> gr.Image:
    """Picture of a result, hidden until there is one; the notes explain it."""
    return gr.Image(
        label=word(label),
        show_label=False,
        type="filepath",
        interactive=False,
        visible="hidden",
        buttons=["fullscreen"],
        elem_id=elem_id,
    )


def name_after(path: Path, *titles: str) -> Path:
    """Rename a result, so that downloads say what they are: `Song - Voice - vocals.flac`."""
    return path.rename(path.with_name(f"{shorten(' - '.join(titles))} - {path.name}"))


def write_zip(archive: Path, files: Mapping[str, Path]) -> Path:
    """Write files to a zip under the given names; uncompressed, since audio files hardly shrink."""
    with zipfile.ZipFile(archive, "w") as zip_file:
        for name, path in files.items():
            zip_file.write(path, name)
    return archive


def make_format_choice() -> gr.Dropdown:
    choices = [(format.label, name) for name, format in FORMATS.items()]
    return gr.Dropdown(choices, value=DEFAULT_FORMAT, label=word("format"))


def make_engine_choice(
    names: Sequence[str], default: str, describe_needs: Callable[..., str], *, settings: Sequence[gr.Radio] = ()
) -> gr.Dropdown:
    """Dropdown of a task's engines with a notice about the selected one.

    `describe_needs` states what must be installed or downloaded, from the request, the name and values of `settings`.
    """
    engine = make_translated_choice("engine", names, "engine", value=default)
    notice = gr.Markdown(word(f"notice_{default}"), elem_classes="hint")

    def show_notice(request: gr.Request, name: str, *values: Any) -> str:
        return f"{translate(request, f'notice_{name}')} {describe_needs(request, name, *values)}"

    changes = [engine.change, *(setting.change for setting in settings)]
    gr.on(changes, show_notice, [engine, *settings], notice, **PRIVATE)
    return engine


def make_translated_choice(
    label: str, names: Sequence[str], prefix: str, *, value: str = "", elem_id: str | None = None
) -> gr.Dropdown:
    """Dropdown whose labels are the words `<prefix>_<name>`; the default is `value`, or the first name.

    Gradio translates labels but not choices, so the choices are sent again in the session's language.
    """
    choice = gr.Dropdown(
        [(translate(None, f"{prefix}_{name}"), name) for name in names],
        label=word(label),
        value=value or names[0],
        elem_id=elem_id,
    )

    def translate_choices(request: gr.Request) -> Any:
        return gr.update(choices=[(translate(request, f"{prefix}_{name}"), name) for name in names])

    set_on_load(translate_choices, choice)
    return choice


def make_voice_choice() -> gr.Dropdown:
    """Dropdown of voices by name. Each session has its own choices, so Gradio can't validate API calls against them."""
    return gr.Dropdown([], label=word("choose_voice"), allow_custom_value=True, elem_id="voice-picker")


def make_consent_choice(elem_id: str) -> gr.Radio:
    """Whose voice it is; no default, since the user has to state it."""

    def list_choices(request: gr.Request | None) -> list[tuple[str, str]]:
        return [(translate(request, f"consent_{name}"), name) for name in CONSENTS]

    def translate_choices(request: gr.Request) -> Any:
        return gr.update(choices=list_choices(request))

    consent = gr.Radio(list_choices(None), label=word("whose_voice"), elem_id=elem_id)
    set_on_load(translate_choices, consent)
    return consent


@dataclass(frozen=True)
class Buttons:
    """The start buttons of a tab, its Stop button and its progress bar."""

    panel: str
    starts: tuple[gr.Button, ...]
    stop: gr.Button
    bar: gr.HTML


def make_buttons(panel: str, label: str, *, more: Sequence[str] = ()) -> Buttons:
    """Primary start button of a tab, `more` start buttons, Stop and the progress bar; labels are also ids.

    The bar greys the results of the job before, which are in the column `<panel>-results`.
    """
    with gr.Row():
        starts = [gr.Button(word(label), variant="primary", elem_id=label, scale=3)]
        starts += [gr.Button(word(other), elem_id=other, scale=2) for other in more]
        stop_button = gr.Button(word("stop"), variant="stop", elem_id=f"{label}-stop", visible=False, scale=1)
    buttons = Buttons(panel, tuple(starts), stop_button, make_job_bar(panel))

    def ask_to_stop(request: gr.Request) -> Any:
        get_stop_requests().stop(request, panel)
        return gr.update(interactive=False)  # until the work has ended

    stop_button.click(ask_to_stop, None, stop_button, js=DISPATCH % (panel, "job-stopping"), **PRIVATE)
    return buttons


def wire_button(
    buttons: Buttons,
    start: gr.Button,
    handler: Handler,
    inputs: Mapping[str, Component],
    outputs: Sequence[Component],
    *,
    optional: Sequence[str] = (),
) -> Dependency:
    """Make an API endpoint named after the handler, and start it by a button; returns the event.

    The keys of `inputs` are the API's parameters and the keys of the handler's values.
    """
    return wire_event(buttons, start.click, handler, inputs, outputs, optional=optional)


def wire_event(
    buttons: Buttons,
    event: Callable[..., Dependency],
    handler: Handler,
    inputs: Mapping[str, Component],
    outputs: Sequence[Component],
    *,
    optional: Sequence[str] = (),
) -> Dependency:
    """As `wire_button`, for any event; a handler whose name begins with `_` is no endpoint."""
    all_buttons = [*buttons.starts, buttons.stop]
    starts = len(buttons.starts)
    disabled = json.dumps([gr.update(interactive=False)] * starts + [gr.update(visible=True, interactive=True)])
    enabled = json.dumps([gr.update(interactive=True)] * starts + [gr.update(visible=False)])
    is_private = handler.__name__.startswith("_")
    visibility: dict[str, Any] = {"api_visibility": "private"} if is_private else {"api_name": handler.__name__}
    recorder = TakeRecorder(buttons.panel, inputs, outputs)
    event(None, None, all_buttons, js=START_JOB % (buttons.panel, disabled), **PRIVATE)
    job = event(
        make_endpoint(add_job_bar(recorder.wrap(handler), len(outputs)), list(inputs), optional),
        list(inputs.values()),
        [*outputs, buttons.bar],
        **visibility,
        show_progress="hidden",  # the bar shows it
        show_progress_on=[],
        concurrency_id=DEVICE_QUEUE,
        concurrency_limit=MAX_QUEUED,
    )
    job.failure(None, None, all_buttons, js=FAIL_JOB % (buttons.panel, enabled), **PRIVATE)
    first = next((output.elem_id for output in outputs if output.visible is True and output.elem_id), None)
    job.success(None, None, all_buttons, js=END_JOB % (json.dumps(first), enabled), **PRIVATE)
    return job
