"""Voices to hear before one is chosen: a sample of the chosen voice, and a list that can be searched.

It asks the server by one event, also for the list, so a page that nobody opens it on carries none of it.
"""

from secrets import token_hex
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import FileData

from vc_core.conversion import CONVERTERS
from vc_core.conversion.suitable_voices import rank_voices
from vc_core.cover.key_advisor import format_note, hz_to_notes
from vc_core.ui.server.events import explain
from vc_core.ui.server.sessions import get_library
from vc_core.ui.server.sung_ranges import get_sung_ranges
from vc_core.ui.server.voice_samples import make_sample
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import language_of, translate, translate_all, translate_message
from vc_core.voices.library import Voice

WORDS = ("shelf_title", "shelf_hear", "shelf_hear_one", "shelf_wait", "shelf_all", "shelf_search", "shelf_none", "stop")
MAX_ASKED = 16
"""Answers that are made at once."""

TEMPLATE = """<div class="shelf" role="group">
<button type="button" data-hear=""></button>
<details><summary></summary><input type="search"><p></p><ul></ul></details>
<p role="status"></p></div>"""

CSS = """
.shelf { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.5rem 0.75rem;
  background: var(--block-background-fill); color: var(--body-text-color); display: flex; flex-wrap: wrap;
  align-items: flex-start; gap: 0.5rem 0.75rem; }
.shelf button { padding: 0.35rem 0.75rem; border-radius: var(--radius-md); font-weight: 600; cursor: pointer;
  background: var(--button-secondary-background-fill); color: var(--button-secondary-text-color);
  border: 1px solid var(--border-color-primary); }
.shelf details { flex: 1 1 12rem; min-width: 0; }
.shelf details[open] { flex-basis: 100%; }
.shelf summary { padding: 0.35rem 0; cursor: pointer; }
.shelf input { width: 100%; padding: 0.4rem 0.6rem; border-radius: var(--radius-md); color: var(--body-text-color);
  background: var(--input-background-fill); border: 1px solid var(--neutral-500); }
.shelf ul { list-style: none; margin: 0.5rem 0 0; padding: 0; max-height: 18rem; overflow-y: auto; }
.shelf li { display: flex; align-items: flex-start; gap: 0.5rem; padding: 0.2rem; }
.shelf li > :last-child { flex: 1; min-width: 0; text-align: left; font-weight: 400; display: grid; }
.shelf [aria-pressed=true] { outline: 2px solid var(--color-accent); outline-offset: -2px; }
.shelf p { margin: 0.35rem 0 0; font-size: 0.9rem; color: var(--body-text-color-subdued); }
.shelf p[role=status] { flex-basis: 100%; margin: 0; }
.shelf p:empty { display: none; }
.shelf small { color: var(--body-text-color-subdued); overflow-wrap: anywhere; }
.shelf :is(button, input, summary):focus-visible { outline: 2px solid var(--color-accent); outline-offset: 2px; }
"""

SCRIPT = """
const [box, hear, details, summary, search, note, list, status] =
  [".shelf", "[data-hear]", "details", "summary", "input", "details p", "ul", "[role=status]"].map((part) =>
    element.querySelector(part))
const sound = new Audio()
let words = {}, voices = [], heard = null, state = "idle", ready = null
const ask = (kind, voice) => trigger("ask", { kind, voice })

const show = () => {
  for (const button of element.querySelectorAll("[data-hear]")) {
    const name = button.dataset.hear, now = name === heard ? state : "idle"
    const text = { waiting: words.shelf_wait, playing: words.stop }[now]
      || (name ? words.shelf_hear_one.replace("{}", name) : words.shelf_hear)
    const mark = { waiting: "…", playing: "■" }[now] || "▶"
    button.textContent = name ? mark : `${mark} ${text}`
    button.setAttribute("aria-label", text)
  }
  for (const choice of list.querySelectorAll("li > :last-child")) {
    choice.setAttribute("aria-pressed", choice.parentElement.dataset.name === props.chosen)
  }
}
const setState = (next) => { state = next; show() }
// Some browsers refuse a sound that comes seconds after the click: the next click plays it.
const play = (url) => {
  if (sound.src !== url) sound.src = url
  ready = url
  setState("playing")
  sound.play().then(() => { ready = null }).catch(() => setState("idle"))
}
const toggle = (name) => {
  status.textContent = ""
  const isIts = name === heard
  if (isIts && state === "waiting") return
  sound.pause()
  if (isIts && state === "playing") return setState("idle")
  if (isIts && ready) return play(ready)
  heard = name
  ready = null
  setState("waiting")
  ask("hear", name)
}
const make = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text, ...more })
const makeRow = (voice) => {
  const row = make("li", ""), sample = make("button", "▶", { type: "button" })
  const choice = make("button", "", { type: "button" })
  row.dataset.name = sample.dataset.hear = voice.name
  const facts = [voice.engine, voice.range, voice.shift].filter(Boolean).join(" · ")
  choice.append(make("b", voice.name), make("span", facts), make("small", `${voice.about} · ${voice.licence}`))
  choice.addEventListener("click", () => ask("choose", voice.name))
  sample.addEventListener("click", () => toggle(voice.name))
  row.append(sample, choice)
  return row
}
const filter = () => {
  const wanted = search.value.toLowerCase().split(/\\s+/)
  const found = voices.filter((voice) => {
    const text = Object.values(voice).join(" ").toLowerCase()
    return wanted.every((one) => text.includes(one))
  })
  list.replaceChildren(...(found.length ? found.map(makeRow) : [make("li", words.shelf_none)]))
  show()
}
const take = () => {
  const value = props.value || {}
  if (value.words) {
    words = value.words
    summary.textContent = words.shelf_all
    search.placeholder = words.shelf_search
    search.setAttribute("aria-label", words.shelf_search)
    box.setAttribute("aria-label", words.shelf_title)
    show()
  }
  if (value.voices) { voices = value.voices; note.textContent = value.note; filter() }
  if (value.heard === heard && state === "waiting") {
    if (value.sample) play(value.sample.url)
    else { status.textContent = value.error; setState("idle") }
  }
}
hear.addEventListener("click", () => toggle(""))
details.addEventListener("toggle", () => { if (details.open) ask("list", "") })
search.addEventListener("input", filter)
sound.addEventListener("ended", () => setState("idle"))
watch("value", take)
// What the main button plays is the voice chosen before.
watch("chosen", () => {
  if (heard === "") { sound.pause(); heard = ready = null; state = "idle" }
  show()
})
box.sound = sound
take()
"""


def make_voice_shelf(picker: gr.Dropdown, song: gr.Audio) -> gr.HTML:
    """Below a voice picker; `song` is what the voices may suit. Its prop `chosen` follows the picker."""
    shelf = gr.HTML(
        html_template=TEMPLATE,
        css_template=CSS,
        js_on_load=SCRIPT,
        apply_default_css=False,
        elem_id=f"{picker.elem_id}-shelf",
        chosen=picker.value,
    )
    set_on_load(_send_words, shelf)
    shelf.ask(
        answer,
        [picker, song],
        [shelf, picker],
        trigger_mode="multiple",
        concurrency_limit=MAX_ASKED,
        show_progress="hidden",
        show_progress_on=[],
        api_visibility="private",
    )
    return shelf


def _send_words(request: gr.Request) -> Any:
    return {"words": translate_all(request, WORDS)}


def answer(chosen: str | None, song: str | None, asked: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
    """Of the shelf: list the voices, play a sample (of the chosen voice, if none is named), or choose a voice."""
    kind, name = getattr(asked, "kind", ""), str(getattr(asked, "voice", ""))
    if kind == "list":
        return list_voices(song, request), gr.skip()
    if kind == "hear":
        return _hear(name, name or chosen or "", request), gr.skip()
    is_known = any(voice.name == name for voice in get_library(request).list())
    return gr.skip(), name if kind == "choose" and is_known else gr.skip()


def _hear(heard: str, name: str, request: gr.Request) -> dict[str, Any]:
    try:
        sample = FileData(path=str(make_sample(name, request)))
    except Exception as error:  # noqa: BLE001 - the boundary to the page
        sentence = translate_message(language_of(request), explain(error))
        return {"heard": heard, "error": sentence, "answer": token_hex(4)}  # the page hears of a value that is another
    return {"heard": heard, "sample": sample.model_dump()}


def list_voices(song: str | None, request: gr.Request) -> dict[str, Any]:
    """All voices; those that suit the song first, if its pitch range is known."""
    voices, sung_hz = get_library(request).list(), get_sung_ranges().recall(song)
    ranked = rank_voices(voices, sung_hz) if sung_hz else []
    shifts = {one.voice.name: f"{one.shift_semitones:+d}" if one.shift_semitones else "0" for one in ranked}
    unranked = [voice for voice in voices if voice.name not in shifts]
    shown = [_describe(voice, request) for voice in (*(one.voice for one in ranked), *unranked)]
    for voice in shown:
        shift = shifts.get(voice["name"])
        voice["shift"] = translate(request, "shelf_shift").format(shift) if shift else ""
    note = translate(request, "shelf_suits").format(format_range(sung_hz)) if sung_hz else ""
    return {"voices": shown, "note": note or translate(request, "shelf_unknown")}


def _describe(voice: Voice, request: gr.Request) -> dict[str, str]:
    card = voice.card
    engine = translate(request, f"engine_{card.engine}") if card.engine in CONVERTERS else card.engine
    pitches = format_range(card.pitch_range_hz) if card.pitch_range_hz else ""
    return {"name": voice.name, "engine": engine, "range": pitches, "about": card.origin, "licence": card.licence}


def format_range(range_hz: tuple[float, float]) -> str:
    return "–".join(format_note(note) for note in hz_to_notes(np.array(range_hz)))
