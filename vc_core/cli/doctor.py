"""`vc doctor`: check whether recordings are good enough for training, with remedies."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from vc_core.cli.console import out, show_errors, show_notes, show_progress, show_result
from vc_core.cli.scripting.report import get_report

if TYPE_CHECKING:  # importing it is slow
    from vc_core.training.recordings.doctor import Report

COLOURS = {"go": "green", "care": "yellow", "no-go": "red"}


def doctor(
    recordings: Annotated[list[Path], typer.Argument(help="Sound files, folders, or zip files of them.")],
    language: Annotated[str, typer.Option(help="Whose sounds are looked for: en or ko.")] = "en",
) -> None:
    """Examine recordings before a training. Exit code 2 if they should not be used as they are."""
    from vc_core.training.recordings.doctor import examine_recordings
    from vc_core.training.recordings.gathering import gather_recordings
    from vc_core.training.recordings.phones import choose_language

    with show_errors(), tempfile.TemporaryDirectory() as folder, show_progress("Listening") as progress:
        found = gather_recordings(recordings, Path(folder))
        report = examine_recordings(found.recordings, choose_language(language), progress=progress)
    if get_report():
        report_findings(report, found.notes)
    else:
        print_findings(report, found.notes)
    if report.verdict == "no-go":
        raise typer.Exit(2)


def report_findings(report: "Report", notes: Sequence[str]) -> None:
    """For `--json`."""
    show_notes(*notes)
    findings = [
        {"message": one.message, "remedy": one.remedy, "severity": one.severity, "recordings": one.titles}
        for one in report.findings
    ]
    show_result(
        "",
        verdict=report.verdict,
        usable_seconds=report.usable_seconds,
        pitch_range_hz=report.pitch_range_hz,
        sounds_share=report.coverage.share if report.clips else None,
        findings=findings,
    )


def print_findings(report: "Report", notes: Sequence[str]) -> None:
    out.print(f"[{COLOURS[report.verdict]}]{report.verdict}[/]: {report.usable_seconds / 60:.1f} minutes can be used.")
    if pitch_range := report.pitch_range_hz:
        out.print(f"Pitch: {pitch_range[0]:.0f} to {pitch_range[1]:.0f} Hz.")
    if report.clips:
        missing = ", ".join(report.coverage.missing) or "none"
        out.print(f"Sounds of the language: {report.coverage.share:.0%} of them are heard. Missing: {missing}.")
    for note in notes:
        out.print(escape(note))
    for finding in report.findings:
        out.print(f"- {escape(finding.message)} {escape(finding.remedy)}")
        for title in finding.titles:
            out.print(f"    {escape(title)}", highlight=False)
