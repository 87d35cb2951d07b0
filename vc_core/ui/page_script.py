"""Browser script of the whole page: keyboard and focus, dropped files, and plain sentences for refused ones."""

import json

from vc_core.ui.words import LANGUAGES

WORDS = ("file_refused", "file_only_one")

_SCRIPT = """() => {
  const ALL_WORDS = %s
  const say = (key, name) => {
    const words = ALL_WORDS[document.documentElement.lang.slice(0, 2)] || ALL_WORDS.en
    return words[key].replace("{}", name)
  }

  // Gradio gives the waveform of an empty player an aria-label that its role doesn't allow, and only in English.
  const empty = "div.empty[aria-label]"
  // The button around an image has neither a name nor a function, so it is removed from the tab order.
  const nameless = ".image-container > button:not([aria-label], [aria-hidden])"
  // A waveform that is wider than its player can be scrolled, so the keyboard has to reach it. It is in a shadow tree.
  const waveforms = ".waveform-container > div > div"
  const watched = new WeakSet()
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    const scroll = target.closest(".scroll"), player = target.getRootNode().host?.closest("[data-testid]")
    if (!player || scroll.scrollWidth <= scroll.clientWidth) return scroll.removeAttribute("tabindex")
    scroll.tabIndex = 0
    scroll.setAttribute("role", "group")
    scroll.setAttribute("aria-label", player.dataset.testid.replace("waveform-", ""))
  }))
  const watchWaveform = ({ shadowRoot }) => {
    if (!shadowRoot || watched.has(shadowRoot)) return
    watched.add(shadowRoot)
    shadowRoot.querySelectorAll(".scroll, .wrapper").forEach((part) => sizes.observe(part))
  }
  const fix = () => {
    document.querySelectorAll(waveforms).forEach(watchWaveform)
    document.querySelectorAll(empty).forEach((waveform) => waveform.removeAttribute("aria-label"))
    document.querySelectorAll(nameless).forEach((button) => {
      button.setAttribute("aria-hidden", "true")
      button.tabIndex = -1
    })
    // Gradio lists MIME types.
    document.querySelectorAll("[data-testid=toast-text]").forEach((toast) => {
      const refused = toast.textContent.match(/^Invalid file types?(?:: (.*?)\\. Only )?/)
      if (refused) toast.textContent = say("file_refused", refused[1] || "").replace(/: *$/, ".")
    })
  }

  // Tabs as in the ARIA Authoring Practices: arrow keys, Home and End.
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.("[role=tab]")
    if (!tab || event.ctrlKey || event.altKey || event.metaKey) return
    const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]:not(:disabled)")]
    const at = tabs.indexOf(tab), last = tabs.length - 1
    const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }
    if (!(event.key in next)) return
    event.preventDefault()
    tabs[next[event.key]].click()
    tabs[next[event.key]].focus()
  })

  // A start button is disabled while its job runs: the focus goes to Stop, and back at the end.
  let latest = null, started = null
  document.addEventListener("focusin", (event) => {
    latest = event.target
    if (started && latest !== started && !latest.id.endsWith("-stop")) started = null
  })
  const keepFocus = () => {
    const active = document.activeElement
    if (active && active !== document.body && active.isConnected && !active.disabled) return
    const stop = latest?.closest(".row")?.querySelector("button[id$=-stop]:not(:disabled)")
    if (latest?.disabled && stop && stop !== latest) {
      started = latest
      stop.focus({ preventScroll: true })
    } else if (started?.isConnected && !started.disabled) started.focus({ preventScroll: true })
  }

  // The audio component takes one audio file, and none once it has one. Its neighbour “Use the audio of a video” takes
  // any file with sound, so it gets the others.
  const findVideoInput = (zone) =>
    document.getElementById(`${zone.id}-video`)?.closest(".other-sources")?.querySelector("input[type=file]")
  const findZone = (event) => {
    const zone = event.target.closest?.(".block[id]")
    return zone && (findVideoInput(zone) || zone.querySelector("input[type=file]")) ? zone : null
  }
  const note = (zone, text) => {
    zone.parentElement.querySelectorAll(":scope > .file-note").forEach((old) => old.remove())
    if (!text) return
    const line = Object.assign(document.createElement("p"), { className: "file-note", textContent: text })
    line.setAttribute("role", "status")
    zone.after(line)
  }
  document.addEventListener("dragover", (event) => { if (findZone(event)) event.preventDefault() }, true)
  document.addEventListener("drop", (event) => {
    const files = [...(event.dataTransfer?.files ?? [])], zone = findZone(event)
    if (!zone || !files.length) return
    const input = zone.querySelector("input[type=file]"), video = findVideoInput(zone)
    const isRefused = video && files[0].type && !/^(audio|video)\\//.test(files[0].type)
    const isAlone = files.length === 1 || (input && input.multiple)
    note(zone, isRefused ? say("file_refused", files[0].name)
      : isAlone ? "" : say("file_only_one", files[0].name))
    const isTaken = input && !isRefused && files[0].type.startsWith("audio/") && isAlone
    if (!video || isTaken) return
    event.preventDefault()
    event.stopPropagation()
    if (isRefused) return
    const chosen = new DataTransfer()
    chosen.items.add(files[0])
    video.files = chosen.files
    video.dispatchEvent(new Event("change", { bubbles: true }))
  }, true)

  const options = { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] }
  new MutationObserver(() => { fix(); keepFocus() }).observe(document.body, options)
  fix()
}"""


def make_script() -> str:
    texts = {name: {key: language.words[key] for key in WORDS} for name, language in LANGUAGES.items()}
    return _SCRIPT % json.dumps(texts, ensure_ascii=False)
