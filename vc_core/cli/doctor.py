"""`vc doctor`: whether recordings are good enough to train on, and what to do about them."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vc_core.cli.console import bar, out, sentences

COLOURS = {"go": "green", "care": "yellow", "no-go": "red"}


def doctor(
    recordings: Annotated[list[Path], typer.Argument(help="Sound files, folders, or zip files of them.")],
    language: Annotated[str, typer.Option(help="Whose sounds are looked for: en or ko.")] = "en",
) -> None:
    """Examine recordings before a training. Exit code 2 if they should not be used as they are."""
    from vc_core.training.doctor import examine
    from vc_core.training.recordings import gather
    from vc_core.training.sounds import choose_language

    with sentences(), tempfile.TemporaryDirectory() as folder, bar("Listening") as progress:
        found = gather(recordings, Path(folder))
        report = examine(found.recordings, choose_language(language), progress=progress)
    out.print(f"[{COLOURS[report.verdict]}]{report.verdict}[/]: {report.usable_seconds / 60:.1f} minutes can be used.")
    if reach := report.pitch_range_hz:
        out.print(f"Pitch: {reach[0]:.0f} to {reach[1]:.0f} Hz.")
    if report.patients:
        told = ", ".join(report.coverage.missing) or "none"
        out.print(f"Sounds of the language: {report.coverage.share:.0%} of them are heard. Missing: {told}.")
    for note in found.notes:
        out.print(escape(note))
    for finding in report.findings:
        out.print(f"- {escape(finding.sentence)} {escape(finding.remedy)}")
        for title in finding.titles:
            out.print(f"    {escape(title)}", highlight=False)
    if report.verdict == "no-go":
        raise typer.Exit(2)
