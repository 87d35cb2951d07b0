"""The last step of “Train your voice”: how it goes, how it sounds, and stopping, resuming, deleting it."""

import os
import shutil
from collections.abc import Generator, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.errors import UserError
from vc_core.progress import Progress
from vc_core.training.estimate import as_words
from vc_core.training.job import Run, find_run, list_runs
from vc_core.training.publish import publish
from vc_core.training.spec import AT_WORK, Status
from vc_core.training.worker import work
from vc_core.ui.controls import PRIVATE, player
from vc_core.ui.events import GPU, Done, Happening, on_device, relay, sentences
from vc_core.ui.visitors import results_folder, training_folder
from vc_core.ui.words import said_to, word

MOST_POINTS = 300
MOST_SAMPLES = 4
LEASE_SECONDS = 50
"""Of training in one turn on a lent GPU; loading and saving take some more."""


def is_lent() -> bool:
    """On ZeroGPU there is a device only within a lease, and none for a process of its own."""
    return "SPACES_ZERO_GPU" in os.environ


def train_status(run: str, request: gr.Request) -> dict[str, Any]:
    """How a training goes: state, step, steps, message, best step and score, losses, scores, advice, voice."""
    with sentences():
        found = _found(run, request)
        status, advice = found.status(), found.advice()
        shown = ("state", "message", "step", "steps", "best_step", "best_score", "seconds", "voice")
        return {name: getattr(status, name) for name in shown} | {
            "name": found.spec.name,
            "method": found.spec.method,
            "advice": advice.sentence,
            "losses": found.losses()[-MOST_POINTS:],
            "scores": [{"step": step, "score": score} for step, score in found.scores()],
        }


def list_trainings(request: gr.Request) -> list[dict[str, Any]]:
    """All trainings of this visitor, the newest first: id, name, method, state."""
    runs = list_runs(training_folder(request))
    return [{"run": r.id, "name": r.spec.name, "method": r.spec.method, "state": r.status().state} for r in runs]


def train_stop(run: str | None, request: gr.Request) -> str:
    """Stop a training within seconds; the step at hand is kept, and it can be resumed."""
    with sentences():
        found = _found(run, request)
        if found.status().state not in AT_WORK:
            raise UserError("This training is not at work.")
        found.ask_to_stop()
        return "It ends after this step, and keeps it."


def train_resume(run: str | None, request: gr.Request, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:
    """Go on with a training that was stopped or interrupted."""
    with sentences():
        yield from gone_on(_found(run, request), progress)


def gone_on(run: Run, progress: gr.Progress) -> Iterator[Any]:
    """In a process of its own; on a lent GPU lease after lease, for as long as somebody looks on."""
    if not is_lent():
        run.start()
        yield run.id
        return
    run.allow()
    yield run.id
    for happening in _leases(str(run.folder)):
        yield from relay(happening, lambda _: gr.skip(), bar=progress)


def _leases(folder: str) -> Iterator[Generator[Happening[Status], None, None]]:
    run = Run(Path(folder))
    while run.status().state in ("stopped", "interrupted", "waiting") and not run.is_to_stop():
        yield _one_lease(folder)


def _lease(folder: str) -> Generator[Happening[Status], None, None]:
    def train(progress: Progress) -> Status:
        return work(Run(Path(folder)), seconds=LEASE_SECONDS, progress=progress)

    for happening in on_device(train):
        yield happening
        if isinstance(happening, Done):
            return


_one_lease = GPU(duration=LEASE_SECONDS + 30)(_lease)


def take_voice(run: str | None, request: gr.Request) -> str:
    """Put the best voice so far into the library, while the training goes on."""
    with sentences():
        found = _found(run, request)
        return f"“{publish(found, found.status()).name}” is in the library."


def delete_training(run: str | None, request: gr.Request) -> str:
    """Delete a training with all that it has learned; a voice that is in the library stays."""
    with sentences():
        _found(run, request).delete()
        return "It has been deleted."


def _found(run: str | None, request: gr.Request | None) -> Run:
    if not run:
        raise UserError("Choose a training first.")
    return find_run(training_folder(request), run)


def _status_line(run: Run, request: gr.Request) -> str:
    status, spec = run.status(), run.spec
    state = said_to(request, f"state_{status.state}")
    parts = [f"### {escape(spec.name)}: {state}", escape(status.message)]
    if status.steps and status.state not in AT_WORK:
        parts.append(said_to(request, "train_step_of").format(status.step, status.steps, as_words(status.seconds)))
    if status.best_step is not None:
        parts.append(said_to(request, "train_best").format(status.best_step, status.best_score))
        parts.append(said_to(request, f"advice_{run.advice().verdict}").format(status.best_step))
    return "\n\n".join(parts)


def _chart(run: Run) -> dict[str, Any] | None:
    losses = run.losses()
    thinned = losses[:: max(1, len(losses) // MOST_POINTS)]
    rows = [[line["step"], value, name] for line in thinned for name, value in line.items() if name != "step"]
    rows += [[step, score, "score"] for step, score in run.scores()]
    if not rows:
        return None
    kinds = {"step": "quantitative", "value": "quantitative", "curve": "nominal"}
    return {"columns": list(kinds), "data": rows, "datatypes": kinds, "mark": "line"}


def _players(run: Run, step: int | None) -> list[Any]:
    """The first samples of that step; copied to where files are served from."""
    heard = run.samples().get(int(step), {}) if step is not None else {}
    folder = results_folder()
    shown = []
    for name, path in list(heard.items())[:MOST_SAMPLES]:
        copy = folder / f"{run.spec.name}-{step}-{name}.flac"
        shutil.copyfile(path, copy)
        shown.append(gr.update(value=str(copy), label=f"{name} ({step})", visible=True))
    return shown + [gr.update(value=None, visible="hidden") for _ in range(MOST_SAMPLES - len(shown))]


def _watched(run: str | None, step: int | None, request: gr.Request) -> list[Any]:
    """What has changed since; the players only when there is something newer to hear."""
    try:
        found = _found(run, request)
        current, steps, curves = found.status(), list(found.samples()), _chart(found)
        line = _status_line(found, request)
    except (UserError, OSError):  # none is chosen, or it has just been deleted
        return [said_to(request, "trainings_none"), gr.skip(), gr.skip(), gr.Timer(active=False)]
    newest = steps[-1] if steps else None
    choices = gr.update(choices=steps, value=newest, visible=True) if steps and step not in steps[:-1] else gr.skip()
    # A picture that is drawn anew each time would flicker, so it rests when nothing moves.
    drawn = gr.LinePlot(value=curves, visible=True) if curves else gr.skip()
    return [line, drawn, choices, gr.Timer(active=current.state in AT_WORK)]


def _heard(run: str | None, step: int | None, request: gr.Request) -> list[Any]:
    try:
        return _players(_found(run, request), step)
    except UserError:
        return _players_none()


def chosen_again(request: gr.Request) -> Any:
    runs = list_runs(training_folder(request))
    choices = [(f"{run.spec.name} ({run.spec.method})", run.id) for run in runs]
    return gr.update(choices=choices, value=choices[0][1] if choices else None)


def watching_step() -> gr.Dropdown:
    """Gives the picker of trainings: whatever is chosen in it is watched."""
    picker = gr.Dropdown([], label=word("trainings"), elem_id="train-run", allow_custom_value=True)
    status = gr.Markdown(word("trainings_none"), elem_id="train-status")
    with gr.Row():
        stop = gr.Button(word("train_stop"), variant="stop", size="sm", elem_id="train-stop")
        resume = gr.Button(word("train_resume"), size="sm", elem_id="train-resume")
        take = gr.Button(word("train_take"), size="sm", elem_id="train-take")
        delete = gr.Button(word("train_delete"), size="sm", elem_id="train-delete")
    said = gr.Markdown(elem_id="train-said", elem_classes="hint")
    chart = gr.LinePlot(
        None, x="step", y="value", color="curve", label=word("train_chart"), height=260, visible="hidden",
        elem_id="train-chart", x_title=" ", y_title=" ",
    )  # fmt: skip
    heard_at = gr.Dropdown([], label=word("train_heard_at"), visible="hidden", elem_id="train-heard-at")
    players = [player(f"train-sample-{at}", "train_sample", visible="hidden") for at in range(MOST_SAMPLES)]
    timer = gr.Timer(2.0, active=False)

    outputs = [status, chart, heard_at, timer]
    gr.on([picker.change, timer.tick], _watched, [picker, heard_at], outputs, **PRIVATE)
    heard_at.change(_heard, [picker, heard_at], players, **PRIVATE)
    gr.on(None, chosen_again, None, picker, **PRIVATE)
    _wire(picker, (stop, resume, take, delete), said, timer)
    gr.api(train_status, api_name="train_status")  # type: ignore[attr-defined]
    gr.api(list_trainings, api_name="trainings")  # type: ignore[attr-defined]
    return picker


def _wire(picker: gr.Dropdown, buttons: Sequence[gr.Button], said: gr.Markdown, timer: gr.Timer) -> None:
    stop, resume, take, delete = buttons
    stop.click(train_stop, picker, said, api_name="train_stop")
    resume.click(train_resume, picker, picker, api_name="train_resume", show_progress="hidden")
    take.click(take_voice, picker, said, api_name="train_take")
    delete.click(delete_training, picker, said, api_name="train_delete").success(chosen_again, None, picker, **PRIVATE)
    resume.click(lambda: gr.Timer(active=True), None, timer, **PRIVATE)


def _players_none() -> list[Any]:
    return [gr.update(value=None, visible="hidden") for _ in range(MOST_SAMPLES)]
