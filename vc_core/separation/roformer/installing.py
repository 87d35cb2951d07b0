"""Install RoFormer models: known ones, a repo on the Hub, a link, or a file; checked, and stored as safetensors."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Lock

from vc_core.checkpoints.hub import Checkpoint, fetch, is_other_link, parse_checkpoint
from vc_core.errors import Message, UserError
from vc_core.files.links import LinkRules, fetch_file
from vc_core.files.model_source import ModelSource, open_hub_source, open_path_source
from vc_core.files.provenance import compute_sha256
from vc_core.files.reading import Limits
from vc_core.progress import Progress, silent, subprogress
from vc_core.separation.roformer.config import RoformerConfig, read_config
from vc_core.separation.roformer.known import KNOWN_MODELS, KnownModel
from vc_core.separation.roformer.library import (
    InstalledModel,
    find_installed,
    get_models_folder,
    name_model,
    save_model,
)
from vc_core.separation.roformer.offers import Purpose, describe_offer, guess_purpose

CHECKPOINT_SUFFIXES = (".ckpt", ".chpt", ".pt", ".pth", ".th", ".safetensors")
CONFIG_SUFFIXES = (".yaml", ".yml")
LINK_RULES = LinkRules(
    Limits(gigabytes=2.0), max_seconds=3600.0, content_types=r"(application|binary)/.*|text/(plain|(x-)?yaml)|"
)
_install_lock = Lock()


@dataclass(frozen=True)
class ModelFiles:
    """Local files of a model, and what is known about it."""

    checkpoint: Path
    config: RoformerConfig
    config_name: str
    origin: str
    purpose: Purpose | None = None


def install_model(text: str, *, allow_local: bool = False, progress: Progress = silent) -> str:
    """Install the model of that name, repo or link unless it is there; returns its name.

    Never allow local paths to users of a web page. A file is installed again if it has changed.
    """
    local = Path(text).expanduser() if allow_local else None
    is_local = local is not None and local.exists()
    name = name_model(local.stem if local is not None and is_local else text)
    with _install_lock:
        if local is not None and is_local:
            _install_local(name, local, progress)
        elif find_installed(text) is None:
            with _open_files(text.strip() or name, subprogress(progress, 0.0, 0.8)) as files:
                _install_files(name, files, subprogress(progress, 0.8, 1.0))
    return name


def _install_local(name: str, path: Path, progress: Progress) -> None:
    with open_path_source(path) as source:
        files = _fetch_files(source, progress)
        installed = find_installed(name)
        if installed is None or installed.origin != files.origin:
            _install_files(name, files, progress)


def _install_files(name: str, files: ModelFiles, progress: Progress) -> None:
    """Raises `UserError`, and installs nothing, if the files are not those of a RoFormer."""
    # Not at the top: torch is slow to import, and the shell's help does not need it.
    from vc_core.separation.roformer.checkpoint import read_checkpoint
    from vc_core.separation.roformer.shape import infer_shape
    from vc_core.separation.roformer.weights import build_network

    progress(0.0, Message("Reading {file}", file=files.checkpoint.name))
    tensors, source = read_checkpoint(files.checkpoint), files.checkpoint.name
    shape = infer_shape(tensors, files.config, source, files.config_name)
    build_network(shape, files.config, tensors, source)
    purpose = files.purpose or guess_purpose(files.config.instruments, f"{name} {source}")
    describe_offer(files.config.instruments, files.config.target, purpose)
    path = get_models_folder() / f"{name}.safetensors"
    save_model(InstalledModel(name, path, purpose, files.config, files.origin), tensors)


@contextmanager
def _open_files(text: str, progress: Progress) -> Iterator[ModelFiles]:
    if text in KNOWN_MODELS:
        yield _fetch_known(KNOWN_MODELS[text], progress)
    elif is_other_link(text):
        with tempfile.TemporaryDirectory(prefix="roformer-") as folder:
            yield _fetch_links(text.split(), Path(folder), progress)
    elif "/" not in text:
        raise UserError(
            "There is no model “{name}”. There are: {known}. Any other is named by its repo on the Hub or its link.",
            name=text,
            known=", ".join(KNOWN_MODELS),
        )
    else:
        with open_hub_source(parse_checkpoint(text), progress=progress) as source:
            yield _fetch_files(source, progress)


def _fetch_known(model: KnownModel, progress: Progress) -> ModelFiles:
    checkpoint = fetch(Checkpoint(model.repo, model.file), progress=progress)
    if compute_sha256(checkpoint) != model.sha256:
        raise UserError("{file} is not the file that was expected: its hash differs.", file=checkpoint.name)
    config = model.config
    if isinstance(config, str):
        config = read_config(fetch(Checkpoint(model.repo, config)))
    return ModelFiles(checkpoint, config, model.name, f"{model.repo}:{model.file}", model.purpose)


def _fetch_links(links: Sequence[str], folder: Path, progress: Progress) -> ModelFiles:
    """Of a checkpoint and of its config, or of a checkpoint whose config has the same address but for `.yaml`."""
    checkpoint_link, *others = links
    if not others:
        head, dot, _ = checkpoint_link.partition("?")[0].rpartition(".")
        others = [f"{head}{dot}yaml"]
    config = fetch_file(others[0], folder / "config", LINK_RULES)
    checkpoint = fetch_file(checkpoint_link, folder / "checkpoint", LINK_RULES, progress=progress)
    return ModelFiles(checkpoint, read_config(config), config.name, checkpoint_link.partition("?")[0])


def _fetch_files(source: ModelSource, progress: Progress) -> ModelFiles:
    """The config first, so that what it shows is refused before the download."""
    checkpoint = _choose_checkpoint(source)
    config = source.fetch(_choose_config(checkpoint, source), silent)
    settings = read_config(config)
    path = source.fetch(checkpoint, progress)
    origin = source.name_origin(checkpoint) or f"{checkpoint} {compute_sha256(path)} {compute_sha256(config)}"
    return ModelFiles(path, settings, config.name, origin)


def _choose_checkpoint(source: ModelSource) -> str:
    found = [file for file in source.files if file.lower().endswith(CHECKPOINT_SUFFIXES)]
    if source.chosen:
        found = [file for file in found if file == source.chosen]
    if len(found) > 1:
        raise UserError(
            "{source} has several models. Name one as {source}:{first}; there are {files}.",
            source=source.title,
            first=found[0],
            files=", ".join(found[:8]),
        )
    if not found:
        raise UserError("{source} has no RoFormer: no .ckpt file.", source=source.title)
    return found[0]


def _choose_config(checkpoint: str, source: ModelSource) -> str:
    """The yaml of the same name, or the only one whose name contains it, in the same folder, or of all."""
    configs = [PurePosixPath(file) for file in source.files if file.lower().endswith(CONFIG_SUFFIXES)]
    stem, folder = PurePosixPath(checkpoint).stem.lower(), PurePosixPath(checkpoint).parent
    for fitting in (
        [one for one in configs if one.stem.lower() == stem and one.parent == folder],
        [one for one in configs if stem in one.stem.lower()],
        [one for one in configs if one.parent == folder],
        configs,
    ):
        if len(fitting) == 1:
            return str(fitting[0])
    raise UserError(
        "“{file}” has no config: put its .yaml beside it, under the same name.", file=PurePosixPath(checkpoint).name
    )
