"""Take in so-vits checkpoints that nobody vouches for: from a repo on the Hub, a link to it, or files of one's own.

What is kept is a voice like any other: tensors as safetensors, without the optimiser and what only training uses,
and of the config what makes sense. Nothing of a checkpoint is ever run.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path, PurePosixPath

from vc_core.conversion.so_vits_config import SoVitsConfig, read_config, shape_of
from vc_core.errors import UserError
from vc_core.hub import Checkpoint, fetch, look_up
from vc_core.progress import Progress, part_of, silent
from vc_core.voices import Voice, VoiceCard, VoiceLibrary, hashes_of, write_card

ENGINE = "so-vits"
WEIGHTS_FILE, CONFIG_FILE, CLUSTERS_FILE = "so_vits.safetensors", "config.json", "clusters.safetensors"
GENERATOR = re.compile(r"(^|.*[_\-])G[_\-]?(\d*)[^/]*\.(pth|pt|safetensors)", re.IGNORECASE)
OTHER_NETWORK = re.compile(r"D[_\-]\d|.*(kmeans|cluster|diffusion|model_\d|feature_and_index)", re.IGNORECASE)
CLUSTERS = re.compile(r"(kmeans|.*cluster).*\.pt$", re.IGNORECASE)
WEIGHT_SUFFIXES = (".pth", ".pt", ".safetensors")


@dataclass(frozen=True)
class SoVitsRepo:
    """What a repo or an upload offers: a person chooses one of each, and where there is one only, that is it."""

    checkpoint: Checkpoint
    """Pinned to a commit; unless the files are here."""
    generators: tuple[str, ...]
    """The newest first."""
    configs: tuple[str, ...]
    clusters: tuple[str, ...]
    uploads: Mapping[str, Path] = field(default_factory=dict)
    """Where they are, if they are here."""

    def __str__(self) -> str:
        return "The upload" if self.uploads else self.checkpoint.repo


@dataclass(frozen=True)
class SoVitsFiles:
    """A checkpoint on this disk."""

    generator: Path
    config: Path
    clusters: Path | None = None
    diffusion: tuple[Path, Path, Path, Path] | None = None
    """Of 4.1's shallow diffusion the model and its yaml, and NSF-HiFiGAN's model and its json."""
    source: str = ""
    """The repo and commit it came from."""


@dataclass(frozen=True)
class VoiceFacts:
    """What only a person can tell about a voice."""

    name: str
    consent: str
    licence: str
    origin: str = "Trained by others with so-vits-svc; the recordings are not known."
    speaker: str = ""
    """Who sings if nobody is named; needed if the checkpoint has several singers."""


def look_over(checkpoint: Checkpoint) -> SoVitsRepo:
    """What of a repo can be taken in; a link to one file of it offers that one alone."""
    repo = look_up(checkpoint)
    configs = (f for f in repo.files if _is_config(f))
    return _complete(
        SoVitsRepo(
            checkpoint=replace(repo.checkpoint, file=""),
            generators=_generators(repo.files, checkpoint.file),
            configs=tuple(sorted(configs, key=_nearness_to(checkpoint.file))),
            clusters=_clusters(repo.files),
        )
    )


def look_over_uploads(paths: Sequence[Path]) -> SoVitsRepo:
    """The same of files that somebody has sent, each perhaps in a folder of its own."""
    uploads = {path.name: path for path in paths}
    configs = tuple(name for name in uploads if name.endswith(".json"))
    return _complete(SoVitsRepo(Checkpoint(), _generators(tuple(uploads), ""), configs, _clusters(uploads), uploads))


def _complete(found: SoVitsRepo) -> SoVitsRepo:
    if not found.generators:
        raise UserError(f"{found} has no so-vits checkpoint (its name usually begins with G_).")
    if not found.configs:
        raise UserError(f"{found} has no config.json, without which its checkpoint can't be used.")
    return found


def speakers_of(config: Path) -> tuple[str, ...]:
    return tuple(read_config(config).speakers)


def fetch_config(repo: SoVitsRepo, generator: str = "") -> Path:
    """The small file that names the singers, of that generator or of the newest."""
    return _brought(repo, _config_for(repo, generator or repo.generators[0]))


def fetch_files(
    repo: SoVitsRepo, generator: str = "", *, config: str = "", clusters: str = "", progress: Progress = silent
) -> SoVitsFiles:
    """The chosen files, or the newest generator with its config."""
    generator = generator or repo.generators[0]
    config = config or _config_for(repo, generator)
    for wanted, offered in ((generator, repo.generators), (config, repo.configs), (clusters, (*repo.clusters, ""))):
        if wanted not in offered:
            raise UserError(f"{repo} has no file “{wanted}” to choose.")
    pinned = repo.checkpoint
    return SoVitsFiles(
        config=_brought(repo, config),
        clusters=_brought(repo, clusters, part_of(progress, 0.0, 0.1)) if clusters else None,
        generator=_brought(repo, generator, part_of(progress, 0.1, 1.0)),
        source="" if repo.uploads else f"{pinned.repo}@{pinned.revision}:{generator}",
    )


def _brought(repo: SoVitsRepo, file: str, progress: Progress = silent) -> Path:
    return repo.uploads[file] if repo.uploads else fetch(replace(repo.checkpoint, file=file), progress=progress)


def _config_for(repo: SoVitsRepo, generator: str) -> str:
    return min(repo.configs, key=_nearness_to(generator))


def import_so_vits(
    library: VoiceLibrary, files: SoVitsFiles, facts: VoiceFacts, *, progress: Progress = silent
) -> Voice:
    """The checkpoint as a voice of the library."""
    # Not at the top: torch is slow to import, and to look a repo over needs none of it.
    from vc_core.conversion.so_vits_diffusion import DIFFUSION_FILE, SETTINGS_FILE, VOCODER_FILE, read_diffusion
    from vc_core.conversion.so_vits_weights import read_clusters, read_generator, save_tensors

    config = read_config(files.config)
    speaker = _chosen_speaker(config, facts.speaker)
    progress(0.0, f"Reading {files.generator.name}")
    generator = read_generator(files.generator)
    shape = shape_of(generator.folded, config, files.generator.name)
    generator.check(shape, files.generator.name)
    with library.incoming() as folder:
        progress(0.5, "Taking the voice in")
        save_tensors(folder / WEIGHTS_FILE, generator.tensors)
        if files.clusters is not None:
            save_tensors(folder / CLUSTERS_FILE, read_clusters(files.clusters, config, shape.heard_width))
        if files.diffusion is not None:
            network, vocoder, settings = read_diffusion(files.diffusion, config, shape.heard_width)
            save_tensors(folder / DIFFUSION_FILE, network)
            save_tensors(folder / VOCODER_FILE, vocoder)
            (folder / SETTINGS_FILE).write_text(settings)
        (folder / CONFIG_FILE).write_text(json.dumps(_kept(config), indent=2))
        card = VoiceCard(
            name=facts.name.strip(),
            engine=ENGINE,
            sample_rate=config.sample_rate,
            licence=facts.licence,
            consent=facts.consent,
            origin=facts.origin,
            files=hashes_of(folder),
            source=files.source,
            settings={"speaker": speaker, "made with": shape.generation, "step": _step(files.generator.name)},
        )
        write_card(folder, card)
        return library.keep(folder)


def check_facts(library: VoiceLibrary, facts: VoiceFacts, config: Path) -> None:
    """What would be refused in the end is refused before the download."""
    read = read_config(config)
    _chosen_speaker(read, facts.speaker)
    VoiceCard(facts.name.strip(), ENGINE, read.sample_rate, facts.licence, facts.consent, facts.origin, files={})
    library.check_is_free(facts.name.strip())


def _chosen_speaker(config: SoVitsConfig, wanted: str) -> str:
    if not wanted and len(config.speakers) == 1:
        return next(iter(config.speakers))
    if wanted not in config.speakers:
        raise UserError(f"Choose one of the checkpoint's singers: {', '.join(config.speakers)}.")
    return wanted


def _kept(config: SoVitsConfig) -> dict[str, object]:
    """The config again, in the form it was read from, without what nobody asked for."""
    model = {
        "upsample_rates": config.rates,
        "resblock_dilation_sizes": config.dilations,
        "gen_istft_n_fft": config.istft_size,
        "gen_istft_hop_size": config.istft_hop,
    }
    if config.encoder:
        model["speech_encoder"] = config.encoder
    data = {"sampling_rate": config.sample_rate, "hop_length": config.hop}
    return {"data": data, "model": model, "spk": dict(config.speakers)}


def _clusters(files: Iterable[str]) -> tuple[str, ...]:
    return tuple(f for f in files if CLUSTERS.match(PurePosixPath(f).name))


def _generators(offered: Sequence[str], wanted: str) -> tuple[str, ...]:
    if wanted.endswith(WEIGHT_SUFFIXES):
        return (wanted,) if wanted in offered else ()
    folder = wanted.rstrip("/")
    files = [f for f in offered if f.endswith(WEIGHT_SUFFIXES) and f.startswith(folder)]
    named = [f for f in files if GENERATOR.fullmatch(PurePosixPath(f).name)]
    others = [f for f in files if not OTHER_NETWORK.match(PurePosixPath(f).name)]
    return tuple(sorted(named or others, key=_step, reverse=True))


def _step(file: str) -> int:
    """The step of training that a checkpoint's name tells; what nobody trained further, `G_0.pth`, is 0."""
    numbers = re.findall(r"\d+", PurePosixPath(file).stem)
    return int(numbers[-1][:12]) if numbers else 0


def _is_config(file: str) -> bool:
    path = PurePosixPath(file)
    return path.suffix == ".json" and ("config" in path.stem.lower() or path.parent.name.lower() == "configs")


def _nearness_to(file: str) -> Callable[[str], tuple[int, int, str]]:
    """Sorts files by how much of their path they share with this one."""
    here = PurePosixPath(file).parent.parts

    def distance(other: str) -> tuple[int, int, str]:
        there = PurePosixPath(other).parent.parts
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False)))
        return -shared, len(there), other

    return distance
