"""`vc doctor`: check whether recordings are good enough for training, with remedies."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vc_core.cli.console import out, show_errors, show_progress

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
    out.print(f"[{COLOURS[report.verdict]}]{report.verdict}[/]: {report.usable_seconds / 60:.1f} minutes can be used.")
    if pitch_range := report.pitch_range_hz:
        out.print(f"Pitch: {pitch_range[0]:.0f} to {pitch_range[1]:.0f} Hz.")
    if report.clips:
        missing = ", ".join(report.coverage.missing) or "none"
        out.print(f"Sounds of the language: {report.coverage.share:.0%} of them are heard. Missing: {missing}.")
    for note in found.notes:
        out.print(escape(note))
    for finding in report.findings:
        out.print(f"- {escape(finding.message)} {escape(finding.remedy)}")
        for title in finding.titles:
            out.print(f"    {escape(title)}", highlight=False)
    if report.verdict == "no-go":
        raise typer.Exit(2)
