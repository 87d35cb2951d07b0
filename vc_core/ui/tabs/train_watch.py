"""The last wizard page of “Train your voice”: status, losses and samples of a training; stop, resume, delete."""

import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from vc_core.device import hold_lease, is_zerogpu
from vc_core.errors import Message, UserError
from vc_core.progress import Progress
from vc_core.training.run.estimate import format_duration
from vc_core.training.run.job import Run, find_run, list_runs
from vc_core.training.run.publish import find_published, publish_voice
from vc_core.training.run.spec import ACTIVE_STATES, State, Status
from vc_core.training.run.trash import list_trash, restore
from vc_core.training.run.worker import train_run
from vc_core.ui.drawing.training_chart import render_training_chart
from vc_core.ui.server.clock import JobClock
from vc_core.ui.server.events import GPU, Done, Event, run_on_device, show_errors, stream_to_page
from vc_core.ui.server.sessions import STATE_SECONDS, create_results_folder, get_training_folder
from vc_core.ui.server.trainings import start_training
from vc_core.ui.widgets.controls import PRIVATE, make_player
from vc_core.ui.widgets.delete_button import make_delete_button
from vc_core.ui.widgets.escaping import escape_markdown
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import language_of, translate, translate_message, translate_text, word

MAX_LOSSES = 300
"""Of the last that the API returns."""
NONE_SHOWN = -1
"""In place of the newest step whose samples are shown."""
MAX_SAMPLES = 4
RESUMABLE_STATES: tuple[State, ...] = ("stopped", "interrupted", "failed")
DELETED = Message("It has been deleted. For a day, this can be undone.")
LEASE_SECONDS = 50
"""Training time in one ZeroGPU lease; loading and saving take some more."""


def train_status(run: str, request: gr.Request) -> dict[str, Any]:
    """Status of a training: state, step, steps, message, best step and score, losses, scores, advice, voice."""
    with show_errors(request):
        found = _find_run(run, request)
        status, advice = found.read_status(), found.get_advice()
        shown = ("state", "message", "step", "steps", "best_step", "best_score", "seconds", "voice")
        return {name: getattr(status, name) for name in shown} | {
            "name": found.spec.name,
            "method": found.spec.method,
            "advice": "" if status.state == "finished" else advice.message,
            "losses": found.read_losses()[-MAX_LOSSES:],
            "scores": [{"step": step, "score": score} for step, score in found.read_scores()],
        }


def list_trainings(request: gr.Request) -> list[dict[str, Any]]:
    """All trainings of this session, the newest first: id, name, method, state."""
    runs = list_runs(get_training_folder(request))
    return [
        {"run": run.id, "name": run.spec.name, "method": run.spec.method, "state": run.read_status().state}
        for run in runs
    ]


def train_stop(run: str | None, request: gr.Request) -> str:
    """Stop a training within seconds; the current step is saved, and it can be resumed."""
    with show_errors(request):
        found = _find_run(run, request)
        if found.read_status().state not in ACTIVE_STATES:
            raise UserError("This training is not at work.")
        found.request_stop()
        return translate_message(language_of(request), Message("It ends after this step, and keeps it."))


def train_resume(run: str | None, request: gr.Request, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:
    """Resume a training that was stopped or interrupted."""
    with show_errors(request):
        yield from run_training(_find_run(run, request), progress)


def run_training(run: Run, progress: gr.Progress, clock: JobClock | None = None) -> Iterator[Any]:
    """Train in a separate process; on ZeroGPU in consecutive leases, while the page is open."""
    if not is_zerogpu():
        start_training(run)
        yield run.id
        return
    run.clear_stop_request()
    yield run.id
    for event in _start_leases(str(run.folder)):
        yield from stream_to_page(event, lambda _: gr.skip(), bar=progress, clock=clock)


def _start_leases(folder: str) -> Iterator[Generator[Event[Status], None, None]]:
    run = Run(Path(folder))
    while run.read_status().state in ("stopped", "interrupted", "waiting") and not run.is_stop_requested():
        yield _train_one_lease(folder)


def _train_leased(folder: str) -> Generator[Event[Status], None, None]:
    def train(progress: Progress) -> Status:
        return train_run(Run(Path(folder)), seconds=LEASE_SECONDS, progress=progress)

    with hold_lease():
        for event in run_on_device(train):
            yield event
            if isinstance(event, Done):
                return


_train_one_lease = GPU(duration=LEASE_SECONDS + 30)(_train_leased)


def take_voice(run: str | None, request: gr.Request) -> str:
    """Add the best voice so far to the library, once; the training continues."""
    with show_errors(request):
        found = _find_run(run, request)
        status = found.read_status()
        known = find_published(found, status.best_step)
        voice = known or publish_voice(found, status)
        name = escape_markdown(voice.name)
        if known:
            message = Message("This version is in the library already, as “{name}”.", name=name)
        elif voice.name != found.spec.name:
            message = Message("It is in the library as “{name}”, beside the voice that had its name.", name=name)
        else:
            message = Message("“{name}” is in the library.", name=name)
        return translate_message(language_of(request), message)


def delete_training(run: str | None, request: gr.Request) -> str:
    """Delete a training and its checkpoints; for a day, the page can undo it. A voice in the library stays."""
    with show_errors(request):
        _find_run(run, request).move_to_trash()
        return translate_message(language_of(request), DELETED)


def _restore_training(run: str | None, request: gr.Request) -> str:
    with show_errors(request):
        if deleted := _list_deleted(request):
            restore(deleted[0])
        return ""


def _list_deleted(request: gr.Request) -> list[Path]:
    return [path for path in list_trash(get_training_folder(request)) if not path.name.startswith(".")]


def _find_run(run: str | None, request: gr.Request | None) -> Run:
    if not run:
        raise UserError("Choose a training first.")
    return find_run(get_training_folder(request), run)


def _format_status(run: Run, status: Status, request: gr.Request) -> str:
    spec = run.spec
    state = translate(request, f"state_{status.state}")
    parts = [
        f"### {escape_markdown(spec.name)}: {state}",
        escape_markdown(translate_text(language_of(request), status.message)),
    ]
    if status.steps and status.state not in ACTIVE_STATES:
        parts.append(
            translate(request, "train_step_of").format(status.step, status.steps, format_duration(status.seconds))
        )
    if status.best_step is not None:
        parts.append(translate(request, "train_best").format(status.best_step, status.best_score))
        if status.state != "finished":
            parts.append(translate(request, f"advice_{run.get_advice().verdict}").format(status.best_step))
    return "\n\n".join(parts)


def _render_chart(run: Run, request: gr.Request) -> str:
    keys = {"step": "chart_step", "score": "chart_score", "losses": "chart_losses"}
    words = {name: translate(request, key) for name, key in keys.items()}
    return render_training_chart(run.read_losses(), run.read_scores(), words)


def _update_players(run: Run, step: int | None) -> list[Any]:
    """Show the first samples of that step, copied to a folder whose files are served."""
    samples = run.list_samples().get(int(step), {}) if step is not None else {}
    folder = create_results_folder()
    shown = []
    for name, path in list(samples.items())[:MAX_SAMPLES]:
        copy = folder / f"{run.spec.name}-{step}-{name}.flac"
        shutil.copyfile(path, copy)
        shown.append(gr.update(value=str(copy), label=f"{name} ({step})", visible=True))
    return shown + _hide_players(MAX_SAMPLES - len(shown))


def _update_watch(run: str | None, step: int | None, newest: int | None, request: gr.Request) -> list[Any]:
    """Update all outputs; the samples follow the newest step unless an older one has been chosen."""
    undo = gr.update(visible=bool(_list_deleted(request)))
    try:
        found = _find_run(run, request)
        current, steps, chart = found.read_status(), list(found.list_samples()), _render_chart(found, request)
        line, buttons = _format_status(found, current, request), _update_buttons(found, current)
    except (UserError, OSError):  # none is selected, or it has just been deleted
        disabled = [gr.update(interactive=False) for _ in range(3)]
        hidden: list[Any] = [gr.update(choices=[], value=None, visible="hidden"), None]
        nothing = [translate(request, "trainings_none"), "", *hidden, gr.Timer(active=False)]
        return [*nothing, *disabled, undo, *_hide_players(MAX_SAMPLES)]
    last = steps[-1] if steps else None
    choices: Any = gr.skip()
    players: list[Any] = [gr.skip() for _ in range(MAX_SAMPLES)]
    if last != newest:
        is_following = step == newest or step not in steps
        choices = gr.update(choices=steps, value=last if is_following else step, visible=True if steps else "hidden")
        players = _update_players(found, last) if is_following else players
    timer = gr.Timer(active=current.state in ACTIVE_STATES)
    return [line, chart, choices, last, timer, *buttons, undo, *players]


def _select_run(run: str | None, request: gr.Request) -> list[Any]:
    return _update_watch(run, None, NONE_SHOWN, request)


def _update_buttons(run: Run, status: Status) -> list[Any]:
    """Stop, Resume and Add to the library, each only when it would do something."""
    can_take = status.best_step is not None and find_published(run, status.best_step) is None
    enabled = (status.state in ACTIVE_STATES, status.state in RESUMABLE_STATES, can_take)
    return [gr.update(interactive=is_enabled) for is_enabled in enabled]


def _update_samples(run: str | None, step: int | None, request: gr.Request) -> list[Any]:
    try:
        return _update_players(_find_run(run, request), step)
    except UserError:
        return _hide_players(MAX_SAMPLES)


def refresh_runs(request: gr.Request) -> Any:
    runs = list_runs(get_training_folder(request))
    choices = [(f"{run.spec.name} ({run.spec.method})", run.id) for run in runs]
    return gr.update(choices=choices, value=choices[0][1] if choices else None)


@dataclass(frozen=True)
class WatchPage:
    picker: gr.Dropdown
    """Its training is shown."""
    outputs: list[Any]

    def show_on(self, trigger: Callable[..., Dependency]) -> None:
        """Show all of it again: updates of a wizard page that was not open yet are lost."""
        trigger(_select_run, self.picker, self.outputs, **PRIVATE)


def build_watch_page() -> WatchPage:
    picker = gr.Dropdown([], label=word("trainings"), elem_id="train-run", allow_custom_value=True)
    status = gr.Markdown(word("trainings_none"), elem_id="train-status")
    with gr.Row():
        stop = gr.Button(word("train_stop"), variant="stop", size="sm", interactive=False, elem_id="train-stop")
        resume = gr.Button(word("train_resume"), size="sm", interactive=False, elem_id="train-resume")
        take = gr.Button(word("train_take"), size="sm", interactive=False, elem_id="train-take")
        delete = make_delete_button("train_delete", "train-delete")
    message = gr.Markdown(elem_id="train-said", elem_classes="hint")
    chart = gr.HTML(elem_id="train-chart")
    sample_step = gr.Dropdown([], label=word("train_heard_at"), visible="hidden", elem_id="train-heard-at")
    players = [make_player(f"train-sample-{at}", "train_sample", visible="hidden") for at in range(MAX_SAMPLES)]
    timer = gr.Timer(2.0, active=False)
    newest = gr.State(time_to_live=STATE_SECONDS)

    outputs = [status, chart, sample_step, newest, timer, stop, resume, take, delete.undo, *players]
    page = WatchPage(picker, outputs)
    page.show_on(picker.change)
    timer.tick(_update_watch, [picker, sample_step, newest], outputs, **PRIVATE)
    sample_step.input(_update_samples, [picker, sample_step], players, **PRIVATE)
    set_on_load(refresh_runs, picker)
    page.show_on(stop.click(train_stop, picker, message, api_name="train_stop").then)
    page.show_on(take.click(take_voice, picker, message, api_name="train_take").then)
    resume.click(train_resume, picker, picker, api_name="train_resume", show_progress="hidden")
    resume.click(lambda: gr.Timer(active=True), None, timer, **PRIVATE)
    for event in delete.wire(delete_training, _restore_training, [picker], [message], api_name="train_delete"):
        page.show_on(event.success(refresh_runs, None, picker, **PRIVATE).then)
    gr.api(train_status, api_name="train_status")  # type: ignore[attr-defined]
    gr.api(list_trainings, api_name="trainings")  # type: ignore[attr-defined]
    return page


def _hide_players(count: int) -> list[Any]:
    return [gr.update(value=None, visible="hidden") for _ in range(count)]
