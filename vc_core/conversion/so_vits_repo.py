"""What a repo on the Hub, an upload or a folder offers of so-vits voices, and how the chosen files come here."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from vc_core.errors import UserError
from vc_core.hub import Checkpoint, fetch, look_up
from vc_core.progress import Progress, part_of, silent

GENERATOR = re.compile(r"(^|.*[_\-])G[_\-]?(\d*)[^/]*\.(pth|pt|safetensors)", re.IGNORECASE)
OTHER_NETWORK = re.compile(r"D[_\-]\d|.*(kmeans|cluster|diffusion|model_\d|feature_and_index|hifigan)", re.IGNORECASE)
CLUSTERS = re.compile(r"(kmeans|.*cluster).*\.pt$", re.IGNORECASE)
DIFFUSION = re.compile(r"model_\d+\.pt$")
VOCODER_FOLDER, VOCODER = re.compile(r".*nsf.?hifigan", re.IGNORECASE), re.compile(r"(model|g_\d+)(\.ckpt|\.pt)?$")
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
    diffusions: Mapping[str, tuple[str, str, str, str]] = field(default_factory=dict)
    """Of shallow diffusion each model that has all it needs, the newest first: itself, its yaml, and a vocoder's model
    and its json."""
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


def look_over(checkpoint: Checkpoint) -> SoVitsRepo:
    """What of a repo can be taken in; a link to one file of it offers that one alone."""
    repo = look_up(checkpoint)
    configs = sorted(filter(_is_config, repo.files), key=_nearness_to(checkpoint.file))
    return _complete(_found_in(repo.files, configs, checkpoint.file, checkpoint=replace(repo.checkpoint, file="")))


def look_over_uploads(paths: Sequence[Path]) -> SoVitsRepo:
    """The same of files that somebody has sent, each perhaps in a folder of its own."""
    uploads = {path.name: path for path in paths}
    return _complete(_found_in(tuple(uploads), [name for name in uploads if name.endswith(".json")], uploads=uploads))


def look_over_folder(folder: Path) -> SoVitsRepo:
    """The same of a folder on this disk."""
    uploads = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return _found_in(tuple(uploads), filter(_is_config, uploads), uploads=uploads)


def _found_in(
    files: Sequence[str],
    configs: Iterable[str],
    wanted: str = "",
    *,
    checkpoint: Checkpoint = Checkpoint(),
    uploads: Mapping[str, Path] = MappingProxyType({}),
) -> SoVitsRepo:
    return SoVitsRepo(
        checkpoint, _generators(files, wanted), tuple(configs), _clusters(files), _diffusions(files), uploads
    )


def _complete(found: SoVitsRepo) -> SoVitsRepo:
    if not found.generators:
        raise UserError(f"{found} has no so-vits checkpoint (its name usually begins with G_).")
    if not found.configs:
        raise UserError(f"{found} has no config.json, without which its checkpoint can't be used.")
    return found


def fetch_config(repo: SoVitsRepo, generator: str = "") -> Path:
    """The small file that names the singers, of that generator or of the newest."""
    return _brought(repo, _config_for(repo, generator or repo.generators[0]))


def fetch_files(
    repo: SoVitsRepo,
    generator: str = "",
    *,
    config: str = "",
    clusters: str = "",
    diffusion: str = "",
    progress: Progress = silent,
) -> SoVitsFiles:
    """The chosen files, or the newest generator with its config."""
    generator = generator or repo.generators[0]
    config = config or _config_for(repo, generator)
    _check_choices(repo, generator=generator, config=config, clusters=clusters, diffusion=diffusion)
    pinned = repo.checkpoint
    return SoVitsFiles(
        config=_brought(repo, config),
        clusters=_brought(repo, clusters, part_of(progress, 0.0, 0.1)) if clusters else None,
        generator=_brought(repo, generator, part_of(progress, 0.1, 0.7)),
        diffusion=fetch_diffusion(repo, diffusion, progress=part_of(progress, 0.7, 1.0)) if diffusion else None,
        source="" if repo.uploads else f"{pinned.repo}@{pinned.revision}:{generator}",
    )


def _check_choices(repo: SoVitsRepo, *, generator: str, config: str, clusters: str, diffusion: str) -> None:
    """Only what is offered can be chosen; clusters and diffusion may be none."""
    offered = (repo.generators, repo.configs, (*repo.clusters, ""), (*repo.diffusions, ""))
    for wanted, files in zip((generator, config, clusters, diffusion), offered, strict=True):
        if wanted not in files:
            raise UserError(f"{repo} has no file “{wanted}” to choose.")


def fetch_diffusion(repo: SoVitsRepo, model: str, *, progress: Progress = silent) -> tuple[Path, Path, Path, Path]:
    """All four files of one of the diffusions that are offered."""
    network, settings, vocoder, config = repo.diffusions[model]
    return (
        _brought(repo, network, part_of(progress, 0.0, 0.8)),
        _brought(repo, settings),
        _brought(repo, vocoder, part_of(progress, 0.8, 1.0)),
        _brought(repo, config),
    )


def _brought(repo: SoVitsRepo, file: str, progress: Progress = silent) -> Path:
    return repo.uploads[file] if repo.uploads else fetch(replace(repo.checkpoint, file=file), progress=progress)


def _config_for(repo: SoVitsRepo, generator: str) -> str:
    return min(repo.configs, key=_nearness_to(generator))


def _clusters(files: Iterable[str]) -> tuple[str, ...]:
    return tuple(f for f in files if CLUSTERS.match(PurePosixPath(f).name))


def _diffusions(files: Sequence[str]) -> dict[str, tuple[str, str, str, str]]:
    """Each model with the nearest yaml and the nearest vocoder; none where one of them is missing."""
    settings = [f for f in files if f.endswith((".yaml", ".yml"))]
    vocoders = [f for f in files if _is_vocoder(f) and str(PurePosixPath(f).with_name("config.json")) in files]
    if not settings or not vocoders:
        return {}
    models = sorted((f for f in files if DIFFUSION.match(PurePosixPath(f).name)), key=step_of, reverse=True)
    found = {}
    for model in models:
        vocoder = min(vocoders, key=_nearness_to(model))
        config = str(PurePosixPath(vocoder).with_name("config.json"))
        found[model] = (model, min(settings, key=_nearness_to(model)), vocoder, config)
    return found


def _is_vocoder(file: str) -> bool:
    path = PurePosixPath(file)
    return bool(VOCODER_FOLDER.match(path.parent.name) and VOCODER.match(path.name))


def _generators(offered: Sequence[str], wanted: str) -> tuple[str, ...]:
    if wanted.endswith(WEIGHT_SUFFIXES):
        return (wanted,) if wanted in offered else ()
    folder = wanted.rstrip("/")
    files = [f for f in offered if f.endswith(WEIGHT_SUFFIXES) and f.startswith(folder)]
    named = [f for f in files if GENERATOR.fullmatch(PurePosixPath(f).name)]
    others = [f for f in files if not OTHER_NETWORK.match(PurePosixPath(f).name)]
    return tuple(sorted(named or others, key=step_of, reverse=True))


def step_of(file: str) -> int:
    """The step of training that a checkpoint's name tells; what nobody trained further, `G_0.pth`, is 0."""
    numbers = re.findall(r"\d+", PurePosixPath(file).stem)
    return int(numbers[-1][:12]) if numbers else 0


def _is_config(file: str) -> bool:
    path = PurePosixPath(file)
    if VOCODER_FOLDER.match(path.parent.name):
        return False
    return path.suffix == ".json" and ("config" in path.stem.lower() or path.parent.name.lower() == "configs")


def _nearness_to(file: str) -> Callable[[str], tuple[int, int, str]]:
    """Sorts files by how much of their path they share with this one."""
    here = PurePosixPath(file).parent.parts

    def distance(other: str) -> tuple[int, int, str]:
        there = PurePosixPath(other).parent.parts
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False)))
        return -shared, len(there), other

    return distance
