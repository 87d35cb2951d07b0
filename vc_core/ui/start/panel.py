"""The tab “Start”: five steps from a song to the mix, each a link to its tab, and the example at each of them.

The sounds were made beforehand by `examples/make_stages.py`, so the first click plays them at once.
"""

import json
from pathlib import Path

import gradio as gr
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.words import LANGUAGES, word

STEPS = {
    "song": "separate_vocals",
    "separate": "separate_vocals",
    "convert": "convert_singer",
    "emotion": "add_emotion",
    "mix": "cover",
}
"""The tab that each step opens; the sound of a step is `static/<step>.mp3`."""
WORDS = (
    "start_hear", "start_hear_one", "start_heard", "start_made", "stop", "start_song", "start_song_about",
    "start_separate", "start_separate_about", "start_convert", "start_convert_about", "start_emotion",
    "start_emotion_about", "start_mix", "start_mix_about",
)  # fmt: skip
CLIPS = Path(__file__).parent / "static"
ROUTES = [Mount("/example", StaticFiles(directory=CLIPS))]

CARD = """<li data-step="{}"><a href="?tab={}"></a><p></p><button type="button"></button></li>"""
TEMPLATE = f"""<div class="way"><div><button type="button"></button><p role="status"></p></div>
<ol>{"".join(CARD.format(*step) for step in STEPS.items())}</ol><p></p></div>"""

CSS = """
.way { display: grid; gap: 0.75rem; color: var(--body-text-color); }
.way ol { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 0.75rem 1.5rem;
  margin: 0; padding: 0; list-style: none; counter-reset: step; }
.way > div { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1rem; }
.way li { display: grid; grid-template: auto 1fr / 1fr auto; gap: 0.35rem 0.5rem; align-items: start;
  padding: 0.75rem 1rem; border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg);
  counter-increment: step; background: var(--block-background-fill); position: relative; }
@media (min-width: 1150px) {
  .way li + li::before { content: "→"; position: absolute; left: -1.3rem; top: 1.1rem; }
}
.way li[aria-current] { outline: 2px solid var(--color-accent); outline-offset: -1px; }
.way a { font-size: 1.1rem; font-weight: 600; color: var(--link-text-color); padding: 0.25rem 0; }
.way a::before { content: counter(step) ". "; }
.way p { margin: 0; color: var(--body-text-color-subdued); }
.way p:empty { display: none; }
.way li p { grid-column: 1 / -1; }
.way li button { grid-area: 1 / 2; }
.way button { min-width: 2.5rem; padding: 0.4rem 0.75rem; border-radius: var(--radius-md); font-weight: 600;
  cursor: pointer; background: var(--button-secondary-background-fill); color: var(--button-secondary-text-color);
  border: 1px solid var(--border-color-primary); }
.way > div button { padding: 0.6rem 1.25rem; font-size: 1.05rem; background: var(--button-primary-background-fill);
  color: var(--button-primary-text-color); }
.way :is(a, button):focus-visible { outline: 2px solid var(--color-accent); outline-offset: 2px; }
"""

SCRIPT = """
const ALL_WORDS = %s
const words = ALL_WORDS[navigator.language.slice(0, 2).toLowerCase()] || ALL_WORDS.en
const [box, tour, status, note] = [".way", ".way > div button", "[role=status]", ".way > p"]
  .map((part) => element.querySelector(part))
const steps = [...element.querySelectorAll("li")].map((card) => ({ card, name: card.dataset.step,
  link: card.querySelector("a"), about: card.querySelector("p"), hear: card.querySelector("button") }))
const root = window.gradio_config.root.replace(/\\/$/, "")
const sound = new Audio()
let heard = null, isTour = false

const label = (button, text, mark, isShort) => {
  button.textContent = isShort ? mark : `${mark} ${text}`
  button.setAttribute("aria-label", text)
}
const show = () => {
  const isOn = isTour && heard
  label(tour, isOn ? words.stop : words.start_hear, isOn ? "■" : "▶")
  for (const step of steps) {
    const isHeard = step === heard
    label(step.hear, isHeard ? words.stop : words.start_hear_one.replace("{}", step.title), isHeard ? "■" : "▶", true)
    if (isHeard) step.card.setAttribute("aria-current", "step")
    else step.card.removeAttribute("aria-current")
  }
  status.textContent = heard ? words.start_heard.replace("{}", heard.title) : ""
}
const stop = () => { sound.pause(); heard = null; show() }
const play = (step) => {
  heard = step
  sound.src = `${root}/example/${step.name}.mp3`
  sound.play().catch(() => { if (heard === step) stop() })
  show()
}
const start = (step, goesOn) => { isTour = goesOn; play(step) }
tour.addEventListener("click", () => (isTour && heard ? stop() : start(steps[0], true)))
for (const step of steps) {
  step.hear.addEventListener("click", () => (step === heard ? stop() : start(step, false)))
  step.link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    stop()
    trigger("open_tab", { name: new URL(step.link.href).searchParams.get("tab") })
  })
}
sound.addEventListener("ended", () => {
  const next = steps[steps.indexOf(heard) + 1]
  if (isTour && next) play(next)
  else stop()
})
for (const step of steps) {
  step.title = step.link.textContent = words[`start_${step.name}`]
  step.about.textContent = words[`start_${step.name}_about`]
}
note.textContent = words.start_made
box.sound = sound
show()
"""
"""It has its words in all languages, so it need not wait for the server."""


def build_start_panel(tab_links: TabLinks) -> None:
    gr.Markdown(word("start_about"), elem_classes="about")
    texts = {name: {key: language.words[key] for key in WORDS} for name, language in LANGUAGES.items()}
    way = gr.HTML(
        html_template=TEMPLATE,
        css_template=CSS,
        js_on_load=SCRIPT % json.dumps(texts, ensure_ascii=False),
        apply_default_css=False,
        elem_id="way",
    )
    tab_links.add_opener(way)
