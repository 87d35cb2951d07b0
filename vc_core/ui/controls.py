"""The controls that all tabs share, so that a sound, a button and a result look and act alike everywhere."""

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

from vc_core.reading import open_audio
from vc_core.ui.events import sentences, stop
from vc_core.ui.visitors import results_folder
from vc_core.ui.words import said_to, word
from vc_core.writing import DEFAULT_FORMAT, FORMATS, AudioWriter

EXAMPLES_FOLDER = Path(__file__).parents[2] / "examples"

DEVICE_QUEUE = "device"
"""Work that needs the device shares this queue, whichever tab it comes from."""

MOST_IN_LINE = 16
"""So many are let in to wait in the device's own line, where they see their place and can stop; each takes a thread."""

WAVEFORM = gr.WaveformOptions(waveform_color="#94a3b8", waveform_progress_color="#0d9488")

PRIVATE: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
"""For events that only move the page itself."""

LOOK_AT = """() => {
  const part = document.getElementById(%s), { top, bottom } = part ? part.getBoundingClientRect() : {}
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  if (bottom > innerHeight || top < 0) part.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" })
  return []
}"""
"""On a phone, progress and result are below the button; whoever has pressed it wants to see them."""


def sound_input(
    elem_id: str,
    label: str,
    *,
    example: tuple[str, str] | None = None,
    another: tuple[str, str] | None = None,
    limits: str = "limits",
) -> gr.Audio:
    """A sound to work on: dropped, chosen, recorded, taken from a video, or an example (its word and file)."""
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
        for at, given in enumerate((example, another)):
            if given and (path := EXAMPLES_FOLDER / given[1]).is_file():
                button = gr.Button(word(given[0]), size="sm", elem_id=f"{elem_id}-{('example', 'another')[at]}")
                button.click(partial(str, path), None, sound, **PRIVATE)
        video = gr.UploadButton(
            word("open_video"),  # type: ignore[arg-type]
            size="sm",
            file_types=["video", "audio"],
            type="filepath",
            elem_id=f"{elem_id}-video",
        )
    video.upload(_sound_of_video, video, sound, api_visibility="private", show_progress_on=sound)
    return sound


def _sound_of_video(path: str) -> str:
    """Gradio's audio component takes no videos, and browsers play no AIFF; as FLAC it takes and plays both."""
    with sentences():
        source = open_audio(path)
        extracted = results_folder() / f"{Path(path).stem}.flac"
        with AudioWriter(extracted, source.sample_rate, source.channels) as writer:
            for block in source.blocks():
                writer.write(block)
        for note in writer.notes():
            gr.Info(note)
        return str(extracted)


def player(elem_id: str, label: str, *, visible: bool | Literal["hidden"] = True) -> gr.Audio:
    """A result to listen to and download; the file is served as it was written."""
    return gr.Audio(
        label=word(label),
        visible=visible,
        type="filepath",
        interactive=False,
        buttons=["download"],
        waveform_options=WAVEFORM,
        elem_id=elem_id,
    )


def picture(label: str, elem_id: str) -> gr.Image:
    """A picture of a result, unseen until there is one; what it shows is told in the notes."""
    return gr.Image(
        label=word(label),
        show_label=False,
        type="filepath",
        interactive=False,
        visible="hidden",
        buttons=["fullscreen"],
        elem_id=elem_id,
    )


def packed(archive: Path, files: Mapping[str, Path]) -> Path:
    """Files in a zip by the names that they have in it; not compressed, since sound files hardly get any smaller."""
    with zipfile.ZipFile(archive, "w") as zip_file:
        for name, path in files.items():
            zip_file.write(path, name)
    return archive


def format_choice() -> gr.Dropdown:
    choices = [(format.label, name) for name, format in FORMATS.items()]
    return gr.Dropdown(choices, value=DEFAULT_FORMAT, label=word("format"))


def engine_choice(
    names: Sequence[str], default: str, needs: Callable[..., str], *, settings: Sequence[gr.Radio] = ()
) -> gr.Dropdown:
    """The methods of a task, and under them what is to be known of the chosen one.

    `needs` tells what it still lacks: from the request, its name and the values of `settings`.
    """
    engine = translated_choice("engine", names, "engine", value=default)
    notice = gr.Markdown(word(f"notice_{default}"), elem_classes="hint")

    def notice_of(request: gr.Request, name: str, *values: Any) -> str:
        return f"{said_to(request, f'notice_{name}')} {needs(request, name, *values)}"

    changes = [engine.change, *(setting.change for setting in settings)]
    gr.on(changes, notice_of, [engine, *settings], notice, **PRIVATE)
    return engine


def translated_choice(
    label: str, names: Sequence[str], prefix: str, *, value: str = "", elem_id: str | None = None
) -> gr.Dropdown:
    """Each name's word is `<prefix>_<name>`; the first is chosen, or `value`.

    Gradio translates labels but not choices, so those are sent again in the visitor's language.
    """
    choice = gr.Dropdown(
        [(said_to(None, f"{prefix}_{name}"), name) for name in names],
        label=word(label),
        value=value or names[0],
        elem_id=elem_id,
    )

    def choices(request: gr.Request) -> Any:
        return gr.update(choices=[(said_to(request, f"{prefix}_{name}"), name) for name in names])

    gr.on(None, choices, None, choice, **PRIVATE)
    return choice


def voice_choice() -> gr.Dropdown:
    """A voice by its name. The choices are each visitor's own, so Gradio can't check a program's call against them."""
    return gr.Dropdown([], label=word("choose_voice"), allow_custom_value=True, elem_id="voice-picker")


@dataclass(frozen=True)
class Buttons:
    """What starts the work of a tab, and the one that ends it."""

    panel: str
    starts: tuple[gr.Button, ...]
    stop: gr.Button


def start_and_stop(panel: str, label: str, *, more: Sequence[str] = ()) -> Buttons:
    """The one main button of a tab, `more` that start the same in another way, and Stop; labels are also ids."""
    with gr.Row():
        starts = [gr.Button(word(label), variant="primary", elem_id=label, scale=3)]
        starts += [gr.Button(word(other), elem_id=other, scale=2) for other in more]
        stop_button = gr.Button(word("stop"), variant="stop", elem_id=f"{label}-stop", visible=False, scale=1)
    buttons = Buttons(panel, tuple(starts), stop_button)

    def ask_to_stop(request: gr.Request) -> Any:
        stop(request, panel)
        return gr.update(interactive=False)  # until the work has really ended

    stop_button.click(ask_to_stop, None, stop_button, **PRIVATE)
    return buttons


def run_on_device(
    buttons: Buttons,
    start: gr.Button,
    handler: Callable[..., Any],
    inputs: Sequence[Component],
    outputs: Sequence[Component],
    *,
    api_name: str,
) -> Dependency:
    """Wire a button to its handler; gives the event, for what shall follow it."""
    all_buttons = [*buttons.starts, buttons.stop]
    # What is hidden shows no progress either.
    watched = next((part for part in outputs if part.visible is True), outputs[0])

    def busy() -> list[Any]:
        return [gr.update(interactive=False) for _ in buttons.starts] + [gr.update(visible=True, interactive=True)]

    def free() -> list[Any]:
        return [gr.update(interactive=True) for _ in buttons.starts] + [gr.update(visible=False)]

    start.click(busy, None, all_buttons, js=LOOK_AT % json.dumps(watched.elem_id), **PRIVATE)
    job = start.click(
        handler,
        list(inputs),
        list(outputs),
        api_name=api_name,
        show_progress_on=watched,
        concurrency_id=DEVICE_QUEUE,
        concurrency_limit=MOST_IN_LINE,
    )
    job.then(free, None, all_buttons, **PRIVATE)
    job.failure(free, None, all_buttons, **PRIVATE)
    return job
