"""Find and install Spleeter weights: from a folder, a Hub repo, or the official archive.

The Hub's client and torch are slow to import, so they are imported only where something is fetched.
"""

import os
import shutil
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from vc_core.errors import UserError
from vc_core.home import get_studio_home
from vc_core.progress import Progress, silent, subprogress
from vc_core.separation.spleeter.layouts import MODELS, RELEASE, SpleeterModel

if TYPE_CHECKING:
    from vc_core.checkpoints.hub import Repo

ARCHIVED = ("model.index", "model.data-00000-of-00001")
MAX_UNPACKED_BYTES = 1_000_000_000
_install_lock = Lock()


def get_models_folder() -> Path:
    """Folder of the converted weights: `2stems.safetensors` and so on."""
    return get_studio_home() / "models" / "spleeter"


def get_weights_path(stems: int) -> Path:
    return get_models_folder() / f"{MODELS[stems].name}.safetensors"


def get_checkpoint_folder() -> Path:
    """Folder of the checkpoints of the original package: `2stems` and so on."""
    return get_models_folder() / "original"


def estimate_download_megabytes(stems: int) -> int:
    """Size of the first download; 0 if the weights are installed."""
    return 0 if get_weights_path(stems).is_file() else MODELS[stems].megabytes


def prepare_weights(stems: int, *, progress: Progress = silent) -> None:
    """Install the weights unless they are, from VOICE_STUDIO_SPLEETER or the official archive."""
    with _install_lock:
        if not get_weights_path(stems).is_file():
            install_weights(stems, _default_source(), progress=progress)


def prepare_checkpoint(stems: int, *, progress: Progress = silent) -> None:
    """Install the checkpoint into `get_checkpoint_folder()` in the original package's format."""
    target = get_checkpoint_folder() / MODELS[stems].name
    with _install_lock, tempfile.TemporaryDirectory(prefix="spleeter-") as folder:
        if (target / "checkpoint").is_file():
            return
        found = _find_weights(MODELS[stems], _default_source(), Path(folder), progress)
        if found.suffix == ".safetensors":
            raise UserError(
                "The original Spleeter can't read “{file}”. It needs {model}/{archived}.",
                file=found.name,
                model=target.name,
                archived=ARCHIVED[0],
            )
        target.mkdir(parents=True, exist_ok=True)
        for name in ARCHIVED:
            shutil.copyfile(found.with_name(name), target / name)
        (target / "checkpoint").write_text('model_checkpoint_path: "model"\nall_model_checkpoint_paths: "model"\n')


def install_weights(stems: int, source: str = "", *, progress: Progress = silent) -> Path:
    """Install weights into the models folder, validated and as safetensors.

    `source` is a folder, or a repo on the Hub, with `2stems.safetensors` or `2stems/model.index` and its data.
    """
    # Not at the top: torch is slow to import, and the shell's help needs none of it.
    from vc_core.separation.spleeter.weights import convert_checkpoint, load_nets

    model, target = MODELS[stems], get_weights_path(stems)
    with tempfile.TemporaryDirectory(prefix="spleeter-") as folder:
        found = _find_weights(model, source, Path(folder), progress)
        if found.suffix != ".safetensors":
            convert_checkpoint(found, model, target)
            return target
    if tuple(load_nets(found).nets) != model.stem_names:
        raise UserError("“{file}” is not a model of {stems} stems.", file=found.name, stems=stems)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(found, part)
    return part.replace(target)


def _default_source() -> str:
    return os.environ.get("VOICE_STUDIO_SPLEETER", "")


def _find_weights(model: SpleeterModel, source: str, folder: Path, progress: Progress) -> Path:
    """A safetensors file, or the prefix of a TensorFlow checkpoint; an archive is unpacked into `folder`."""
    return _fetch_from_source(source, model, progress) if source else _download_archive(model, folder, progress)


def _fetch_from_source(source: str, model: SpleeterModel, progress: Progress) -> Path:
    from vc_core.checkpoints.hub import Repo, inspect_repo, parse_checkpoint

    checkpoint = parse_checkpoint(source, allow_local=True)
    if checkpoint.local is not None:
        names = {str(path.relative_to(checkpoint.local)) for path in checkpoint.local.glob("**/*")}
        repo = Repo(checkpoint, tuple(names))
    else:
        repo = inspect_repo(checkpoint)
    for name in (f"{model.name}.safetensors", f"{model.name}/model.safetensors"):
        if name in repo.files:
            return _fetch_file(repo, name, progress)
    for folder in (f"{model.name}/", ""):
        if f"{folder}{ARCHIVED[0]}" in repo.files:
            index = _fetch_file(repo, f"{folder}{ARCHIVED[0]}", progress)
            if f"{folder}{ARCHIVED[1]}" in repo.files:
                _fetch_file(repo, f"{folder}{ARCHIVED[1]}", progress)
            return index.with_suffix("")
    raise UserError(
        "“{source}” holds neither {model}.safetensors nor {model}/{archived}.",
        source=source,
        model=model.name,
        archived=ARCHIVED[0],
    )


def _fetch_file(repo: "Repo", name: str, progress: Progress) -> Path:
    from vc_core.checkpoints.hub import fetch

    if repo.checkpoint.local is not None:
        return repo.checkpoint.local / name
    return fetch(replace(repo.checkpoint, file=name), progress=progress)


def _download_archive(model: SpleeterModel, folder: Path, progress: Progress) -> Path:
    from vc_core.files.download import download

    archive = get_models_folder() / f"{model.name}.tar.gz"
    download(f"{RELEASE}/{archive.name}", archive, sha256=model.sha256, progress=subprogress(progress, 0.0, 0.9))
    try:
        _unpack(archive, folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UserError("{file} can't be unpacked: it is damaged. Try again.", file=archive.name) from error
    finally:
        archive.unlink()
    return folder / "model"


def _unpack(archive: Path, folder: Path) -> None:
    """Extract only the two needed files, under fixed names."""
    with tarfile.open(archive) as tar:
        members = {Path(member.name).name: member for member in tar if member.isfile()}
        for name in ARCHIVED:
            member = members.get(name)
            content = tar.extractfile(member) if member and member.size <= MAX_UNPACKED_BYTES else None
            if content is None:
                raise UserError(
                    "{file} holds no {name}, so it is not one of Spleeter's models.", file=archive.name, name=name
                )
            with content, (folder / name).open("wb") as file:
                while chunk := content.read(1 << 20):
                    file.write(chunk)
