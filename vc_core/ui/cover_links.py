"""Links to a cover in the making, and to the settings of one: written by anybody, and so believed in nothing."""

import json
import re
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.ui.controls import PRIVATE
from vc_core.ui.visitors import library_of
from vc_core.ui.words import word

LINK_OF_SETTINGS = """(...values) => {
  const link = new URL(location.origin + location.pathname)
  const names = %s
  link.searchParams.set("tab", "cover")
  names.forEach((name, at) => link.searchParams.set(name, values[at]))
  return link.toString()
}"""
ADDRESS_OF_JOB = """(job) => {
  if (!job) return
  const link = new URL(location)
  link.searchParams.set("tab", "cover")
  link.searchParams.set("job", job)
  history.replaceState(null, "", link)
}"""


def settings_links(job: gr.Textbox, settings: dict[str, Component], found: gr.Textbox) -> None:
    """The address of the page names the job, so that a reload, or a friend, finds it; and may hold settings."""
    job.change(None, job, None, js=ADDRESS_OF_JOB, **PRIVATE)
    with gr.Row(equal_height=True):
        shared = gr.Textbox(
            label=word("settings_link"), interactive=False, buttons=["copy"], scale=4, elem_id="cover-shared"
        )
        share = gr.Button(word("share_settings"), size="sm", scale=1, min_width=90, elem_id="cover-share")
    share.click(None, list(settings.values()), shared, js=LINK_OF_SETTINGS % json.dumps(list(settings)), **PRIVATE)
    asked = gr.JSON(visible="hidden", label=word("settings_link"))
    gr.on(None, _asked_for, None, [found, asked], **PRIVATE)

    def restored(wanted: dict[str, str] | None, request: gr.Request) -> list[Any]:
        voices = [voice.name for voice in library_of(request).list()]
        return [taken(name, part, (wanted or {}).get(name), voices) for name, part in settings.items()]

    # A step later than what every visit begins with, or the voice would be set back to the first.
    asked.change(restored, asked, list(settings.values()), **PRIVATE)


def _asked_for(request: gr.Request) -> tuple[Any, dict[str, str]]:
    asked = {name: str(value)[:100] for name, value in request.query_params.items()}
    return asked.get("job") or gr.skip(), asked


def taken(name: str, part: Component, wanted: str | None, voices: list[str]) -> Any:
    """A setting from a link, or nothing if it can't be one: links are written by anybody."""
    if wanted is None:
        return gr.skip()
    match part:
        case gr.Checkbox():
            return gr.update(value=wanted == "true")
        case gr.Slider():
            number = float(wanted) if re.fullmatch(r"-?\d+(\.\d+)?", wanted) else part.value
            return gr.update(value=min(max(number, part.minimum), part.maximum))
        case gr.Dropdown():
            known = voices if name in ("voice", "backing_voice") else [value for _, value in part.choices]
            return gr.update(value=wanted) if wanted in known else gr.skip()
    return gr.skip()
