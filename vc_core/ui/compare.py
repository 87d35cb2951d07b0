"""Source and result beside each other: all play in step, one is heard, and a key changes which."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from vc_core.ui.words import said_to

CSS = """
.compare { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.75rem 1rem;
  background: var(--block-background-fill); display: grid; gap: 0.5rem; }
.compare > div { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 0.75rem; }
.compare button { min-width: 5.5rem; padding: 0.4rem 0.75rem; border-radius: var(--radius-md); font-weight: 600;
  background: var(--button-secondary-background-fill); color: var(--button-secondary-text-color); cursor: pointer; }
.compare input[type=range] { flex: 1 1 8rem; min-width: 6rem; accent-color: var(--color-accent); }
.compare output { font-variant-numeric: tabular-nums; color: var(--body-text-color); }
.compare fieldset { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.35rem; min-width: 0; }
.compare label { position: relative; padding: 0.4rem 0.75rem; border-radius: var(--radius-md); cursor: pointer;
  border: 1px solid var(--border-color-primary); color: var(--body-text-color); }
.compare label input { position: absolute; opacity: 0; inset: 0; margin: 0; cursor: pointer; }
.compare label:has(:checked) { background: var(--primary-700); border-color: var(--primary-700); color: white; }
.compare :is(button, input[type=range]):focus-visible, .compare label:has(:focus-visible) {
  outline: 2px solid var(--color-accent); outline-offset: 2px; }
.compare p { margin: 0; font-size: 0.9rem; color: var(--body-text-color-subdued); }
"""

TEMPLATE = """<div class="compare" role="group">
<div><fieldset></fieldset></div>
<div><button type="button"></button><input type="range" min="0" step="0.01" value="0"><output></output></div>
<p></p></div>"""

SCRIPT = """
const READY_MS = 500, TICK_MS = 50, LOST_SECONDS = 0.4, CLOSE_SECONDS = 0.012, STRETCHED = 0.01
const [box, choices, button, slider, time, hint] =
  [".compare", "fieldset", "button", "input[type=range]", "output", "p"].map((part) => element.querySelector(part))
// 100 dB down nobody hears anything. What is muted, or at 0, browsers take off the device's clock: then it stumbles by
// some 60 ms at each change. On phones that let no page set a volume, muting is the only way.
const HUSHED = 0.00001
const hasVolume = (() => { const probe = new Audio(); probe.volume = 0.5; return probe.volume === 0.5 })()
let players = [], heard = 0, words = {}, ticking = null

const length = () => (players.length ? players[players.length - 1].sound.duration || 0 : 0)
// A result may be slower than its source; then both are gone through in the same share of their lengths.
const speed = ({ sound, from }) => {
  const share = (sound.duration - from) / length()
  return players.stretched && Number.isFinite(share) && Math.abs(share - 1) > STRETCHED ? share : 1
}
const place = (player) => (player.sound.currentTime - player.from) / speed(player)
const put = (player, at) => { player.sound.currentTime = player.from + at * speed(player) }
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`

const show = () => {
  const at = players.length ? Math.min(Math.max(place(players[heard]), 0), length()) : 0
  slider.max = length()
  slider.value = at
  time.textContent = `${clock(at)} / ${clock(length())}`
  slider.setAttribute("aria-valuetext", time.textContent)
  button.textContent = ticking ? words.pause : words.play
}

// Those that are not heard follow the one that is: by a little more or less speed, or with a leap if they are lost.
const follow = () => {
  const lead = players[heard], at = place(lead)
  for (const player of players) {
    if (player === lead || player.sound.ended || player.sound.seeking) continue
    const late = at - place(player), pace = speed(player) / speed(lead)
    if (Math.abs(late) > LOST_SECONDS) put(player, at)
    const haste = Math.abs(late) < CLOSE_SECONDS ? 0 : Math.min(Math.max(3 * late, -0.4), 0.4)
    if (Math.abs(player.sound.playbackRate - pace * (1 + haste)) > 0.001) player.sound.playbackRate = pace * (1 + haste)
  }
  if (lead.sound.ended || at >= length()) { pause(); put(lead, 0) }
  show()
}
const pause = () => {
  clearInterval(ticking)
  ticking = null
  for (const { sound } of players) sound.pause()
  show()
}
// A phone loads nothing before it plays, so nobody waits for long.
const ready = (sound) => new Promise((go) => {
  if (sound.readyState >= sound.HAVE_FUTURE_DATA) return go()
  sound.preload = "auto"
  sound.addEventListener("canplay", go, { once: true })
  setTimeout(go, READY_MS)
})
const play = async () => {
  const at = place(players[heard]) >= length() - 0.05 ? 0 : Math.max(place(players[heard]), 0)
  players.forEach((player) => put(player, at))
  ticking = ticking || setInterval(follow, TICK_MS)
  show()
  await Promise.all(players.map(({ sound }) => ready(sound)))
  try { if (ticking) await Promise.all(players.map(({ sound }) => sound.play())) } catch { pause() }
}
const hear = (which) => {
  const at = place(players[heard])
  heard = which
  players.forEach(({ sound, choice }, index) => {
    if (hasVolume) sound.volume = index === heard ? 1 : HUSHED
    else sound.muted = index !== heard
    choice.checked = index === heard
  })
  if (players[heard].sound.playbackRate !== 1) players[heard].sound.playbackRate = 1
  if (!ticking && players.length) put(players[heard], at)
  show()
}
const leave = () => {
  pause()
  for (const { sound } of players) { sound.removeAttribute("src"); sound.load() }
  players = []
}
const fill = () => {
  leave()
  const given = props.value
  if (!given || !given.tracks) return
  words = given.words
  const name = `heard-${Math.random().toString(36).slice(2)}`
  players = given.tracks.map(({ label, file, from }, index) => {
    const sound = new Audio(), row = document.createElement("label"), choice = document.createElement("input")
    Object.assign(sound, { preload: "metadata", preservesPitch: false, src: file.url })
    Object.assign(choice, { type: "radio", name })
    choice.addEventListener("change", () => hear(index))
    sound.addEventListener("durationchange", show)
    sound.addEventListener("error", () => { if (sound.src) { leave(); box.hidden = true } })
    row.append(choice, label)
    return { sound, from, choice, row }
  })
  players.stretched = given.stretched
  choices.replaceChildren(...players.map(({ row }) => row))
  choices.setAttribute("aria-label", words.heard)
  box.setAttribute("aria-label", words.title)
  slider.setAttribute("aria-label", words.position)
  hint.textContent = words.hint
  box.hidden = false
  box.players = players.map(({ sound }) => sound)
  hear(1)
}
button.addEventListener("click", () => (ticking ? pause() : play()))
slider.addEventListener("input", () => { players.forEach((player) => put(player, Number(slider.value))); show() })
box.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "x" || event.ctrlKey || event.metaKey || event.altKey || !players.length) return
  event.preventDefault()
  hear((heard + 1) % players.length)
})
watch("value", fill)
fill()
"""


@dataclass(frozen=True)
class Takes:
    """Sounds to be compared, by the keys of their words: the source first; the second is heard at first."""

    sounds: Mapping[str, str | None]
    source_from: float = 0.0
    """Where in the source the results begin, if they are of an excerpt."""
    stretched: bool = False
    """The results may be slower or faster than the source."""


def compare_control(elem_id: str) -> gr.HTML:
    """Room for the control; it is seen once there is something to compare."""
    return gr.HTML(
        html_template=TEMPLATE,
        css_template=CSS,
        js_on_load=SCRIPT,
        apply_default_css=False,
        visible="hidden",
        elem_id=elem_id,
    )


def compared(takes: Takes | None, request: gr.Request) -> Any:
    """The control with these sounds, or none if there are less than two."""
    there = {label: path for label, path in takes.sounds.items() if path} if takes else {}
    if takes is None or len(there) < 2:
        return gr.update(value=None, visible="hidden")
    tracks = [
        {
            "label": said_to(request, label),
            "file": FileData(path=path).model_dump(),
            "from": 0.0 if at else takes.source_from,
        }
        for at, (label, path) in enumerate(there.items())
    ]
    words = {
        "title": said_to(request, "compare_title"),
        "heard": said_to(request, "compare_heard"),
        "play": said_to(request, "compare_play"),
        "pause": said_to(request, "compare_pause"),
        "position": said_to(request, "compare_position"),
        "hint": said_to(request, "compare_hint"),
    }
    return gr.update(value={"tracks": tracks, "words": words, "stretched": takes.stretched}, visible=True)
