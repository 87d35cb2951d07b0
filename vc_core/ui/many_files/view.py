"""The table of a job's files on the page: name, state, progress, and results to play and download."""

from abc import ABCMeta
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from vc_core.ui.many_files.table import FileRow
from vc_core.ui.words import language_of, translate, translate_text

STATE_WORDS = {
    "waiting": "file_waiting",
    "running": "file_running",
    "done": "file_done",
    "failed": "file_failed",
    "stopped": "file_stopped",
}
WORDS = {"title": "many_title", "file": "many_file", "state": "many_state", "results": "many_results"}
WORDS |= {"play": "many_play", "pause": "many_pause", "download": "many_download"}

CSS = """
.many { overflow-x: auto; }
.many table { width: 100%; margin: 0; border-collapse: collapse; border: none !important; font-size: 0.9rem; }
.many :is(thead, tbody, tr) { border: none !important; }
.many :is(th, td) { padding: 0.4rem 0.5rem; text-align: left; vertical-align: top; border: none !important;
  border-bottom: 1px solid var(--border-color-primary) !important; color: var(--body-text-color); }
.many th[scope=row] { font-weight: 600; overflow-wrap: anywhere; min-width: 7.5rem; width: 35%; }
.many td:nth-child(2) { min-width: 5rem; }
.many [role=progressbar] { height: 0.4rem; margin-top: 0.3rem; border-radius: 0.2rem; overflow: hidden;
  border: 1px solid var(--neutral-500); background: var(--background-fill-primary); }
.many i { display: block; height: 100%; background: var(--primary-600); }
.many td > p { margin: 0; overflow-wrap: anywhere; }
.many .made { display: flex; align-items: center; gap: 0.4rem; min-width: 0; margin-bottom: 0.2rem; }
.many .made a { color: var(--link-text-color); overflow-wrap: anywhere; padding: 0.25rem 0; }
.many button { flex: none; min-width: 2rem; min-height: 2rem; border-radius: var(--radius-md); cursor: pointer;
  background: var(--button-secondary-background-fill); color: var(--button-secondary-text-color); }
.many :is(button, a):focus-visible { outline: 2px solid var(--color-accent); outline-offset: 2px; }
@media (max-width: 40rem) {
  .many table, .many tbody, .many tr, .many :is(td, th) { display: block; width: auto; }
  .many thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .many tr { border-bottom: 1px solid var(--border-color-primary) !important; padding: 0.3rem 0; }
  .many :is(td, th) { border-bottom: none !important; padding: 0.15rem 0.25rem; width: auto !important; }
}
"""

TEMPLATE = """<div class="many" hidden><table><thead><tr></tr></thead><tbody></tbody></table></div>"""

SCRIPT = """
const [box, head, body] = [".many", "thead tr", "tbody"].map((part) => element.querySelector(part))
const sound = new Audio()
let playing = null, words = {}, drawn = []

const make = (tag, text = "", attributes = {}) => {
  const made = document.createElement(tag)
  made.textContent = text
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  return made
}
const nameButton = (button, name) => {
  const isPlaying = playing === button.dataset.url
  button.textContent = isPlaying ? "❚❚" : "▶"
  button.setAttribute("aria-label", (isPlaying ? words.pause : words.play).replace("{}", name))
}
const showButtons = () => body.querySelectorAll("button").forEach((one) => nameButton(one, one.dataset.name))
const toggle = (url) => {
  if (playing === url) { sound.pause(); playing = null } else {
    playing = url
    sound.src = url
    sound.play().catch(() => { playing = null; showButtons() })
  }
  showButtons()
}
sound.addEventListener("ended", () => { playing = null; showButtons() })
const makeResult = ({ name, file }) => {
  const row = make("div", "", { class: "made" }), button = make("button", "", { type: "button" })
  Object.assign(button.dataset, { url: file.url, name })
  nameButton(button, name)
  button.addEventListener("click", () => toggle(file.url))
  const link = make("a", name, { href: file.url, download: name, "aria-label": words.download.replace("{}", name) })
  row.append(button, link)
  return row
}
const makeRow = ({ name, state, text, fraction, error, results }) => {
  const row = make("tr", "", { "data-state": state }), what = make("td", text), made = make("td")
  if (state === "running") {
    const percent = Math.floor(100 * fraction), fill = make("i")
    fill.style.width = `${percent}%`
    const bar = make("div", "", { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100,
      "aria-valuenow": percent, "aria-label": name })
    bar.append(fill)
    what.append(` ${percent} %`, bar)
  }
  if (error) made.append(make("p", error))
  made.append(...results.map(makeResult))
  row.append(make("th", name, { scope: "row" }), what, made)
  return row
}
const show = () => {
  const value = props.value
  box.hidden = !value || !value.rows || !value.rows.length
  if (box.hidden) { sound.pause(); drawn = []; body.replaceChildren(); return }
  words = value.words
  const columns = [words.file, words.state, words.results]
  head.replaceChildren(...columns.map((name) => make("th", name, { scope: "col" })))
  body.closest("table").setAttribute("aria-label", words.title)
  // Rows that did not change stay, and with them the focus.
  const rows = value.rows.map((row) => JSON.stringify(row))
  rows.forEach((row, at) => {
    if (row === drawn[at]) return
    const made = makeRow(value.rows[at])
    if (body.children[at]) body.children[at].replaceWith(made)
    else body.append(made)
  })
  while (body.children.length > rows.length) body.lastChild.remove()
  drawn = rows
}
watch("value", show)
show()
"""

# For pages only; see `ui/widgets/job_bar.py`.
_FilesView: type[gr.HTML] = ABCMeta.__new__(
    type(gr.HTML), "FilesView", (gr.HTML,), {"skip_api": property(lambda self: True), "__module__": __name__}
)


def make_files_view(elem_id: str) -> gr.HTML:
    """Create the table, hidden while it is empty; programs don't see it."""
    return _FilesView(
        html_template=TEMPLATE, css_template=CSS, js_on_load=SCRIPT, apply_default_css=False, elem_id=elem_id
    )


def render_rows(rows: Sequence[FileRow], request: gr.Request | None) -> dict[str, Any]:
    """The value of the view."""
    language = language_of(request)
    return {
        "rows": [
            {
                "name": row.name,
                "state": row.state,
                "text": translate(request, STATE_WORDS[row.state]),
                "fraction": round(row.fraction, 2),
                "error": translate_text(language, row.error) if row.error else "",
                "results": [{"name": Path(file).name, "file": FileData(path=file).model_dump()} for file in row.files],
            }
            for row in rows
        ],
        "words": {name: translate(request, key) for name, key in WORDS.items()},
    }


def describe_rows(rows: Sequence[FileRow]) -> list[Mapping[str, Any]]:
    """For programs: names of files in the zip, and errors in English."""
    return [
        {"file": row.name, "state": row.state, "error": row.error, "results": [Path(file).name for file in row.files]}
        for row in rows
    ]
