"""The first two wizard pages of “Train your voice”: upload or record lines, and check recording quality."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.audio import format_clock
from vc_core.errors import Message, UserError
from vc_core.files.reading import open_audio
from vc_core.options import read_options
from vc_core.progress import Progress, name_steps, subprogress
from vc_core.recipes.clean_up import CleanUpOptions, VocalExtraction
from vc_core.recipes.training import ExtractedVocals, extract_vocals
from vc_core.separation import DEFAULT_SEPARATOR
from vc_core.training import TRAINING_METHODS
from vc_core.training.recordings.doctor import Report, examine_recordings
from vc_core.training.recordings.gathering import gather_recordings
from vc_core.training.recordings.phones import Language, choose_language
from vc_core.training.recordings.prompts import GOAL_SECONDS, list_prompts, name_take
from vc_core.training.run.trash import list_trash, move_to_trash, restore
from vc_core.ui.drawing.curves import draw_pitch_histogram
from vc_core.ui.server.endpoints import Values
from vc_core.ui.server.events import run_in_thread, show_errors
from vc_core.ui.server.sessions import STATE_SECONDS, create_results_folder, get_training_folder
from vc_core.ui.server.tasks import start_run
from vc_core.ui.tabs.train_slicing import build_slicing
from vc_core.ui.widgets.controls import PRIVATE, WAVEFORM, make_buttons, wire_button
from vc_core.ui.widgets.delete_button import make_delete_button
from vc_core.ui.widgets.escaping import escape_markdown
from vc_core.ui.widgets.option_controls import make_controls
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import language_of, translate, translate_message, translate_text, translate_to, word

DOCTOR_PANEL = "doctor"
LANGUAGES: dict[Language, str] = {"en": "English", "ko": "한국어"}


@dataclass(frozen=True)
class Recordings:
    """The controls that select the training recordings."""

    files: gr.File
    with_takes: gr.Checkbox
    separate: gr.Checkbox
    denoise: gr.Checkbox
    clean_up: Component
    language: gr.Radio
    """Of the lines to record."""

    @property
    def inputs(self) -> dict[str, Any]:
        names = ("files", "with_takes", "separate", "language", "clean_up")
        return {name: getattr(self, name) for name in names}


def collect_sources(files: Sequence[str] | None, with_takes: bool, request: gr.Request | None) -> list[Path]:
    sources = [Path(file) for file in files or []]
    if with_takes:
        sources += list_takes(request)
    if not sources:
        raise UserError("Bring recordings first, or record some lines.")
    return sources


def read_extraction(values: Values) -> VocalExtraction:
    clean_up = read_options(CleanUpOptions, values).clean_up
    return VocalExtraction(DEFAULT_SEPARATOR if values["separate"] else "", clean_up)


def extract_voice(
    sources: list[Path], extraction: VocalExtraction, folder: Path, progress: Progress, *, method: str = ""
) -> ExtractedVocals:
    """`method` is the training method, which may sort recordings by their folders."""
    if not extraction:
        return ExtractedVocals(sources, [])
    sort = TRAINING_METHODS[method].sort if method else None
    return extract_vocals(sources, folder, extraction, sort=sort, progress=progress)


def list_takes(request: gr.Request | None) -> list[Path]:
    return sorted(_takes_folder(request).glob("line-*"))


def doctor(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Examine recordings before a training: a verdict with reasons and remedies, and a pitch histogram."""
    with start_run(DOCTOR_PANEL, request, progress) as run:
        sources = collect_sources(values["files"], values["with_takes"], request)

        def work(report: Progress) -> tuple[Report, list[str]]:
            with tempfile.TemporaryDirectory() as folder:
                extraction = read_extraction(values)
                separating, examining = split_progress(report, extraction, Message("Checking the recordings"))
                vocals = extract_voice(sources, extraction, Path(folder), separating)
                found = gather_recordings(vocals.sources, Path(folder) / "unpacked")
                language = choose_language(values["language"])
                examined = examine_recordings(found.recordings, language, progress=examining)
                return examined, [*vocals.notes, *found.notes]

        def show(result: tuple[Report, list[str]]) -> list[Any]:
            report, notes = result
            picture = draw_pitch_histogram(report.semitones, create_results_folder() / "pitches.png")
            return [format_report(report, notes, request), str(picture)]

        yield from run.stream(run_in_thread(work), show)


def split_progress(report: Progress, extraction: VocalExtraction, name: Message) -> tuple[Progress, Progress]:
    """Of the separation, and of the work after it, which is named; without a separation, that is all."""
    share = 0.5 if extraction else 0.0
    separating = name_steps(subprogress(report, 0.0, share), Message("Separating"))
    return separating, name_steps(subprogress(report, share, 1.0), name)


def format_report(report: Report, notes: Sequence[str], request: gr.Request | None) -> str:
    language = language_of(request)
    verdict = {"go": "verdict_go", "care": "verdict_care", "no-go": "verdict_no"}[report.verdict]
    paragraphs = [
        f"### {translate(request, verdict)}",
        translate(request, "usable").format(format_clock(report.usable_seconds)),
    ]
    if pitch_range := report.pitch_range_hz:
        paragraphs[-1] += f" {translate(request, 'pitch_range')}: {pitch_range[0]:.0f}–{pitch_range[1]:.0f} Hz."
    if report.clips:
        found, missing = report.coverage.found, report.coverage.missing
        paragraphs[-1] += " " + translate(request, "sounds_heard").format(len(found), len(found + missing))
        paragraphs[-1] += " " + translate(request, "sounds_missing").format(", ".join(missing)) if missing else ""
    for finding in report.findings:
        titles = escape_markdown(", ".join(finding.titles[:8])) + ("…" if len(finding.titles) > 8 else "")
        figures = {
            name: translate_message(language, value) if isinstance(value, Message) else value
            for name, value in finding.figures.items()
        }
        problem, remedy = (
            escape_markdown(translate_to(language, f"{prefix}_{finding.kind}").format(**figures))
            for prefix in ("finding", "remedy")
        )
        paragraphs.append(f"- **{problem}** {remedy} {titles}")
    paragraphs += [f"- {escape_markdown(translate_text(language, note))}" for note in notes]
    pitches = f"{translate(request, 'pitches')}:" if len(report.semitones) else ""
    return "\n\n".join([*paragraphs[:2], "\n".join(paragraphs[2:]), pitches])


def build_recordings_page() -> Recordings:
    gr.Markdown(word("train_recordings_about"), elem_classes="hint")
    files = gr.File(
        label=word("train_files"),
        file_count="multiple",
        file_types=["audio", "video", ".zip"],
        type="filepath",
        height=160,
        elem_id="train-files",
    )
    with gr.Accordion(word("record_lines"), open=False):
        with_takes, language = _build_line_recorder()
    build_slicing()
    with gr.Row():
        separate = gr.Checkbox(label=word("train_separate"), info=word("train_separate_info"))
        denoise = gr.Checkbox(label=word("train_denoise"), info=word("train_denoise_info"))
    clean_up = make_controls(CleanUpOptions)["clean_up"]
    return Recordings(files, with_takes, separate, denoise, clean_up, language)


def build_doctor_page(recordings: Recordings) -> None:
    gr.Markdown(word("doctor_about"), elem_classes="hint")
    buttons = make_buttons(DOCTOR_PANEL, "doctor")
    verdict = gr.Markdown(label="verdict", elem_id="doctor-said")
    picture = gr.Image(
        label="pitches", show_label=False, type="filepath", interactive=False, visible="hidden", buttons=["fullscreen"],
    )  # fmt: skip
    done = wire_button(buttons, buttons.starts[0], doctor, recordings.inputs, [verdict, picture])
    done.success(lambda: gr.update(visible=True), None, picture, **PRIVATE)


def _build_line_recorder() -> tuple[gr.Checkbox, gr.Radio]:
    language = gr.Radio([(label, name) for name, label in LANGUAGES.items()], value="en", label=word("line_language"))
    number = gr.State(0, time_to_live=STATE_SECONDS)
    line = gr.Markdown(elem_id="line-to-say", elem_classes="line")
    take = gr.Audio(
        label=word("take"), sources=["microphone"], type="filepath", waveform_options=WAVEFORM, elem_id="take"
    )
    with gr.Row():
        keep = gr.Button(word("take_keep"), variant="primary", size="sm", elem_id="take-keep")
        skip = gr.Button(word("take_skip"), size="sm", elem_id="take-skip")
        drop = make_delete_button("takes_delete", "takes-delete")
    takes_summary = gr.Markdown(elem_classes="hint", elem_id="takes-kept")
    with_takes = gr.Checkbox(label=word("with_takes"), elem_id="with-takes")

    outputs = [number, line, take, takes_summary, with_takes, drop.delete, drop.undo]
    keep.click(_save_take, [take, number, language], outputs, api_visibility="private", show_progress="hidden")
    skip.click(_skip_line, [number, language], outputs, **PRIVATE)
    drop.wire(_delete_takes, _restore_takes, [number, language], outputs)
    gr.on([language.change], _show_line, [number, language], outputs, **PRIVATE)
    set_on_load(_show_first_line, language, *outputs)
    return with_takes, language


def _show_line(at: int, language: str, request: gr.Request) -> list[Any]:
    lines = list_prompts(language)
    seconds, count = _measure_takes(request)
    summary = translate(request, "takes_kept").format(count, format_clock(seconds), format_clock(GOAL_SECONDS))
    buttons = [gr.update(interactive=count > 0), gr.update(visible=bool(_list_deleted_takes(request)))]
    return [at % len(lines), lines[at % len(lines)], None, summary, gr.update(value=count > 0), *buttons]


def _save_take(path: str | None, at: int, language: str, request: gr.Request) -> list[Any]:
    with show_errors(request):
        if path is None:
            raise UserError("Record the line first: press the microphone.")
        open_audio(path)
        folder = _takes_folder(request)
        folder.mkdir(parents=True, exist_ok=True)
        # A new take of a line replaces the one before.
        shutil.copyfile(path, folder / f"{name_take(language, at)}{Path(path).suffix}")
        return _show_line(at + 1, language, request)


def _skip_line(at: int, language: str, request: gr.Request) -> list[Any]:
    return _show_line(at + 1, language, request)


def _delete_takes(at: int, language: str, request: gr.Request) -> list[Any]:
    if (folder := _takes_folder(request)).is_dir():
        move_to_trash(folder)
    return _show_line(at, language, request)


def _restore_takes(at: int, language: str, request: gr.Request) -> list[Any]:
    if deleted := _list_deleted_takes(request):
        restore(deleted[0])
    return _show_line(at, language, request)


def _list_deleted_takes(request: gr.Request) -> list[Path]:
    folder = _takes_folder(request)
    return [path for path in list_trash(folder.parent) if path.name == folder.name]


def _measure_takes(request: gr.Request) -> tuple[float, int]:
    takes = list_takes(request)
    files = [open_audio(path) for path in takes]
    return sum((file.frames or 0) / file.sample_rate for file in files), len(takes)


def _takes_folder(request: gr.Request | None) -> Path:
    return get_training_folder(request) / ".takes"


def _show_first_line(request: gr.Request) -> list[Any]:
    language = language_of(request)
    language = language if language in LANGUAGES else "en"
    return [language, *_show_line(0, language, request)]
