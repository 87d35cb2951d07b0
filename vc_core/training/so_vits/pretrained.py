"""Pretrained weights for fine-tuning so-vits voices, downloaded from the Hub and verified by SHA-256."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from vc_core.checkpoints.hub import Checkpoint, fetch
from vc_core.checkpoints.weights import load_tensors
from vc_core.errors import UserError
from vc_core.files.provenance import compute_sha256
from vc_core.home import get_studio_home
from vc_core.progress import Progress, silent, subprogress
from vc_core.training.so_vits.settings import Template

GENERATOR_FILE, DISCRIMINATOR_FILE = "G_0.pth", "D_0.pth"
MEGABYTES = 1100
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Pretrained:
    generator: Checkpoint
    discriminator: Checkpoint
    reinitialised: tuple[str, ...] = ()
    """Prefixes of the generator's weights that differ in this template, and start at random."""


@dataclass(frozen=True)
class PinnedVersion:
    """The revision and the hashes that the user expects; empty if unknown."""

    revision: str = ""
    generator_sha256: str = ""
    discriminator_sha256: str = ""


@dataclass(frozen=True)
class StartWeights:
    generator: Path
    discriminator: Path
    origin: dict[str, str]
    """For the voice's card: the source and hash of each file."""


def _ms903(part: str) -> Checkpoint:
    folder = "sovits_768l12_pre_large_320k"
    return Checkpoint("ms903/sovits4.0-768vec-layer12", f"{folder}/clean_{part}_320000.pth", kind="dataset")


PRETRAINED: dict[Template, Pretrained] = {
    "so-vits-svc-4.0v1": Pretrained(_ms903("G"), _ms903("D")),
    "so-vits-svc-4.0v1-legacy": Pretrained(
        Checkpoint("therealvul/so-vits-svc-4.0-init", GENERATOR_FILE),
        Checkpoint("therealvul/so-vits-svc-4.0-init", DISCRIMINATOR_FILE),
    ),
    "quickvc": Pretrained(_ms903("G"), _ms903("D"), reinitialised=("dec.",)),
}
"""The files that so-vits-svc-fork's templates name, without commits or hashes."""


def get_local_folder(template: Template) -> Path:
    """The folder in which a user without a connection can put both files."""
    return get_studio_home() / "models" / "so_vits" / template


def fetch_start_weights(
    template: Template, pinned: PinnedVersion = PinnedVersion(), *, progress: Progress = silent
) -> StartWeights:
    folder, pretrained = get_local_folder(template), PRETRAINED[template]
    requests = (
        (folder / GENERATOR_FILE, pretrained.generator, pinned.generator_sha256),
        (folder / DISCRIMINATOR_FILE, pretrained.discriminator, pinned.discriminator_sha256),
    )
    paths, origins = [], []
    for at, (local, checkpoint, sha256) in enumerate(requests):
        checkpoint = replace(checkpoint, revision=pinned.revision or checkpoint.revision)
        path, source, digest = _fetch_file(local, checkpoint, subprogress(progress, at / 2, (at + 1) / 2))
        paths.append(path)
        origins.append(source + _verify_hash(path.name, digest, sha256))
    return StartWeights(paths[0], paths[1], {"started from": origins[0], "with judges": origins[1]})


def _verify_hash(name: str, digest: str, sha256: str) -> str:
    """Return a note on the hash for the voice's card."""
    if sha256 and digest != sha256:
        raise UserError(
            "“{name}” is not the file that was wanted: its SHA-256 is {digest}. Correct the setting if you trust it, "
            "or choose the revision that has the right one.",
            name=name,
            digest=digest,
        )
    return f" sha256:{digest} ({'as it was to be' if sha256 else 'no hash was known to check it by'})"


def _fetch_file(local: Path, checkpoint: Checkpoint, progress: Progress) -> tuple[Path, str, str]:
    """Return the path, the source and the SHA-256 of a file."""
    if local.is_file():
        return local, local.name, compute_sha256(local)
    try:
        path = fetch(checkpoint, progress=progress)
    except UserError as error:
        raise UserError(
            "{error} Training starts from pretrained weights ({megabytes:,} MB): without a connection, put "
            "{generator} and {judges} into {folder}, or start from scratch.",
            error=error,
            megabytes=MEGABYTES,
            generator=GENERATOR_FILE,
            judges=DISCRIMINATOR_FILE,
            folder=str(local.parent),
        ) from error
    # The Hub's cache names a large file by its expected hash.
    stated, digest = path.resolve().name, compute_sha256(path)
    if _SHA256.fullmatch(stated) and stated != digest:
        path.resolve().unlink()
        raise UserError(
            "“{file}” did not arrive whole, so it was deleted. Start again to download it anew.", file=path.name
        )
    return path, f"{checkpoint.repo}@{_find_commit(path)}:{checkpoint.file}", digest


def _find_commit(path: Path) -> str:
    """The Hub's cache has a folder for each commit."""
    return path.parts[path.parts.index("snapshots") + 1] if "snapshots" in path.parts else "unknown"


def load_start_weights(network: nn.Module, path: Path, reinitialised: tuple[str, ...] = ()) -> None:
    """Load all weights except those with the prefixes in `reinitialised`."""
    loaded = load_tensors(path)
    tensors, own = loaded.get("model", loaded), network.state_dict()
    fitting = {name: tensors[name] for name in own if name in tensors and tensors[name].shape == own[name].shape}
    missing = [name for name in own if name not in fitting and not name.startswith(reinitialised or ("\0",))]
    if missing:
        raise UserError(
            "“{file}” does not fit this template: {missing} of its weights are missing or have another shape, such as "
            "{example}. Choose the template that it was trained with.",
            file=path.name,
            missing=len(missing),
            example=missing[0],
        )
    if broken := [name for name, value in fitting.items() if not torch.isfinite(value.float().sum())]:
        raise UserError("“{file}” is broken: {name} holds values that are not numbers.", file=path.name, name=broken[0])
    network.load_state_dict(own | fitting)
