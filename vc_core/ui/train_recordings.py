"""The first two steps of “Train your voice”: recordings, brought or made line by line, and the doctor."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.audio import clock
from vc_core.curves import draw_pitches
from vc_core.errors import UserError
from vc_core.progress import Progress, part_of
from vc_core.reading import open_audio
from vc_core.recipes.training import separation_seconds, vocals_of
from vc_core.separation import DEFAULT_SEPARATOR
from vc_core.training.doctor import Report, examine
from vc_core.training.prompts import GOAL_SECONDS, prompts, take_name
from vc_core.training.recordings import gather
from vc_core.training.sounds import Language, choose_language
from vc_core.ui.controls import PRIVATE, WAVEFORM
from vc_core.ui.events import in_steps, relay, sentences
from vc_core.ui.visitors import results_folder, training_folder
from vc_core.ui.words import said_to, word

LANGUAGES: dict[Language, str] = {"en": "English", "ko": "한국어"}


@dataclass(frozen=True)
class Recordings:
    """The controls in which a person says what to train on."""

    files: gr.File
    with_takes: gr.Checkbox
    separate: gr.Checkbox
    denoise: gr.Checkbox
    language: gr.Radio
    """Of the lines."""

    @property
    def inputs(self) -> list[Any]:
        return [self.files, self.with_takes, self.separate, self.language]


def sources_of(files: Sequence[str] | None, with_takes: bool, request: gr.Request | None) -> list[Path]:
    sources = [Path(file) for file in files or []]
    if with_takes:
        sources += takes_of(request)
    if not sources:
        raise UserError("Bring recordings first, or record some lines.")
    return sources


def without_music(sources: list[Path], separate: bool, folder: Path, progress: Progress) -> list[Path]:
    if not separate:
        return sources
    return vocals_of(_songs_in(sources, folder), folder / "vocals", DEFAULT_SEPARATOR, progress=progress)


def separating_seconds(sources: list[Path], separate: bool, folder: Path, progress: Progress) -> float:
    if not separate:
        return 0.0
    return separation_seconds(_songs_in(sources, folder), folder, DEFAULT_SEPARATOR, progress=progress)


def _songs_in(sources: list[Path], folder: Path) -> list[Path]:
    """Those in zip files, too."""
    return [recording.path for recording in gather(sources, folder / "songs").recordings]


def takes_of(request: gr.Request | None) -> list[Path]:
    return sorted(_takes_folder(request).glob("line-*"))


def doctor(
    files: list[str] | None,
    with_takes: bool,
    separate: bool,
    language: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """Examine recordings before a training: a verdict with reasons and remedies, and a picture of the pitches."""
    with sentences():
        sources = sources_of(files, with_takes, request)

        def work(report: Progress) -> tuple[Report, list[str]]:
            with tempfile.TemporaryDirectory() as folder:
                plain = without_music(sources, separate, Path(folder), part_of(report, 0.0, 0.5))
                found = gather(plain, Path(folder) / "unpacked")
                heard = examine(found.recordings, choose_language(language), progress=part_of(report, 0.5, 1.0))
                return heard, found.notes

        def shown(result: tuple[Report, list[str]]) -> list[Any]:
            report, notes = result
            picture = draw_pitches(report.semitones, results_folder() / "pitches.png")
            return [described(report, notes, request), str(picture)]

        yield from relay(in_steps(work), shown, bar=progress)


def described(report: Report, notes: Sequence[str], request: gr.Request | None) -> str:
    verdict = {"go": "verdict_go", "care": "verdict_care", "no-go": "verdict_no"}[report.verdict]
    parts = [f"### {said_to(request, verdict)}", said_to(request, "usable").format(clock(report.usable_seconds))]
    if reach := report.pitch_range_hz:
        parts[-1] += f" {said_to(request, 'pitch_range')}: {reach[0]:.0f}–{reach[1]:.0f} Hz."
    if report.patients:
        heard, missing = report.coverage.heard, report.coverage.missing
        parts[-1] += " " + said_to(request, "sounds_heard").format(len(heard), len(heard + missing))
        parts[-1] += " " + said_to(request, "sounds_missing").format(", ".join(missing)) if missing else ""
    for finding in report.findings:
        titles = ", ".join(escape(title) for title in finding.titles[:8]) + ("…" if len(finding.titles) > 8 else "")
        said, remedy = (said_to(request, f"{what}_{finding.kind}") for what in ("finding", "remedy"))
        said, remedy = escape(said.format(**finding.figures)), escape(remedy.format(**finding.figures))
        parts.append(f"- **{said}** {remedy} {titles}")
    parts += [f"- {escape(note)}" for note in notes]
    pitches = f"{said_to(request, 'pitches')}:" if len(report.semitones) else ""
    return "\n\n".join([*parts[:2], "\n".join(parts[2:]), pitches])


def recordings_step() -> Recordings:
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
        with_takes, language = _recording_line_by_line()
    with gr.Row():
        separate = gr.Checkbox(label=word("train_separate"), info=word("train_separate_info"))
        denoise = gr.Checkbox(label=word("train_denoise"), info=word("train_denoise_info"))
    return Recordings(files, with_takes, separate, denoise, language)


def doctor_step(recordings: Recordings) -> None:
    gr.Markdown(word("doctor_about"), elem_classes="hint")
    button = gr.Button(word("doctor"), variant="primary", elem_id="train-doctor")
    said = gr.Markdown(elem_id="doctor-said")
    picture = gr.Image(show_label=False, type="filepath", interactive=False, visible="hidden", buttons=["fullscreen"])
    done = button.click(doctor, recordings.inputs, [said, picture], api_name="doctor", show_progress_on=said)
    done.success(lambda: gr.update(visible=True), None, picture, **PRIVATE)


def _recording_line_by_line() -> tuple[gr.Checkbox, gr.Radio]:
    language = gr.Radio([(label, name) for name, label in LANGUAGES.items()], value="en", label=word("line_language"))
    number = gr.State(0)
    line = gr.Markdown(elem_id="line-to-say", elem_classes="line")
    take = gr.Audio(
        label=word("take"), sources=["microphone"], type="filepath", waveform_options=WAVEFORM, elem_id="take"
    )
    with gr.Row():
        keep = gr.Button(word("take_keep"), variant="primary", size="sm", elem_id="take-keep")
        skip = gr.Button(word("take_skip"), size="sm", elem_id="take-skip")
        drop = gr.Button(word("takes_delete"), size="sm", variant="stop", elem_id="takes-delete")
    kept = gr.Markdown(elem_classes="hint", elem_id="takes-kept")
    with_takes = gr.Checkbox(label=word("with_takes"), elem_id="with-takes")

    outputs = [number, line, take, kept, with_takes]
    keep.click(_keep_take, [take, number, language], outputs, api_visibility="private", show_progress="hidden")
    skip.click(_skip_line, [number, language], outputs, **PRIVATE)
    drop.click(_delete_takes, [number, language], outputs, **PRIVATE)
    gr.on([language.change], _shown_line, [number, language], outputs, **PRIVATE)
    gr.on(None, _language_of, None, language, **PRIVATE).then(_shown_line, [number, language], outputs, **PRIVATE)
    return with_takes, language


def _shown_line(at: int, language: str, request: gr.Request) -> list[Any]:
    lines = prompts(language)
    seconds, count = _kept_seconds(request)
    told = said_to(request, "takes_kept").format(count, clock(seconds), clock(GOAL_SECONDS))
    return [at % len(lines), lines[at % len(lines)], None, told, gr.update(value=count > 0)]


def _keep_take(path: str | None, at: int, language: str, request: gr.Request) -> list[Any]:
    with sentences():
        if path is None:
            raise UserError("Record the line first: press the microphone.")
        open_audio(path)
        folder = _takes_folder(request)
        folder.mkdir(parents=True, exist_ok=True)
        # Said again, a line replaces the take before.
        shutil.copyfile(path, folder / f"{take_name(language, at)}{Path(path).suffix}")
        return _shown_line(at + 1, language, request)


def _skip_line(at: int, language: str, request: gr.Request) -> list[Any]:
    return _shown_line(at + 1, language, request)


def _delete_takes(at: int, language: str, request: gr.Request) -> list[Any]:
    shutil.rmtree(_takes_folder(request), ignore_errors=True)
    return _shown_line(at, language, request)


def _language_of(request: gr.Request) -> str:
    return "ko" if said_to(request, "stop") != said_to(None, "stop") else "en"


def _kept_seconds(request: gr.Request) -> tuple[float, int]:
    takes = takes_of(request)
    files = [open_audio(path) for path in takes]
    return sum((file.frames or 0) / file.sample_rate for file in files), len(takes)


def _takes_folder(request: gr.Request | None) -> Path:
    return training_folder(request) / ".takes"
