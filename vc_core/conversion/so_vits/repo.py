"""Find so-vits checkpoints in a Hub repo, an upload or a folder, and fetch the chosen files."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path, PurePosixPath

from vc_core.errors import UserError
from vc_core.files.model_source import MODEL_SUFFIXES, ModelSource
from vc_core.progress import Progress, silent, subprogress

GENERATOR = re.compile(r"(^|.*[_\-])G[_\-]?(\d*)[^/]*\.(pth|pt|safetensors)", re.IGNORECASE)
OTHER_NETWORK = re.compile(r"D[_\-]\d|.*(kmeans|cluster|diffusion|model_\d|feature_and_index|hifigan)", re.IGNORECASE)
CLUSTERS = re.compile(r"(kmeans|.*cluster).*\.pt$", re.IGNORECASE)
DIFFUSION = re.compile(r"model_\d+\.pt$")
VOCODER_FOLDER, VOCODER = re.compile(r".*nsf.?hifigan", re.IGNORECASE), re.compile(r"(model|g_\d+)(\.ckpt|\.pt)?$")


@dataclass(frozen=True)
class SoVitsRepo:
    """so-vits files of a source, of which the user chooses one each."""

    source: ModelSource
    generators: tuple[str, ...]
    """Newest first."""
    configs: tuple[str, ...]
    clusters: tuple[str, ...]
    diffusions: Mapping[str, tuple[str, str, str, str]] = field(default_factory=dict)
    """Complete shallow diffusion models, newest first: the model, its yaml, and a vocoder's model and json."""


@dataclass(frozen=True)
class SoVitsFiles:
    """Local files of a checkpoint."""

    generator: Path
    config: Path
    clusters: Path | None = None
    diffusion: tuple[Path, Path, Path, Path] | None = None
    """Shallow diffusion of 4.1: model, yaml, NSF-HiFiGAN model and its json."""
    source: str = ""
    """Repo and commit."""


def find_so_vits_files(source: ModelSource) -> SoVitsRepo:
    """Those of a source; of a link to one file, only that one with its config."""
    files, own = source.files, source.own
    configs = [file for file in files if _is_config(file)] or [file for file in files if file.endswith(".json")]
    return SoVitsRepo(
        source,
        _find_generators(files, source.chosen),
        tuple(sorted({*configs, *(file for file in own if file.endswith(".json"))}, key=_rank_by_path(source.chosen))),
        (*_find_clusters(files), *own),
        _find_diffusions(files),
    )


def fetch_config(repo: SoVitsRepo, generator: str = "", config: str = "") -> Path:
    """The config, which lists the speakers, of that generator or of the newest."""
    config = config or _find_config(repo, generator or repo.generators[0])
    _check_choices(repo, generator=generator or repo.generators[0], config=config)
    return _fetch_file(repo, config)


def fetch_files(
    repo: SoVitsRepo,
    generator: str = "",
    *,
    config: str = "",
    clusters: str = "",
    diffusion: str = "",
    progress: Progress = silent,
) -> SoVitsFiles:
    """Fetch the chosen files, or the newest generator with its config."""
    generator = generator or repo.generators[0]
    config = config or _find_config(repo, generator)
    _check_choices(repo, generator=generator, config=config, clusters=clusters, diffusion=diffusion)
    return SoVitsFiles(
        config=_fetch_file(repo, config),
        clusters=_fetch_file(repo, clusters, subprogress(progress, 0.0, 0.1)) if clusters else None,
        generator=_fetch_file(repo, generator, subprogress(progress, 0.1, 0.7)),
        diffusion=fetch_diffusion(repo, diffusion, progress=subprogress(progress, 0.7, 1.0)) if diffusion else None,
        source=repo.source.name_origin(generator),
    )


def _check_choices(repo: SoVitsRepo, *, generator: str, config: str, clusters: str = "", diffusion: str = "") -> None:
    """Raise `UserError` for files that are not offered; clusters and diffusion may be empty."""
    offered = (repo.generators, repo.configs, (*repo.clusters, ""), (*repo.diffusions, ""))
    for choice, files in zip((generator, config, clusters, diffusion), offered, strict=True):
        if choice not in files:
            raise UserError("{repo} has no file “{file}” to choose.", repo=repo.source.title, file=choice)


def fetch_diffusion(repo: SoVitsRepo, model: str, *, progress: Progress = silent) -> tuple[Path, Path, Path, Path]:
    """Fetch all four files of an offered diffusion."""
    network, settings, vocoder, config = repo.diffusions[model]
    return (
        _fetch_file(repo, network, subprogress(progress, 0.0, 0.8)),
        _fetch_file(repo, settings),
        _fetch_file(repo, vocoder, subprogress(progress, 0.8, 1.0)),
        _fetch_file(repo, config),
    )


def _fetch_file(repo: SoVitsRepo, file: str, progress: Progress = silent) -> Path:
    return repo.source.fetch(file, progress)


def _find_config(repo: SoVitsRepo, generator: str) -> str:
    return min(repo.configs, key=_rank_by_path(generator))


def _find_clusters(files: Iterable[str]) -> tuple[str, ...]:
    return tuple(f for f in files if CLUSTERS.match(PurePosixPath(f).name))


def _find_diffusions(files: Sequence[str]) -> dict[str, tuple[str, str, str, str]]:
    """Each model with its nearest yaml and vocoder in the folder tree; empty if either is missing."""
    settings = [f for f in files if f.endswith((".yaml", ".yml"))]
    vocoders = [f for f in files if _is_vocoder(f) and str(PurePosixPath(f).with_name("config.json")) in files]
    if not settings or not vocoders:
        return {}
    models = sorted((f for f in files if DIFFUSION.match(PurePosixPath(f).name)), key=parse_training_step, reverse=True)
    found = {}
    for model in models:
        vocoder = min(vocoders, key=_rank_by_path(model))
        config = str(PurePosixPath(vocoder).with_name("config.json"))
        found[model] = (model, min(settings, key=_rank_by_path(model)), vocoder, config)
    return found


def _is_vocoder(file: str) -> bool:
    path = PurePosixPath(file)
    return bool(VOCODER_FOLDER.match(path.parent.name) and VOCODER.match(path.name))


def _find_generators(offered: Sequence[str], link: str) -> tuple[str, ...]:
    if link.endswith(MODEL_SUFFIXES):
        return (link,) if link in offered else ()
    folder = link.rstrip("/")
    files = [f for f in offered if f.endswith(MODEL_SUFFIXES) and f.startswith(folder)]
    named = [f for f in files if GENERATOR.fullmatch(PurePosixPath(f).name)]
    others = [f for f in files if not OTHER_NETWORK.match(PurePosixPath(f).name)]
    return tuple(sorted(named or others, key=parse_training_step, reverse=True))


def parse_training_step(file: str) -> int:
    """Training step in a checkpoint's file name; 0 for the pretrained `G_0.pth`."""
    numbers = re.findall(r"\d+", PurePosixPath(file).stem)
    return int(numbers[-1][:12]) if numbers else 0


def _is_config(file: str) -> bool:
    path = PurePosixPath(file)
    if VOCODER_FOLDER.match(path.parent.name):
        return False
    return path.suffix == ".json" and ("config" in path.stem.lower() or path.parent.name.lower() == "configs")


def _rank_by_path(file: str) -> Callable[[str], tuple[int, int, str]]:
    """Sort key: files that share more of their path with this one come first."""
    here = PurePosixPath(file).parent.parts

    def distance(other: str) -> tuple[int, int, str]:
        there = PurePosixPath(other).parent.parts
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False)))
        return -shared, len(there), other

    return distance
