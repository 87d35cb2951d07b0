"""“Cut a long recording” on the first page of “Train your voice”: slices as a zip file."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.audio import format_clock
from vc_core.errors import UserError
from vc_core.options import read_options
from vc_core.progress import Progress, subprogress
from vc_core.recipes.slice import Slices, SlicingOptions, SlicingTask
from vc_core.recipes.task import perform
from vc_core.ui.server.endpoints import Values
from vc_core.ui.server.events import run_in_thread
from vc_core.ui.server.sessions import create_results_folder
from vc_core.ui.server.tasks import start_run
from vc_core.ui.widgets.controls import make_buttons, wire_button, write_zip
from vc_core.ui.widgets.option_controls import make_controls
from vc_core.ui.words import translate, translate_notes, word

PANEL = "slice"


def slice(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Cut long recordings at silences into slices to train on: a zip of them, and how many there are."""
    with start_run(PANEL, request, progress) as run:
        if not values["recordings"]:
            raise UserError("Choose a recording first.")
        recordings = [Path(path) for path in values["recordings"]]
        options = read_options(SlicingOptions, values)

        def work(report: Progress) -> tuple[Slices, Path]:
            with tempfile.TemporaryDirectory() as folder:
                made = perform(SlicingTask(recordings, Path(folder), options), subprogress(report, 0.0, 0.9))
                archive = create_results_folder() / "slices.zip"
                return made, write_zip(archive, {path.name: path for path in made.files})

        def show(result: tuple[Slices, Path]) -> list[Any]:
            made, archive = result
            counted = translate(request, "slices_made").format(len(made.files), format_clock(made.seconds))
            return [str(archive), "\n\n".join([counted, *translate_notes(request, made.notes)])]

        yield from run.stream(run_in_thread(work), show)


def build_slicing() -> None:
    """Needs no device, so it does not wait for one."""
    with gr.Accordion(word("slice_title"), open=False):
        gr.Markdown(word("slice_about"), elem_classes="hint")
        recordings = gr.File(
            label=word("train_files"), file_count="multiple", file_types=["audio", "video", ".zip"], type="filepath",
            height=120, elem_id="slice-files",
        )  # fmt: skip
        with gr.Row():
            settings = make_controls(SlicingOptions, ["min_seconds", "max_seconds"])
        with gr.Accordion(word("advanced"), open=False):
            settings |= make_controls(
                SlicingOptions,
                ["threshold_db", "min_silence_seconds", "retained_silence_seconds", "hop_seconds", "format_name"],
            )
        buttons = make_buttons(PANEL, "slice")
        notes = gr.Markdown(elem_id="slice-notes", elem_classes="hint")
        archive = gr.File(label=word("slices"), interactive=False, elem_id="slices")
    wire_button(
        buttons, buttons.starts[0], slice, {"recordings": recordings, **settings}, [archive, notes],
    )  # fmt: skip
