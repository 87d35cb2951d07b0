"""`vc voices add-so-vits`: a checkpoint of so-vits-svc, from the Hub or from this disk, becomes a voice."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from vc_core.cli.console import bar, check_choice, err, out, sentences
from vc_core.cli.voices import library, voices_app
from vc_core.errors import UserError
from vc_core.hub import Checkpoint, parse_checkpoint
from vc_core.progress import Progress, part_of
from vc_core.voices import CONSENTS

if TYPE_CHECKING:
    from vc_core.conversion.so_vits_import import VoiceFacts
    from vc_core.conversion.so_vits_repo import SoVitsFiles


@dataclass(frozen=True)
class Wanted:
    """Which files, where there are several; of a repo by their names in it, else by their paths."""

    checkpoint: str
    config: str
    clusters: str
    diffusion: str


@voices_app.command("add-so-vits")
def add_so_vits(
    source: Annotated[str, typer.Argument(help="owner/name or a link to the Hub, or the path of a G_….pth.")],
    name: Annotated[str, typer.Option(help="What it shall be called.")],
    consent: Annotated[str, typer.Option(help=f"Whose voice it is: {', '.join(CONSENTS)}.")],
    licence: Annotated[str, typer.Option(help="As its author states it.")],
    speaker: Annotated[str, typer.Option(help="Who sings, if it has several singers.")] = "",
    checkpoint: Annotated[str, typer.Option(help="Which file of the repo; the newest if none is named.")] = "",
    config: Annotated[str, typer.Option(help="Its config, if not the config.json beside it.")] = "",
    clusters: Annotated[str, typer.Option(help="A file of k-means clusters, of the repo or of this disk.")] = "",
    diffusion: Annotated[str, typer.Option(help="The diffusion to take along, model_….pt, by its path in there.")] = "",
) -> None:
    """Take in a voice that was trained with so-vits-svc or its fork."""
    # Not at the top: torch is slow to import, and the shell's help needs none of it.
    from vc_core.conversion.so_vits_import import VoiceFacts, import_so_vits

    with sentences(), bar("Adding") as progress:
        check_choice("consent", consent, CONSENTS)
        found = parse_checkpoint(source, allow_local=True)
        wanted = Wanted(checkpoint, config, clusters, diffusion)
        facts = VoiceFacts(name, consent, licence, speaker=speaker)
        if found.local is not None:
            files = on_disk(found.local, wanted, facts)
        else:
            files = fetched(found, wanted, facts, part_of(progress, 0.0, 0.8))
        voice = import_so_vits(library(), files, facts, progress=part_of(progress, 0.8, 1.0))
    out.print(f"“{escape(voice.name)}” has been added.")


def on_disk(generator: Path, wanted: Wanted, facts: "VoiceFacts") -> "SoVitsFiles":
    from vc_core.conversion.so_vits_import import check_facts
    from vc_core.conversion.so_vits_repo import SoVitsFiles, fetch_diffusion, look_over_folder

    config = Path(wanted.config) if wanted.config else generator.with_name("config.json")
    check_facts(library(), facts, config)
    files = SoVitsFiles(generator, config, Path(wanted.clusters) if wanted.clusters else None)
    if not wanted.diffusion:
        return files
    folder = look_over_folder(generator.parent)
    if wanted.diffusion not in folder.diffusions:
        known = ", ".join(folder.diffusions) or "none with its yaml and an nsf_hifigan folder"
        raise UserError(f"There is no diffusion “{wanted.diffusion}” beside {generator.name}. There is: {known}.")
    return replace(files, diffusion=fetch_diffusion(folder, wanted.diffusion))


def fetched(repo: Checkpoint, wanted: Wanted, facts: "VoiceFacts", progress: Progress) -> "SoVitsFiles":
    """From the Hub, with a word on what else could have been chosen; what is refused is so before the download."""
    from vc_core.conversion.so_vits_import import check_facts
    from vc_core.conversion.so_vits_repo import fetch_config, fetch_files, look_over

    offered = look_over(repo)
    check_facts(library(), facts, fetch_config(offered, wanted.checkpoint))
    if not wanted.checkpoint and len(offered.generators) > 1:
        err.print(f"Taking {offered.generators[0]}. There are also: {', '.join(offered.generators[1:6])}.")
    if offered.diffusions and not wanted.diffusion:
        err.print(f"It has a diffusion, too. To take it along: --diffusion {next(iter(offered.diffusions))}")
    own_clusters = Path(wanted.clusters) if wanted.clusters not in ("", *offered.clusters) else None
    files = fetch_files(
        offered,
        wanted.checkpoint,
        config=wanted.config,
        clusters="" if own_clusters else wanted.clusters,
        diffusion=wanted.diffusion,
        progress=progress,
    )
    return replace(files, clusters=own_clusters) if own_clusters else files
