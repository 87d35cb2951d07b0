"""What a so-vits voice starts from: weights that others trained on many voices, fetched from the Hub and checked."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from vc_core.errors import UserError
from vc_core.home import studio_home
from vc_core.hub import Checkpoint, fetch
from vc_core.progress import Progress, part_of, silent
from vc_core.provenance import sha256_of
from vc_core.training.so_vits_settings import Template
from vc_core.weights import load_tensors

GENERATOR_FILE, JUDGES_FILE = "G_0.pth", "D_0.pth"
MEGABYTES = 1100
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Pretrained:
    generator: Checkpoint
    judges: Checkpoint
    differs: tuple[str, ...] = ()
    """The parts of the generator that are another network here, and may start at random."""


@dataclass(frozen=True)
class Pins:
    """What a person knows of the files beforehand; empty where nothing."""

    revision: str = ""
    generator_sha256: str = ""
    judges_sha256: str = ""


@dataclass(frozen=True)
class Start:
    generator: Path
    judges: Path
    origin: dict[str, str]
    """For the voice's card: where each came from, with its hash."""


def _ms903(part: str) -> Checkpoint:
    folder = "sovits_768l12_pre_large_320k"
    return Checkpoint("ms903/sovits4.0-768vec-layer12", f"{folder}/clean_{part}_320000.pth", kind="dataset")


PRETRAINED: dict[Template, Pretrained] = {
    "so-vits-svc-4.0v1": Pretrained(_ms903("G"), _ms903("D")),
    "so-vits-svc-4.0v1-legacy": Pretrained(
        Checkpoint("therealvul/so-vits-svc-4.0-init", GENERATOR_FILE),
        Checkpoint("therealvul/so-vits-svc-4.0-init", JUDGES_FILE),
    ),
    "quickvc": Pretrained(_ms903("G"), _ms903("D"), differs=("dec.",)),
}
"""Those that so-vits-svc-fork's templates name; at which commit and with which hashes, they don't say."""


def own_folder(template: Template) -> Path:
    """Where a person without a connection can put both files by hand."""
    return studio_home() / "models" / "so_vits" / template


def fetch_start(template: Template, pins: Pins = Pins(), *, progress: Progress = silent) -> Start:
    own, pretrained = own_folder(template), PRETRAINED[template]
    wanted = (
        (own / GENERATOR_FILE, pretrained.generator, pins.generator_sha256, part_of(progress, 0.0, 0.5)),
        (own / JUDGES_FILE, pretrained.judges, pins.judges_sha256, part_of(progress, 0.5, 1.0)),
    )
    found = []
    for place, checkpoint, sha256, part in wanted:
        checkpoint = replace(checkpoint, revision=pins.revision or checkpoint.revision)
        path, told, digest = _fetched(place, checkpoint, part)
        found.append((path, told + _checked(path.name, digest, sha256)))
    (generator, told), (judges, also_told) = found
    return Start(generator, judges, {"started from": told, "with judges": also_told})


def _checked(name: str, digest: str, sha256: str) -> str:
    if sha256 and digest != sha256:
        raise UserError(
            f"“{name}” is not the file that was wanted: its SHA-256 is {digest}. Correct the setting if you trust "
            "it, or choose the revision that has the right one."
        )
    return f" sha256:{digest} ({'as it was to be' if sha256 else 'no hash was known to check it by'})"


def _fetched(own: Path, checkpoint: Checkpoint, progress: Progress) -> tuple[Path, str, str]:
    """Where it is, where it came from, and its hash."""
    if own.is_file():
        return own, own.name, sha256_of(own)
    try:
        path = fetch(checkpoint, progress=progress)
    except UserError as error:
        raise UserError(
            f"{error} Training starts from pretrained weights ({MEGABYTES:,} MB): without a connection, put "
            f"{GENERATOR_FILE} and {JUDGES_FILE} into {own.parent}, or start from scratch."
        ) from error
    # The cache calls a large file by the hash that the Hub states of it.
    stated, digest = path.resolve().name, sha256_of(path)
    if _SHA256.fullmatch(stated) and stated != digest:
        path.resolve().unlink()
        raise UserError(f"“{path.name}” did not arrive whole, so it was deleted. Start again to download it anew.")
    return path, f"{checkpoint.repo}@{_commit_of(path)}:{checkpoint.file}", digest


def _commit_of(path: Path) -> str:
    """A file lies in the cache below a folder called by its commit."""
    return path.parts[path.parts.index("snapshots") + 1] if "snapshots" in path.parts else "unknown"


def begin_from(network: nn.Module, path: Path, differs: tuple[str, ...] = ()) -> None:
    """Take the weights in; none is left at random but those of the parts that differ."""
    loaded = load_tensors(path)
    tensors, wanted = loaded.get("model", loaded), network.state_dict()
    taken = {name: tensors[name] for name in wanted if name in tensors and tensors[name].shape == wanted[name].shape}
    missing = [name for name in wanted if name not in taken and not name.startswith(differs or ("\0",))]
    if missing:
        raise UserError(
            f"“{path.name}” does not fit this template: {len(missing)} of its weights are missing or have another "
            f"shape, such as {missing[0]}. Choose the template that it was trained with."
        )
    if broken := [name for name, value in taken.items() if not torch.isfinite(value.float().sum())]:
        raise UserError(f"“{path.name}” is broken: {broken[0]} holds values that are not numbers.")
    network.load_state_dict(wanted | taken)
