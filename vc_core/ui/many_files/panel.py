"""The section “Several files” of a tab: the tab's present settings for all of them, in a job that outlives the page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.batch.journal import SOUND_SUFFIXES
from vc_core.errors import UserError
from vc_core.files.results import shorten
from vc_core.ui.many_files.table import FileRow, list_unfinished, read_rows
from vc_core.ui.many_files.view import describe_rows, make_files_view, render_rows
from vc_core.ui.many_files.work import FileWork, ManyFiles, list_own_voices, pack
from vc_core.ui.server.clock import JobStatus
from vc_core.ui.server.endpoints import Handler, Values
from vc_core.ui.server.events import session_of, show_errors, stream_to_page
from vc_core.ui.server.jobs import InTurns, get_jobs
from vc_core.ui.server.sessions import create_results_folder
from vc_core.ui.server.tasks import PageRun, start_run
from vc_core.ui.widgets.controls import PRIVATE, Buttons, make_buttons, wire_event
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import word
from vc_core.voices.library import make_folder_name

MAX_FILES = 100
"""Of one job."""
SET_JOB_IN_URL = """(job) => {
  if (!job) return
  const link = new URL(location)
  link.searchParams.set("tab", "%s")
  link.searchParams.set("files", job)
  link.searchParams.delete("job")
  history.replaceState(null, "", link)
}"""


@dataclass(frozen=True)
class FilesTask:
    """What a tab does with each of several files."""

    panel: str
    name: str
    """Of the endpoint; also the word of the button."""
    inputs: Mapping[str, Component]
    """The settings of the tab, by the API's names."""
    read: Callable[[Values, gr.Request], FileWork]

    def start(self, values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
        with self._run(request, progress) as run:
            sources = dict.fromkeys(values["files"] or ())
            if not sources:
                raise UserError("Choose the files first.")
            if len(sources) > MAX_FILES:
                raise UserError("At most {most} files can be done at once.", most=MAX_FILES)
            settings = {name: value for name, value in values.items() if name != "files"}
            rows = [FileRow(source) for source in sources]
            yield from self._start_job(rows, settings, create_results_folder(), run)

    def retry(self, values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
        """What failed or was stopped, again; what is done stays."""
        with self._run(request, progress) as run:
            job = values["job"]
            begun, rows = get_jobs().status(job).values, read_rows(job)
            if begun.get("panel") != self.panel or get_jobs().status(job).state == "running":
                raise UserError("Choose the files first.")
            rows = [row if row.state == "done" else FileRow(row.source) for row in rows]
            yield from self._start_job(rows, begun["settings"], Path(begun["results"]), run)

    def find(self, values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
        """Wait for a job that was started before."""
        with self._run(request, progress) as run:
            job = values["job"]
            if get_jobs().status(job).values.get("panel") == self.panel:
                yield from _follow(job, replace(run, clock=get_jobs().get_clock(job)))

    def _run(self, request: gr.Request, progress: gr.Progress) -> Any:
        return start_run(f"{self.panel}_files", request, progress)

    def _start_job(self, rows: list[FileRow], settings: Any, results: Path, run: PageRun) -> Iterator[Any]:
        work = self.read(settings, run.request)
        many = ManyFiles(work, {"task": self.name, **settings}, results, rows, run.clock)
        job = get_jobs().start(
            InTurns(many.run),
            owner=session_of(run.request),
            keep=list_own_voices(work),
            values={"panel": self.panel, "settings": dict(settings), "results": str(results)},
            clock=run.clock,
        )
        yield from _follow(job, run)


def _follow(job: str, run: PageRun) -> Iterator[Any]:
    """Yield the table with the progress, and at the end the results; Stop stops the job."""
    shown: Any = None
    try:
        for status in stream_to_page(get_jobs().follow(job), lambda made: None, bar=run.bar, clock=run.clock):
            if run.stopped.is_set():
                get_jobs().stop(job)
            if isinstance(status, JobStatus):
                rows = read_rows(job)
                view = gr.skip() if rows == shown else render_rows(rows, run.request)
                shown = rows
                yield [view, gr.skip(), gr.skip(), job], status
    except UserError:
        was_stopped = run.stopped.is_set() and get_jobs().status(job).state == "stopped"
        yield _show_results(job, run.request), run.clock.read("stopped" if was_stopped else "running")
        if not was_stopped:
            raise
        return
    yield _show_results(job, run.request)


def _show_results(job: str, request: gr.Request) -> list[Any]:
    rows, archive = _pack_results(job)
    return [render_rows(rows, request), describe_rows(rows), archive, job]


def _pack_results(job: str) -> tuple[list[FileRow], str | None]:
    rows, begun = read_rows(job), get_jobs().status(job).values
    archive = pack(rows, Path(begun["results"]), _name_archive(rows, begun["settings"])) if rows else None
    return rows, str(archive) if archive else None


def _name_archive(rows: list[FileRow], settings: Mapping[str, Any]) -> str:
    """After the first song, and the voice or the emotion that all have."""
    more = f" + {len(rows) - 1}" if len(rows) > 1 else ""
    kind = settings.get("voice") or settings.get("emotion") or "stems"
    return shorten(f"{Path(rows[0].source).stem}{more} - {make_folder_name(str(kind))}")


def build_many_files(task: FilesTask) -> None:
    """Place the section here."""
    panel = f"{task.panel}_files"
    with gr.Accordion(word("many_files"), open=False, elem_id=panel) as section:
        gr.Markdown(word("many_about"), elem_classes="hint")
        files = gr.File(
            label=word("many_input"), file_count="multiple", type="filepath", height=160, elem_id=f"{task.name}-input"
        )
        folder = gr.UploadButton(
            word("many_folder"),  # type: ignore[arg-type]
            file_count="directory", type="filepath", size="sm", elem_id=f"{task.name}-folder",
        )  # fmt: skip
        buttons = make_buttons(panel, task.name)
        view = make_files_view(f"{task.name}-table")
        retry = gr.Button(word("many_retry"), visible=False, size="sm", elem_id=f"{task.name}-retry")
        archive = gr.File(label=word("many_archive"), interactive=False, visible="hidden", elem_id=f"{task.name}-zip")
        results = gr.JSON(visible="hidden", label=word("many_results"))
        job, found = (gr.Textbox(visible="hidden", label=word("job"), max_lines=1) for _ in range(2))
    folder.upload(_add_folder, [files, folder], files, api_visibility="private", show_progress_on=files)
    buttons = replace(buttons, starts=(*buttons.starts, retry))
    outputs: list[Component] = [view, results, archive, job]
    _wire(task, buttons, {"files": files, "job": job, "found": found}, outputs)
    job.change(None, job, None, js=SET_JOB_IN_URL % task.panel, **PRIVATE)

    def read_url(request: gr.Request) -> list[Any]:
        parameters = request.query_params
        if parameters.get("tab") != task.panel or not parameters.get("files"):
            return [gr.skip(), gr.skip()]
        return [str(parameters["files"])[:100], gr.update(open=True)]

    set_on_load(read_url, found, section)


def _wire(task: FilesTask, buttons: Buttons, own: Mapping[str, Component], outputs: list[Component]) -> None:
    (start, retry), (_, _, archive, job) = buttons.starts, outputs
    events = (
        (start.click, _name(task.start, task.name), {"files": own["files"], **task.inputs}),
        (retry.click, _name(task.retry, f"_{task.name}_retry"), {"job": own["job"]}),
        (own["found"].change, _name(task.find, f"_{task.name}_find"), {"job": own["found"]}),  # type: ignore[attr-defined]
    )
    for event, handler, inputs in events:
        done = wire_event(buttons, event, handler, inputs, outputs)
        done.then(_show_end, [job, archive], [retry, archive], **PRIVATE)


def _name(method: Handler, name: str) -> Handler:
    def handler(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
        yield from method(values, request, progress)

    handler.__name__ = name
    handler.__doc__ = "Do this with several files, as the settings say: the state of each, a zip of all, and the job."
    return handler


def _show_end(job: str, archive: str | None) -> list[Any]:
    rows = read_rows(job) if job else []
    return [gr.update(visible=bool(list_unfinished(rows))), gr.update(visible=True if archive else "hidden")]


def _add_folder(files: list[str] | None, folder: list[str] | None) -> list[str]:
    """The sound files of a folder, beside those that are there."""
    found = [path for path in folder or () if Path(path).suffix.lower() in SOUND_SUFFIXES]
    found.sort(key=lambda path: Path(path).name)  # browsers list a folder in any order
    return list(dict.fromkeys([*(files or ()), *found]))


def many_result(job: str, request: gr.Request | None = None) -> tuple[list[Any], str | None]:
    """How far a job over several files is: the state of each file, and a zip of the results so far."""
    with show_errors(request):
        rows, archive = _pack_results(job)
        return [*describe_rows(rows)], archive


def many_stop(job: str, request: gr.Request | None = None) -> str:
    """Stop a job over several files; results so far stay."""
    with show_errors(request):
        get_jobs().stop(job)
        return get_jobs().status(job).state


def build_job_endpoints() -> None:
    """For programs, once for all tabs."""
    job = gr.Textbox(visible="hidden", label=word("job"))
    results = gr.JSON(visible="hidden", label=word("many_results"))
    archive = gr.File(visible="hidden", label=word("many_archive"))
    job.submit(many_result, job, [results, archive], api_name="many_result")
    gr.api(many_stop, api_name="many_stop")  # type: ignore[attr-defined]
