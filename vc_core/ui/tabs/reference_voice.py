"""“A voice from a recording” in the tab “Convert singer”: a zero-shot voice from some seconds, without training."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.errors import UserError
from vc_core.recipes.reference_voice import DEFAULT_LICENCE, ReferenceVoiceTask
from vc_core.ui.server.endpoints import Values
from vc_core.ui.server.sessions import get_library
from vc_core.ui.server.tasks import return_result, start_run
from vc_core.ui.widgets.controls import PRIVATE, make_buttons, make_consent_choice, make_sound_input, wire_button
from vc_core.ui.widgets.escaping import escape_markdown
from vc_core.ui.widgets.voice_picker import refresh_picker
from vc_core.ui.words import translate, word
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import LONGEST_NAME

PANEL = "reference_voice"


def voice_from_recording(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Make a voice from a short recording, without training; returns a message."""
    with start_run(PANEL, request, progress) as run:
        if values["recording"] is None:
            raise UserError("Choose a recording first.")
        facts = VoiceFacts(values["name"] or "", values["consent"] or "", values["licence"] or "")
        task = ReferenceVoiceTask(Path(values["recording"]), facts, get_library(request), keep=values["keep"])
        made = translate(request, "voice_made")
        yield from run.perform(task, return_result, lambda voice: made.format(escape_markdown(voice.name)))


def build_reference_section(picker: gr.Dropdown) -> None:
    """The new voice becomes the choice of `picker`."""
    with gr.Accordion(word("reference_voice"), open=False, elem_id="reference-voice"):
        gr.Markdown(word("reference_voice_about"), elem_classes="hint")
        recording = make_sound_input(
            "reference", "reference_recording", example=("example_line", "spoken_line.flac"), limits="reference_limits"
        )
        name = gr.Textbox(label=word("voice_name"), max_lines=1, max_length=LONGEST_NAME, elem_id="reference-name")
        consent = make_consent_choice("reference-consent")
        keep = gr.Checkbox(False, label=word("keep_voice"), info=word("keep_voice_info"), elem_id="reference-keep")
        licence = gr.Textbox(DEFAULT_LICENCE, label=word("licence"), max_lines=1, elem_id="reference-licence")
        buttons = make_buttons(PANEL, "make_voice")
        message = gr.Markdown(word("make_voice_empty"), elem_classes="hint", elem_id="reference-said")
    inputs = {"recording": recording, "name": name, "consent": consent, "keep": keep, "licence": licence}
    done = wire_button(buttons, buttons.starts[0], voice_from_recording, inputs, [message])
    done.success(_choose_voice, name, picker, **PRIVATE)


def _choose_voice(name: str, request: gr.Request) -> Any:
    return refresh_picker(name.strip(), request)[0] | {"value": name.strip()}
