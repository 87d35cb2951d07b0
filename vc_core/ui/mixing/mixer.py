"""The mixer of the comparison control: solo, mute and level of each stem. Its script follows that of `compare.py`."""

from vc_core.recipes.mix_stems import HIGHEST_DB, LOWEST_DB

WORDS = ("mixer", "mix", "mix_mute", "mix_solo", "mix_level", "mix_export", "mix_wait")

TEMPLATE = """<details class="mixer"><summary></summary><div class="desk"></div>
<div><button type="button"></button><a download></a></div><p role="status"></p></details>"""

CSS = """
.mixer summary { cursor: pointer; color: var(--body-text-color); }
.mixer .desk { display: grid; gap: 0.35rem; margin: 0.5rem 0; }
.mixer .desk > div { display: flex; flex-wrap: wrap; align-items: center; gap: 0.35rem 0.5rem; }
.mixer .desk span { flex: 0 0 9rem; color: var(--body-text-color); overflow-wrap: anywhere; }
.mixer button { border: 1px solid var(--border-color-primary); }
.mixer .desk button { min-width: 0; padding: 0.25rem 0.6rem; }
.mixer .desk button[aria-pressed=true] { background: var(--primary-700); color: white; }
.mixer .desk output { min-width: 4rem; text-align: right; }
.mixer > div:not(.desk) { display: flex; flex-wrap: wrap; align-items: center; gap: 0.75rem; }
.mixer a { color: var(--link-text-color); overflow-wrap: anywhere; }
"""

SCRIPT = (
    f"const LOWEST_DB = {LOWEST_DB:g}, HIGHEST_DB = {HIGHEST_DB:g}"
    + """
const [desk, summary, save, saved, said] =
  [".desk", "summary", ".mixer > div > button", "a", "[role=status]"].map((part) => element.querySelector(part))
const details = element.querySelector(".mixer")
let stems = [], mixChoice = null

// A muted stem stays silent, also with solo.
const isSilent = (stem) => stem.isMuted || (!stem.isSolo && stems.some(({ isSolo }) => isSolo))
const gainOf = (stem) => (isSilent(stem) ? 0 : 10 ** (stem.db / 20))
const makeToggle = (text, stem, key) => {
  const toggle = document.createElement("button")
  Object.assign(toggle, { type: "button", textContent: text })
  toggle.setAttribute("aria-pressed", false)
  toggle.addEventListener("click", () => {
    stem[key] = !stem[key]
    toggle.setAttribute("aria-pressed", stem[key])
    mixer.hear()
  })
  return toggle
}
const makeStrip = (stem) => {
  const strip = document.createElement("div"), name = document.createElement("span")
  const fader = document.createElement("input"), level = document.createElement("output")
  Object.assign(stem, { db: 0, isMuted: false, isSolo: false })
  Object.assign(fader, { type: "range", min: LOWEST_DB, max: HIGHEST_DB, step: 0.5, value: 0 })
  const showLevel = () => {
    level.textContent = `${stem.db > 0 ? "+" : ""}${stem.db} dB`
    fader.setAttribute("aria-valuetext", level.textContent)
  }
  name.textContent = stem.label
  strip.dataset.stem = stem.stem
  strip.setAttribute("role", "group")
  strip.setAttribute("aria-label", stem.label)
  fader.setAttribute("aria-label", words.mix_level.replace("{}", stem.label))
  fader.addEventListener("input", () => { stem.db = Number(fader.value); showLevel(); mixer.hear() })
  fader.addEventListener("dblclick", () => { fader.value = 0; fader.dispatchEvent(new Event("input")) })
  showLevel()
  const toggles = [makeToggle(words.mix_mute, stem, "isMuted"), makeToggle(words.mix_solo, stem, "isSolo")]
  strip.append(name, ...toggles, fader, level)
  return strip
}
const setSaving = (isSaving) => {
  save.disabled = isSaving
  save.textContent = isSaving ? words.mix_wait : words.mix_export
}
mixer = {
  isHeard: false,
  // At most 1: players can't be louder, so the others are softer.
  volumeOf: (player) => (player.stem ? gainOf(player) / Math.max(1, ...stems.map(gainOf)) : 0),
  hear: () => {
    if (!mixer.isHeard) select(players.indexOf(stems[0]), true)
    else setVolumes()
    mixChoice.checked = true
  },
  load: (group) => {
    stems = players.filter(({ stem }) => stem)
    details.hidden = stems.length < 2
    saved.textContent = said.textContent = ""
    if (details.hidden) return
    const row = document.createElement("label")
    mixChoice = Object.assign(document.createElement("input"), { type: "radio", name: group })
    mixChoice.addEventListener("change", () => mixer.hear())
    row.append(mixChoice, words.mix)
    choices.append(row)
    summary.textContent = words.mixer
    desk.replaceChildren(...stems.map(makeStrip))
    setSaving(false)
  },
}
save.addEventListener("click", () => {
  const levels = Object.fromEntries(stems.filter(gainOf).map(({ stem, db }) => [stem, db]))
  saved.textContent = said.textContent = ""
  setSaving(true)
  trigger("export_mix", { levels })
})
watch("mixed", () => {
  const mixed = props.mixed || {}
  setSaving(false)
  said.textContent = mixed.error || mixed.note || ""
  if (!mixed.file) return
  Object.assign(saved, { href: mixed.file.url, download: mixed.file.orig_name, textContent: mixed.file.orig_name })
  saved.click()
})
"""
)
