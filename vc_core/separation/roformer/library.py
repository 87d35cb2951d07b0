"""Installed RoFormer models: one safetensors file each, with what its config said in the metadata."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vc_core.errors import UserError
from vc_core.home import get_studio_home
from vc_core.models.roformer.shape import Stft
from vc_core.separation.roformer.config import RoformerConfig
from vc_core.separation.roformer.known import DEFAULT_MODEL, KNOWN_MODELS
from vc_core.separation.roformer.offers import PURPOSES, Offer, Purpose, describe_offer

if TYPE_CHECKING:
    from torch import Tensor

KEY = "roformer"
LONGEST_NAME = 80


@dataclass(frozen=True)
class InstalledModel:
    name: str
    path: Path
    purpose: Purpose
    config: RoformerConfig
    origin: str = ""
    """Repo and commit, link, or file, and the hash of a file."""

    @property
    def offer(self) -> Offer:
        return describe_offer(self.config.instruments, self.config.target, self.purpose)


def get_models_folder() -> Path:
    return get_studio_home() / "models" / "roformer"


def get_default_model() -> str:
    """The model that is used if none is named: VOICE_STUDIO_ROFORMER, or a known one for vocals."""
    return os.environ.get("VOICE_STUDIO_ROFORMER") or DEFAULT_MODEL


def name_model(text: str) -> str:
    """The name under which the model of that name, repo, link or path is installed."""
    text = text.strip() or get_default_model()
    if text in KNOWN_MODELS:
        return text
    name = re.sub(r"[^\w.]+", "-", re.sub(r"^\w+://", "", text)).strip("-.")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}-{digest[:8]}"


def find_installed(text: str) -> InstalledModel | None:
    """The installed model of that name, repo, link or path."""
    path = get_models_folder() / f"{name_model(text)}.safetensors"
    return _read_model(path) if path.is_file() else None


def list_installed() -> tuple[InstalledModel, ...]:
    return tuple(_read_model(path) for path in sorted(get_models_folder().glob("[!.]*.safetensors")))


def save_model(model: InstalledModel, tensors: "Mapping[str, Tensor]") -> None:
    from safetensors.torch import save_file

    facts = {"purpose": model.purpose, "origin": model.origin, **asdict(replace(model.config, stated={}))}
    model.path.parent.mkdir(parents=True, exist_ok=True)
    part = model.path.with_name(f".{model.path.name}.part")
    try:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, part, {KEY: json.dumps(facts)})
        part.replace(model.path)
    finally:
        part.unlink(missing_ok=True)


def _read_model(path: Path) -> InstalledModel:
    """By the file's header alone, without torch."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            facts: dict[str, Any] = json.loads((file.metadata() or {})[KEY])
        purpose, origin, stft = facts.pop("purpose"), facts.pop("origin"), Stft(**facts.pop("stft"))
        config = RoformerConfig(**facts | {"instruments": tuple(facts["instruments"]), "stft": stft})
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            "The model “{name}” is damaged. Delete “{file}”, and choose it again.", name=path.stem, file=path.name
        ) from error
    return InstalledModel(path.stem, path, purpose if purpose in PURPOSES else "stems", config, origin)
