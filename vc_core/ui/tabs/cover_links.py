"""Links to a cover job and to cover settings; treated as untrusted input."""

import json
import re
from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.errors import UserError
from vc_core.ui.server.jobs import get_jobs
from vc_core.ui.server.sessions import get_library
from vc_core.ui.widgets.controls import PRIVATE
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import word

MAKE_SETTINGS_LINK = """(...values) => {
  const link = new URL(location.origin + location.pathname)
  const names = %s
  link.searchParams.set("tab", "cover")
  names.forEach((name, at) => link.searchParams.set(name, values[at]))
  return link.toString()
}"""
SET_JOB_IN_URL = """(job) => {
  if (!job) return
  const link = new URL(location)
  link.searchParams.set("tab", "cover")
  link.searchParams.set("job", job)
  history.replaceState(null, "", link)
}"""


def make_settings_links(job: gr.Textbox, settings: dict[str, Component], found: gr.Textbox) -> None:
    """Put the job id into the page's URL, make links to settings, and apply the settings of the URL."""
    job.change(None, job, None, js=SET_JOB_IN_URL, **PRIVATE)
    with gr.Row(equal_height=True):
        shared = gr.Textbox(
            label=word("settings_link"), interactive=False, buttons=["copy"], scale=4, elem_id="cover-shared"
        )
        share = gr.Button(word("share_settings"), size="sm", scale=1, min_width=90, elem_id="cover-share")
    share.click(None, list(settings.values()), shared, js=MAKE_SETTINGS_LINK % json.dumps(list(settings)), **PRIVATE)
    parameters = gr.JSON(visible="hidden", label=word("settings_link"))
    set_on_load(_read_url, found, parameters)

    def apply_settings(values: dict[str, str] | None, request: gr.Request) -> list[Any]:
        voices = [voice.name for voice in get_library(request).list()]
        return [read_setting(name, control, (values or {}).get(name), voices) for name, control in settings.items()]

    # After the page's load events, which would reset the voice to the first.
    parameters.change(apply_settings, parameters, list(settings.values()), **PRIVATE)


def _read_url(request: gr.Request) -> list[Any]:
    """The job id of the page's URL, and the settings: those of that job, or else all of the URL's parameters."""
    parameters = {name: str(value)[:100] for name, value in request.query_params.items()}
    if not (job := parameters.get("job")):
        return [gr.skip(), parameters]
    try:
        return [job, dict(get_jobs().status(job).settings)]
    except UserError:  # shown when its result is asked for
        return [job, {}]


def write_settings(values: Mapping[str, Any]) -> dict[str, str]:
    """As links have them, without the song; `read_setting` reads each."""
    known = {name: value for name, value in values.items() if name != "song" and value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in known.items()}


def read_setting(name: str, control: Component, text: str | None, voices: list[str]) -> Any:
    """An update of the control with a link's value; skipped if the value is not valid for it."""
    if text is None:
        return gr.skip()
    match control:
        case gr.Checkbox():
            return gr.update(value=text == "true")
        case gr.Slider():
            number = float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else control.value
            return gr.update(value=min(max(number, control.minimum), control.maximum))
        case gr.Dropdown():
            known = voices if name in ("voice", "backing_voice") else [value for _, value in control.choices]
            return gr.update(value=text) if text in known else gr.skip()
    return gr.skip()
