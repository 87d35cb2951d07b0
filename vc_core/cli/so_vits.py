"""`vc voices add-so-vits`: a checkpoint of so-vits-svc, from the Hub or from this disk, becomes a voice."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from vc_core.cli.console import bar, check_choice, err, out, sentences
from vc_core.cli.voices import library, voices_app
from vc_core.hub import Checkpoint, parse_checkpoint
from vc_core.progress import Progress
from vc_core.voices import CONSENTS

if TYPE_CHECKING:
    from vc_core.conversion.so_vits_import import SoVitsFiles


@voices_app.command("add-so-vits")
def add_so_vits(
    source: Annotated[str, typer.Argument(help="owner/name or a link to the Hub, or the path of a G_….pth.")],
    name: Annotated[str, typer.Option(help="What it shall be called.")],
    consent: Annotated[str, typer.Option(help=f"Whose voice it is: {', '.join(CONSENTS)}.")],
    licence: Annotated[str, typer.Option(help="As its author states it.")],
    speaker: Annotated[str, typer.Option(help="Who sings, if it has several singers.")] = "",
    checkpoint: Annotated[str, typer.Option(help="Which file of the repo; the newest if none is named.")] = "",
    config: Annotated[Path | None, typer.Option(help="Its config, if not the config.json beside it.")] = None,
    clusters: Annotated[Path | None, typer.Option(help="A file of k-means clusters.")] = None,
) -> None:
    """Take in a voice that was trained with so-vits-svc or its fork."""
    # Not at the top: torch is slow to import, and the shell's help needs none of it.
    from vc_core.conversion.so_vits_import import SoVitsFiles, VoiceFacts, import_so_vits

    with sentences(), bar("Adding") as progress:
        check_choice("consent", consent, CONSENTS)
        found = parse_checkpoint(source, allow_local=True)
        if found.local is not None:
            files = SoVitsFiles(found.local, config or found.local.with_name("config.json"), clusters)
        else:
            files = fetched(found, checkpoint, progress)
        voice = import_so_vits(library(), files, VoiceFacts(name, consent, licence, speaker=speaker))
    out.print(f"“{escape(voice.name)}” has been added.")


def fetched(repo: Checkpoint, wanted: str, progress: Progress) -> "SoVitsFiles":
    """From the Hub, with a word on what else could have been chosen."""
    from vc_core.conversion.so_vits_import import fetch_files, look_over

    offered = look_over(repo)
    if not wanted and len(offered.generators) > 1:
        err.print(f"Taking {offered.generators[0]}. There are also: {', '.join(offered.generators[1:6])}.")
    return fetch_files(offered, wanted, progress=progress)
