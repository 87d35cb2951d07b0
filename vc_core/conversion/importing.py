"""Import models of other programs as voices: so-vits-svc and RVC, told apart by their files."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from vc_core.checkpoints.hub import is_other_link, parse_checkpoint
from vc_core.conversion.rvc.files import RvcOffer, choose_rvc_files, fetch_rvc_files, find_rvc_files, pair_index
from vc_core.conversion.rvc.index_check import find_index_doubts
from vc_core.conversion.so_vits.importing import check_facts, import_so_vits, list_speakers
from vc_core.conversion.so_vits.repo import SoVitsRepo, fetch_config, fetch_files, find_so_vits_files
from vc_core.errors import Message, UserError
from vc_core.files.model_links import MODEL_LINK_RULES, open_link_source
from vc_core.files.model_source import ModelSource, open_hub_source, open_path_source
from vc_core.options import option
from vc_core.progress import Progress, silent, subprogress
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import Voice, VoiceLibrary

Kind = Literal["so-vits", "rvc"]
LARGEST_CONFIG_BYTES = 1_000_000
LINK_RULES = MODEL_LINK_RULES


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """Which files to import, by their paths in the source; empty for the usual ones."""

    checkpoint: str = option(
        "", Message("checkpoint"), flag="--checkpoint", help="Which file of the source; the newest if none is named."
    )
    index: str = option(
        "", Message("index"), flag="--index", help="Of an RVC voice: its .index, or none; by name if none is named."
    )
    config: str = option("", Message("config"), flag="--config", help="Of a so-vits voice, if not its config.json.")
    clusters: str = option("", Message("clusters"), flag="--clusters", help="K-means clusters of a so-vits voice.")
    diffusion: str = option(
        "", Message("diffusion"), flag="--diffusion", help="Diffusion of a so-vits voice, model_….pt."
    )


@dataclass(frozen=True)
class ModelContents:
    """What a source offers to choose from."""

    kind: Kind
    checkpoints: tuple[str, ...]
    """The usual choice first."""
    singers: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    diffusions: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    own_index: str = ""
    """The index that belongs to the checkpoint; empty if that is unclear, or if there is none."""


@contextmanager
def open_source(where: str, *, allow_local: bool = False, progress: Progress = silent) -> Iterator[ModelSource]:
    """A repo on the Hub, a link or, where that is allowed, the path of a folder, a zip file or a file."""
    if is_other_link(where):
        opened = open_link_source(where, LINK_RULES, progress=progress)
    else:
        checkpoint = parse_checkpoint(where, allow_local=allow_local)
        local = checkpoint.local
        opened = open_path_source(local) if local else open_hub_source(checkpoint, progress=progress)
    with opened as source:
        yield source


def find_model(source: ModelSource) -> SoVitsRepo | RvcOffer:
    """A so-vits model has a config; anything else with a checkpoint is taken for RVC's until it is read."""
    so_vits, rvc = find_so_vits_files(source), find_rvc_files(source)
    if so_vits.configs and so_vits.generators and (_has_singers(so_vits) or not rvc.models):
        return so_vits
    if not rvc.models:
        raise UserError("{source} has no voice: no .pth file, and no zip file with one.", source=source.title)
    return rvc


def _has_singers(found: SoVitsRepo) -> bool:
    """Repos of RVC voices have a config.json too, since the Hub counts its downloads."""
    path = fetch_config(found)
    if path.stat().st_size > LARGEST_CONFIG_BYTES:
        return False
    try:
        config = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return True  # so that its reader says what is wrong
    return isinstance(config, dict) and "spk" in config


def inspect_model(source: ModelSource, checkpoint: str = "") -> ModelContents:
    """What can be chosen, for this checkpoint or for the usual one."""
    found = find_model(source)
    if isinstance(found, RvcOffer):
        own_index = pair_index(checkpoint or found.models[0], found)
        return ModelContents("rvc", found.models, indexes=found.indexes, own_index=own_index)
    singers = list_speakers(fetch_config(found, checkpoint))
    return ModelContents("so-vits", found.generators, singers, found.clusters, tuple(found.diffusions))


def find_doubts(library: VoiceLibrary, voice: Voice) -> list[str]:
    """Why files of an imported voice may not belong together."""
    return [str(doubt) for doubt in find_index_doubts(voice, library.list())]


def import_model(
    library: VoiceLibrary,
    source: ModelSource,
    choice: ModelChoice,
    facts: VoiceFacts,
    *,
    progress: Progress = silent,
) -> Voice:
    """Import the chosen files; what can be refused before a download, is."""
    found, fetching, importing = find_model(source), subprogress(progress, 0.0, 0.8), subprogress(progress, 0.8, 1.0)
    if isinstance(found, RvcOffer):
        # Not at the top: torch is slow to import, and inspecting a source needs none of it.
        from vc_core.conversion.rvc.importing import import_rvc

        facts.check(library)
        chosen = choose_rvc_files(source, found, choice.checkpoint, choice.index)
        return import_rvc(library, fetch_rvc_files(source, chosen, progress=fetching), facts, progress=importing)
    check_facts(library, facts, fetch_config(found, choice.checkpoint, choice.config))
    files = fetch_files(
        found,
        choice.checkpoint,
        config=choice.config,
        clusters=choice.clusters,
        diffusion=choice.diffusion,
        progress=fetching,
    )
    return import_so_vits(library, files, facts, progress=importing)
