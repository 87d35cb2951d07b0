"""A/B comparison of source and results: synchronised players of which one is audible; the X key switches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from vc_core.ui.mixing import mixer
from vc_core.ui.words import translate, translate_all

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
<p></p>{}</div>"""

SCRIPT = """
const READY_MS = 500, TICK_MS = 50, SEEK_SECONDS = 0.4, TOLERANCE_SECONDS = 0.012, MIN_STRETCH = 0.01
const [box, choices, button, slider, time, hint] =
  [".compare", "fieldset", "button", "input[type=range]", "output", "p"].map((part) => element.querySelector(part))
// -100 dB is inaudible. Browsers take a player that is muted or at volume 0 off the device's clock, which costs 60 ms
// at each switch. Some phones don't let a page set the volume: there, muting is the only way.
const SILENT_VOLUME = 0.00001
const hasVolume = (() => { const probe = new Audio(); probe.volume = 0.5; return probe.volume === 0.5 })()
let players = [], audible = 0, words = {}, ticking = null, mixer = null

const length = () => (players.length ? players[players.length - 1].audio.duration || 0 : 0)
// A result may have another tempo than its source: then both are played at the same fraction of their lengths.
const speedOf = ({ audio, from }) => {
  const ratio = (audio.duration - from) / length()
  return players.stretched && Number.isFinite(ratio) && Math.abs(ratio - 1) > MIN_STRETCH ? ratio : 1
}
const positionOf = (player) => (player.audio.currentTime - player.from) / speedOf(player)
const seek = (player, at) => { player.audio.currentTime = player.from + at * speedOf(player) }
const formatClock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`

const show = () => {
  const at = players.length ? Math.min(Math.max(positionOf(players[audible]), 0), length()) : 0
  slider.max = length()
  slider.value = at
  time.textContent = `${formatClock(at)} / ${formatClock(length())}`
  slider.setAttribute("aria-valuetext", time.textContent)
  button.textContent = ticking ? words.pause : words.play
}

// Inaudible players follow the audible one: by a slightly changed playback rate, or by a seek if they are far off.
const follow = () => {
  const lead = players[audible], at = positionOf(lead)
  for (const player of players) {
    if (player === lead || player.audio.ended || player.audio.seeking) continue
    const lag = at - positionOf(player)
    if (Math.abs(lag) > SEEK_SECONDS) seek(player, at)
    const most = mixer?.isHeard ? 0.02 : 0.4 // in a mix, a change of the rate is heard
    const correction = Math.abs(lag) < TOLERANCE_SECONDS ? 0 : Math.min(Math.max(3 * lag, -most), most)
    const rate = (speedOf(player) / speedOf(lead)) * (1 + correction)
    if (Math.abs(player.audio.playbackRate - rate) > 0.001) player.audio.playbackRate = rate
  }
  if (lead.audio.ended || at >= length()) { pause(); seek(lead, 0) }
  show()
}
const pause = () => {
  clearInterval(ticking)
  ticking = null
  for (const { audio } of players) audio.pause()
  show()
}
// Phones load nothing before they play, so the wait is short.
const waitUntilReady = (audio) => new Promise((resolve) => {
  if (audio.readyState >= audio.HAVE_FUTURE_DATA) return resolve()
  audio.preload = "auto"
  audio.addEventListener("canplay", resolve, { once: true })
  setTimeout(resolve, READY_MS)
})
const play = async () => {
  const at = positionOf(players[audible]) >= length() - 0.05 ? 0 : Math.max(positionOf(players[audible]), 0)
  players.forEach((player) => seek(player, at))
  ticking = ticking || setInterval(follow, TICK_MS)
  show()
  await Promise.all(players.map(({ audio }) => waitUntilReady(audio)))
  try { if (ticking) await Promise.all(players.map(({ audio }) => audio.play())) } catch { pause() }
}
const setVolumes = () => players.forEach((player, index) => {
  const volume = mixer?.isHeard ? mixer.volumeOf(player) : Number(index === audible)
  if (hasVolume) player.audio.volume = Math.max(volume, SILENT_VOLUME)
  else player.audio.muted = !volume
})
const select = (chosen, isMix = false) => {
  const at = positionOf(players[audible])
  audible = chosen
  if (mixer) mixer.isHeard = isMix
  setVolumes()
  players.forEach(({ choice }, index) => { choice.checked = !isMix && index === audible })
  if (players[audible].audio.playbackRate !== 1) players[audible].audio.playbackRate = 1
  if (!ticking && players.length) seek(players[audible], at)
  show()
}
const unload = () => {
  pause()
  for (const { audio } of players) { audio.removeAttribute("src"); audio.load() }
  players = []
}
const load = () => {
  unload()
  const value = props.value
  if (!value || !value.tracks) return
  words = value.words
  const name = `heard-${Math.random().toString(36).slice(2)}`
  players = value.tracks.map(({ label, file, from, stem }, index) => {
    const audio = new Audio(), row = document.createElement("label"), choice = document.createElement("input")
    Object.assign(audio, { preload: "metadata", preservesPitch: false, src: file.url })
    Object.assign(choice, { type: "radio", name })
    choice.addEventListener("change", () => select(index))
    audio.addEventListener("durationchange", show)
    audio.addEventListener("error", () => { if (audio.src) { unload(); box.hidden = true } })
    row.append(choice, label)
    return { audio, from, choice, row, label, stem }
  })
  players.stretched = value.stretched
  choices.replaceChildren(...players.map(({ row }) => row))
  choices.setAttribute("aria-label", words.heard)
  box.setAttribute("aria-label", words.title)
  slider.setAttribute("aria-label", words.position)
  hint.textContent = words.hint
  box.hidden = false
  box.players = players.map(({ audio }) => audio)
  mixer?.load(name)
  select(1)
}
button.addEventListener("click", () => (ticking ? pause() : play()))
slider.addEventListener("input", () => { players.forEach((player) => seek(player, Number(slider.value))); show() })
box.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "x" || event.ctrlKey || event.metaKey || event.altKey || !players.length) return
  event.preventDefault()
  const isLast = audible === players.length - 1
  if (mixer?.hear && isLast && !mixer.isHeard) mixer.hear()
  else select(isLast || mixer?.isHeard ? 0 : audible + 1)
})
"""

START = """
watch("value", load)
load()
"""


@dataclass(frozen=True)
class Comparison:
    """Sounds to compare, by the word of their label: the source first; the second is audible first."""

    sounds: Mapping[str, str | None]
    source_start_seconds: float = 0.0
    """The second of the source at which the results start, if they are of an excerpt."""
    stretched: bool = False
    """The results may have another tempo than the source."""
    starts_seconds: tuple[float, ...] = ()
    """Where each sound starts to be in step with the others, if it isn't only the source."""
    is_named: bool = False
    """The labels are texts, not words."""
    stems: tuple[str, ...] = ()
    """The sounds that can be mixed: together they are the song."""


def make_compare_control(elem_id: str, *, has_mixer: bool = False) -> gr.HTML:
    """Create the control, hidden until there is something to compare."""
    return gr.HTML(
        html_template=TEMPLATE.format(mixer.TEMPLATE if has_mixer else ""),
        css_template=CSS + (mixer.CSS if has_mixer else ""),
        js_on_load=SCRIPT + (mixer.SCRIPT if has_mixer else "") + START,
        apply_default_css=False,
        visible="hidden",
        elem_id=elem_id,
    )


def update_compare_control(comparison: Comparison | None, request: gr.Request) -> Any:
    """Show these sounds, or hide the control if there are less than two."""
    present = {label: path for label, path in comparison.sounds.items() if path} if comparison else {}
    if comparison is None or len(present) < 2:
        return gr.update(value=None, visible="hidden")
    starts = comparison.starts_seconds or (comparison.source_start_seconds, *[0.0] * (len(present) - 1))
    tracks = [
        {
            "label": label if comparison.is_named else translate(request, label),
            "file": FileData(path=path).model_dump(),
            "from": start,
            "stem": label if label in comparison.stems else "",
        }
        for (label, path), start in zip(present.items(), starts, strict=True)
    ]
    words = {
        "title": translate(request, "compare_title"),
        "heard": translate(request, "compare_heard"),
        "play": translate(request, "compare_play"),
        "pause": translate(request, "compare_pause"),
        "position": translate(request, "compare_position"),
        "hint": translate(request, "compare_hint"),
    }
    if comparison.stems:
        words |= translate_all(request, mixer.WORDS)
    return gr.update(value={"tracks": tracks, "words": words, "stretched": comparison.stretched}, visible=True)
