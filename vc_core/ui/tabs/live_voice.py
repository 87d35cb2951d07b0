"""“Sing live”: the microphone converted while one sings. The sound goes by a socket of its own, see `ui/live`."""

import secrets
from typing import Any

import gradio as gr

from vc_core.conversion.base import HIGHEST_KEY_SHIFT
from vc_core.errors import UserError
from vc_core.ui.live.admission import get_live_sessions
from vc_core.ui.live.converting import Choice
from vc_core.ui.server.events import session_of, show_errors
from vc_core.ui.server.sessions import get_library
from vc_core.ui.widgets.controls import PRIVATE, make_player, make_translated_choice
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import language_of, translate_all, translate_message, word

WORDS = (
    *("stop", "live_start", "live_wait", "live_record", "live_microphone", "live_channel", "live_all_channels"),
    *("live_speaker", "live_default", "live_volume", "live_input", "live_output", "live_network", "live_engine"),
    *("live_total", "live_gaps", "live_headphones", "live_feedback", "live_slow", "live_denied", "live_no_microphone"),
    *("live_insecure", "live_failed", "live_lost"),
)
"""Those of `panel.js`."""

LOOK_AHEADS = {"shortest": 0.0, "short": 0.02, "clearest": 0.04}
"""In seconds; those of instant voices, others have a delay of their own."""

TEMPLATE = """<div class="live" data-live="box" data-state="loading" role="group">
<div><button type="button" data-live="start" disabled></button>
<label class="inline"><input type="checkbox" data-live="record"><span data-word="live_record"></span></label></div>
<p data-live="notice" role="status"></p>
<div class="fields">
<label><span data-word="live_microphone"></span><select data-live="microphone"></select></label>
<label><span data-word="live_channel"></span><select data-live="channel"></select></label>
<label><span data-word="live_speaker"></span><select data-live="speaker" disabled></select></label>
<label><span data-word="live_volume"></span>
<input type="range" data-live="volume" min="0" max="1" step="0.01" value="1"></label></div>
<div class="fields">
<span><span data-word="live_input"></span><meter data-live="input" data-label="live_input"></meter></span>
<span><span data-word="live_output"></span><meter data-live="output" data-label="live_output"></meter></span></div>
<dl><div><dt data-word="live_network"></dt><dd data-live="network">–</dd></div>
<div><dt data-word="live_engine"></dt><dd data-live="engine">–</dd></div>
<div><dt data-word="live_total"></dt><dd data-live="total">–</dd></div>
<div><dt data-word="live_gaps"></dt><dd data-live="gaps">–</dd></div></dl></div>"""

CSS = """
.live { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.75rem 1rem;
  background: var(--block-background-fill); color: var(--body-text-color); display: grid; gap: 0.75rem; }
.live > div { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1rem; }
.live button { min-width: 9rem; padding: 0.5rem 1rem; border-radius: var(--radius-md); font-weight: 600;
  background: var(--button-primary-background-fill); color: var(--button-primary-text-color); cursor: pointer; }
.live[data-state=live] button { background: var(--neutral-600); color: white; }
.live button:disabled { opacity: 0.6; cursor: default; }
.live input[type=checkbox] { appearance: auto; width: 1rem; height: 1rem; accent-color: var(--color-accent); }
.live .inline { display: inline-flex; align-items: center; gap: 0.5rem; }
.live .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); align-items: end; }
.live .fields > * { display: grid; gap: 0.25rem; font-size: 0.9rem; min-width: 0; }
.live select { width: 100%; padding: 0.35rem 0.5rem; border-radius: var(--radius-md); color: var(--body-text-color);
  background: var(--input-background-fill); border: 1px solid var(--border-color-primary); }
.live :is(input[type=range], meter) { width: 100%; height: 1.5rem; accent-color: var(--color-accent); }
.live p { margin: 0; font-size: 0.9rem; color: var(--body-text-color-subdued); }
.live p.error { color: var(--error-text-color, #b91c1c); font-weight: 600; }
.live dl { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0; }
.live dl > div { display: flex; gap: 0.5rem; }
.live dt { color: var(--body-text-color-subdued); }
.live dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; min-width: 3.5rem; }
.live :is(button, select, input):focus-visible { outline: 2px solid var(--color-accent); outline-offset: 2px; }
"""

SCRIPT = """
const events = { ask: () => trigger("ask_for_ticket"), collect: () => trigger("collect_recording") }
const root = window.gradio_config.root.replace(/\\/$/, "")
import(`${root}/live/panel.js`).then(({ setUp }) => setUp(element, props, events, watch))
"""


def build_live_section(voice: gr.Dropdown) -> None:
    """Accordion that converts the microphone live, to the voice selected in `voice`."""
    with gr.Accordion(word("live"), open=False, elem_id="live"):
        gr.Markdown(word("live_about"), elem_classes="hint")
        key = gr.Slider(-HIGHEST_KEY_SHIFT, HIGHEST_KEY_SHIFT, value=0, step=1, label=word("key_shift"))
        look_ahead = make_translated_choice(
            "look_ahead", list(LOOK_AHEADS), "look_ahead", value="short", elem_id="look-ahead"
        )
        panel = gr.HTML(
            html_template=TEMPLATE,
            css_template=CSS,
            js_on_load=SCRIPT,
            apply_default_css=False,
            elem_id="live-panel",
        )
        recorded = make_player("live-recorded", "live_recorded", visible="hidden")
    set_on_load(_send_words, panel)
    chosen: list[Any] = [voice, key, look_ahead]
    panel.ask_for_ticket(issue_ticket, chosen, panel, **PRIVATE)
    panel.collect_recording(collect_recording, None, recorded, **PRIVATE)
    gr.on([control.change for control in chosen], change_choice, chosen, None, **PRIVATE)


def _send_words(request: gr.Request) -> Any:
    return {"words": translate_all(request, WORDS)}


def issue_ticket(voice: str | None, key: float | None, look_ahead: str, request: gr.Request) -> Any:
    """A ticket for a socket of this session, or the reason why there is none."""
    try:
        choice = _choose(voice, key, look_ahead, request)
        answer = {"ticket": get_live_sessions().issue(session_of(request), language_of(request), choice)}
    except UserError as error:
        answer = {"error": translate_message(language_of(request), error)}
    return {**_send_words(request), **answer, "answer": secrets.token_hex(4)}


def change_choice(voice: str | None, key: float | None, look_ahead: str, request: gr.Request) -> None:
    """Change them while singing."""
    with show_errors(request):
        if get_live_sessions().is_singing(session_of(request)):
            get_live_sessions().change(session_of(request), _choose(voice, key, look_ahead, request))


def collect_recording(request: gr.Request) -> Any:
    """Show what was recorded, if there is anything new."""
    path = get_live_sessions().take_recording(session_of(request))
    return gr.update(value=str(path), visible=True) if path else gr.skip()


def _choose(voice: str | None, key: float | None, look_ahead: str, request: gr.Request) -> Choice:
    if not voice:
        raise UserError("Choose a voice first.")
    return Choice(get_library(request).find(voice), key or 0, LOOK_AHEADS[look_ahead])
