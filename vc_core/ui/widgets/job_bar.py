"""The progress of a job: step, percentage, elapsed time and time left; greys the results of the job before it.

It starts in the browser at the click, since the server's first answer may take seconds.
"""

from abc import ABCMeta
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import EventListener

from vc_core.errors import Message
from vc_core.progress import Waiting
from vc_core.ui.server.clock import STARTING, JobStatus
from vc_core.ui.server.endpoints import Handler, Values
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import language_of, translate_all, translate_message

WORDS = ("job_progress", "job_left", "job_done", "job_stopped", "job_stopping", "job_failed", "job_earlier", "job_lost")

CSS = """
.job { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.6rem 1rem 0.75rem;
  background: var(--block-background-fill); }
.job p { margin: 0 0 0.4rem; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.1rem 1rem;
  color: var(--body-text-color); }
.job b { font-weight: 600; overflow-wrap: anywhere; }
.job output { font-variant-numeric: tabular-nums; }
.job [role=progressbar] { height: 0.6rem; border-radius: 0.3rem; overflow: hidden;
  background: var(--background-fill-primary); border: 1px solid var(--neutral-500); }
.job i { display: block; height: 100%; background-color: var(--primary-600); transition: width 0.3s linear; }
.job[data-state=running] i { min-width: 0.6rem; background-size: 2rem 100%; animation: job-moves 1s linear infinite;
  background-image: linear-gradient(105deg, transparent 40%, rgb(255 255 255 / 0.35) 50%, transparent 60%); }
.job[data-state=stopped] i, .job[data-state=failed] i { background-color: var(--neutral-500); }
@keyframes job-moves { to { background-position: 2rem 0; } }
@media (prefers-reduced-motion: reduce) { .job i { animation: none !important; transition: none; } }
"""

TEMPLATE = """<div class="job" hidden>
<p><b role="status"></b><output></output></p>
<div role="progressbar" aria-valuemin="0" aria-valuemax="100"><i></i></div>
</div>"""

SCRIPT = """
const LOST_MS = 20000, TICK_MS = 250
const [box, step, numbers, bar, fill] =
  [".job", "b", "output", "[role=progressbar]", "i"].map((part) => element.querySelector(part))
const root = element.closest("[id$=-job]") || element
let words = {}, job = { state: "idle" }, since = 0, clicked = null, ticking = null, made = null

const isRunning = () => job.state === "running"
const formatClock = (seconds) => {
  const whole = Math.max(0, Math.round(seconds)), pad = (number) => String(number).padStart(2, "0")
  const minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600)
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`
}
// Results of the job before stay until there are new ones; so that they can't be mistaken for those, they have a name.
const markResults = () => {
  const results = document.getElementById(root.id.replace(/-job$/, "-results"))
  if (!results) return
  if (made && job.state !== "done") results.dataset.earlier = words.job_earlier.replace("{}", made)
  else delete results.dataset.earlier
}
// From the click on, of which the server knows nothing; or from the job's start, where the page was opened later.
const measureElapsed = () => {
  const now = performance.now(), known = (job.elapsed || 0) + (now - since) / 1000
  return clicked == null ? known : Math.max(known, (now - clicked) / 1000)
}
const show = () => {
  const age = (performance.now() - since) / 1000
  if (isRunning()) job.shown = measureElapsed()
  const elapsed = job.shown || 0
  const percent = Math.floor(100 * (job.fraction || 0))
  const parts = job.waiting ? [] : [`${percent} %`]
  if (job.state !== "done") parts.push(formatClock(elapsed))
  if (isRunning() && job.left != null) parts.push(words.job_left.replace("{}", formatClock(job.left - age)))
  const texts = { done: words.job_done?.replace("{}", formatClock(elapsed)), stopped: words.job_stopped,
    failed: words.job_failed }
  const isLost = isRunning() && performance.now() - since > LOST_MS
  const text = texts[job.state] || (isLost ? words.job_lost : job.stopping ? words.job_stopping : job.step) || ""
  if (step.textContent !== text) step.textContent = text
  numbers.textContent = job.state === "done" ? "" : parts.join(" · ")
  box.dataset.state = job.state
  box.hidden = job.state === "idle"
  fill.style.width = `${100 * (job.fraction || 0)}%`
  bar.setAttribute("aria-valuenow", percent)
  bar.setAttribute("aria-valuetext", `${text} ${numbers.textContent}`)
  bar.setAttribute("aria-label", words.job_progress || "")
}
const change = (next) => {
  job = { ...next, shown: job.shown }
  since = performance.now()
  if (next.state === "done" || next.state === "stopped") { job.shown = measureElapsed(); clicked = null }
  clearInterval(ticking)
  ticking = isRunning() ? setInterval(show, TICK_MS) : null
  markResults()
  show()
}
const take = () => {
  const value = props.value
  if (!value || !value.state) return
  words = value.words || words
  if (value.state === "idle" && job.state !== "idle") return
  const isAgain = isRunning() && value.state === "running"
  const isEnd = ["done", "stopped"].includes(value.state) && value.state !== job.state // the last update comes twice
  change({ ...value, stopping: isAgain && job.stopping })
  if (isEnd) trigger("job_end")
  if (value.state === "done") {
    const at = new Date().toLocaleTimeString(document.documentElement.lang || [], { timeStyle: "short" })
    made = [value.title, at].filter(Boolean).join(", ")
  }
}
root.addEventListener("job-start", () => {
  clicked = performance.now()
  change({ state: "running", step: words.starting || "…", fraction: 0 })
})
root.addEventListener("job-stopping", () => { if (isRunning()) { job.stopping = true; show() } })
root.addEventListener("job-failed", () => { if (isRunning()) { clicked = null; change({ ...job, state: "failed" }) } })
watch("value", take)
take()
"""

DISPATCH = """(...values) => {
  document.getElementById("%s-job")?.dispatchEvent(new CustomEvent("%s"))
  return values
}"""
"""Tell a panel's bar what has happened in the browser: `job-start`, `job-stopping` or `job-failed`."""


# For pages only: programs get progress from Gradio's client. A `class` statement would run Gradio's metaclass, which
# writes a .pyi file beside this one.
_MEMBERS = {
    "skip_api": property(lambda self: True),
    "job_end": EventListener("job_end").listener,
    "__module__": __name__,
}
JobBar: Any = ABCMeta.__new__(type(gr.HTML), "JobBar", (gr.HTML,), _MEMBERS)


def make_job_bar(panel: str) -> gr.HTML:
    """Create the bar of a panel, hidden until a job starts; it marks old results in the column `<panel>-results`."""
    bar: gr.HTML = JobBar(
        html_template=TEMPLATE,
        css_template=CSS,
        js_on_load=SCRIPT,
        apply_default_css=False,
        elem_id=f"{panel}-job",
        elem_classes="job-bar",
    )
    set_on_load(_make_idle, bar)
    return bar


def _make_idle(request: gr.Request) -> dict[str, Any]:
    words = translate_all(request, WORDS)
    words["starting"] = translate_message(language_of(request), STARTING)
    return {"state": "idle", "words": words}


def render_status(status: JobStatus, request: gr.Request | None, title: str = "") -> dict[str, Any]:
    step = status.step
    return {
        "state": status.state,
        "fraction": status.fraction,
        "step": translate_message(language_of(request), step) if isinstance(step, Message) else step,
        "waiting": isinstance(step, Waiting),
        "elapsed": status.elapsed_seconds,
        "left": status.seconds_left,
        "title": title,
    }


def add_job_bar(handler: Handler, outputs: int) -> Handler:
    """Add the bar as the last of the outputs: a `JobStatus`, alone or beside values, moves it; the end ends it."""

    def run(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[list[Any]]:
        last: JobStatus | None = None
        result: list[Any] | None = None  # held until it is known whether it is the last, which programs are given
        title = _name_source(values)
        for shown in handler(values, request, progress):
            if result is not None:
                yield [*result, gr.skip()]
                result = None
            if isinstance(shown, JobStatus):
                shown = (_skip(outputs), shown)
            if isinstance(shown, tuple) and isinstance(shown[-1], JobStatus):
                values_shown, last = shown
                yield [*values_shown, render_status(last, request, title)]
            else:
                result = _as_list(shown, outputs)
        if last is None or last.state == "running":
            elapsed = last.elapsed_seconds if last else 0.0
            done = render_status(JobStatus("done", 1.0, "", elapsed, None), request, title)
            yield [*(result or _skip(outputs)), done]
        elif result is not None:
            yield [*result, gr.skip()]

    run.__name__, run.__doc__ = handler.__name__, handler.__doc__
    return run


def _skip(outputs: int) -> list[Any]:
    return [gr.skip() for _ in range(outputs)]


def _as_list(shown: Any, outputs: int) -> list[Any]:
    if shown == gr.skip():
        return _skip(outputs)
    return list(shown) if isinstance(shown, list | tuple) else [shown]


def _name_source(values: Mapping[str, Any]) -> str:
    """The file that the results are of, and the voice."""
    first = next(iter(values.values()), None)
    names = [Path(first).name] if isinstance(first, str) and "/" in first.replace("\\", "/") else []
    voice = values.get("voice")
    return " · ".join([*names, *([voice] if isinstance(voice, str) and voice != first else [])])
