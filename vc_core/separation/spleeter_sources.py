"""Where Spleeter's weights come from: installed before, a folder, a repo on the Hub, or the official archive.

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
from vc_core.home import studio_home
from vc_core.progress import Progress, part_of, silent
from vc_core.separation.spleeter_models import MODELS, RELEASE, SpleeterModel

if TYPE_CHECKING:
    from vc_core.hub import Repo

ARCHIVED = ("model.index", "model.data-00000-of-00001")
MAX_UNPACKED_BYTES = 1_000_000_000
_one_at_a_time = Lock()


def models_folder() -> Path:
    """Where converted weights are kept: `2stems.safetensors` and so on."""
    return studio_home() / "models" / "spleeter"


def weights_path(stems: int) -> Path:
    return models_folder() / f"{MODELS[stems].name}.safetensors"


def checkpoint_folder() -> Path:
    """Where the checkpoints of the original package are: `2stems` and so on."""
    return models_folder() / "original"


def download_megabytes(stems: int) -> int:
    """How much is downloaded the first time; 0 if the weights are here."""
    return 0 if weights_path(stems).is_file() else MODELS[stems].megabytes


def prepare_weights(stems: int, *, progress: Progress = silent) -> None:
    """Have the weights on this disk, from where VOICE_STUDIO_SPLEETER says or where they are published."""
    with _one_at_a_time:
        if not weights_path(stems).is_file():
            install_weights(stems, _usual_source(), progress=progress)


def prepare_checkpoint(stems: int, *, progress: Progress = silent) -> None:
    """Have the checkpoint in `checkpoint_folder()` as the original package reads it."""
    target = checkpoint_folder() / MODELS[stems].name
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="spleeter-") as folder:
        if (target / "checkpoint").is_file():
            return
        found = _found(MODELS[stems], _usual_source(), Path(folder), progress)
        if found.suffix == ".safetensors":
            raise UserError(f"The original Spleeter can't read “{found.name}”. It needs {target.name}/{ARCHIVED[0]}.")
        target.mkdir(parents=True, exist_ok=True)
        for name in ARCHIVED:
            shutil.copyfile(found.with_name(name), target / name)
        (target / "checkpoint").write_text('model_checkpoint_path: "model"\nall_model_checkpoint_paths: "model"\n')


def install_weights(stems: int, source: str = "", *, progress: Progress = silent) -> Path:
    """Put weights into the folder of models, checked and as safetensors.

    `source` is a folder, or a repo on the Hub, with `2stems.safetensors` or `2stems/model.index` and its data.
    """
    # Not at the top: torch is slow to import, and the shell's help needs none of it.
    from vc_core.separation.spleeter_weights import convert_checkpoint, load_nets

    model, target = MODELS[stems], weights_path(stems)
    with tempfile.TemporaryDirectory(prefix="spleeter-") as folder:
        found = _found(model, source, Path(folder), progress)
        if found.suffix != ".safetensors":
            convert_checkpoint(found, model, target)
            return target
    if tuple(load_nets(found).nets) != model.stem_names:
        raise UserError(f"“{found.name}” is not a model of {stems} stems.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(found, part)
    return part.replace(target)


def _usual_source() -> str:
    return os.environ.get("VOICE_STUDIO_SPLEETER", "")


def _found(model: SpleeterModel, source: str, folder: Path, progress: Progress) -> Path:
    """A safetensors file, or the prefix of a TensorFlow checkpoint; an archive is unpacked into `folder`."""
    return _from_source(source, model, progress) if source else _from_archive(model, folder, progress)


def _from_source(source: str, model: SpleeterModel, progress: Progress) -> Path:
    from vc_core.hub import Repo, look_up, parse_checkpoint

    checkpoint = parse_checkpoint(source, allow_local=True)
    if checkpoint.local is not None:
        names = {str(path.relative_to(checkpoint.local)) for path in checkpoint.local.glob("**/*")}
        repo = Repo(checkpoint, tuple(names))
    else:
        repo = look_up(checkpoint)
    for name in (f"{model.name}.safetensors", f"{model.name}/model.safetensors"):
        if name in repo.files:
            return _file(repo, name, progress)
    for folder in (f"{model.name}/", ""):
        if f"{folder}{ARCHIVED[0]}" in repo.files:
            index = _file(repo, f"{folder}{ARCHIVED[0]}", progress)
            if f"{folder}{ARCHIVED[1]}" in repo.files:
                _file(repo, f"{folder}{ARCHIVED[1]}", progress)
            return index.with_suffix("")
    raise UserError(f"“{source}” holds neither {model.name}.safetensors nor {model.name}/{ARCHIVED[0]}.")


def _file(repo: "Repo", name: str, progress: Progress) -> Path:
    from vc_core.hub import fetch

    if repo.checkpoint.local is not None:
        return repo.checkpoint.local / name
    return fetch(replace(repo.checkpoint, file=name), progress=progress)


def _from_archive(model: SpleeterModel, folder: Path, progress: Progress) -> Path:
    from vc_core.download import download

    archive = models_folder() / f"{model.name}.tar.gz"
    download(f"{RELEASE}/{archive.name}", archive, sha256=model.sha256, progress=part_of(progress, 0.0, 0.9))
    try:
        _unpack(archive, folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UserError(f"{archive.name} can't be unpacked: it is damaged. Try again.") from error
    finally:
        archive.unlink()
    return folder / "model"


def _unpack(archive: Path, folder: Path) -> None:
    """Only the two files that are needed, under names of ours, whatever else the archive holds."""
    with tarfile.open(archive) as tar:
        members = {Path(member.name).name: member for member in tar if member.isfile()}
        for name in ARCHIVED:
            member = members.get(name)
            content = tar.extractfile(member) if member and member.size <= MAX_UNPACKED_BYTES else None
            if content is None:
                raise UserError(f"{archive.name} holds no {name}, so it is not one of Spleeter's models.")
            with content, (folder / name).open("wb") as file:
                while chunk := content.read(1 << 20):
                    file.write(chunk)
