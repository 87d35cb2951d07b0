"""Provenance of generated audio as JSON metadata: in the comment tag and in a sidecar file, with SHA-256 hashes.

Generated media must be labelled in a machine-readable way (EU AI Act, article 50). The comment tag is what every player
and tag editor shows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from vc_core import __version__
from vc_core.files import ffmpeg
from vc_core.files.containers import sniff

TOOL = "Voice Studio"
TITLE = "AI-generated"
AI_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC digital source type of media created by a trained model."""

MAX_SIDECAR_BYTES = 100_000


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@pydantic_dataclass(frozen=True)
class Provenance:
    """Metadata of a generated recording."""

    task: str
    voice: str
    engine: str
    settings: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    tool: str = TOOL
    version: str = __version__
    created: str = field(default_factory=_now)
    ai_generated: bool = True
    digital_source_type: str = AI_MEDIA

    def to_comment(self) -> str:
        # ASCII only (escaped): MP3 tags have several encodings, and programs guess.
        return f"{TITLE} by {self.tool}. {json.dumps(asdict(self))}"


_PROVENANCE = TypeAdapter(Provenance)


@dataclass(frozen=True)
class Origin:
    """The provenance found for a file."""

    provenance: Provenance | None
    unchanged: bool | None = None
    """Whether the file still has the hash in its sidecar; None without a sidecar."""


def read_origin(path: Path) -> Origin:
    """Provenance from the comment tag, or else from the sidecar."""
    sidecar = get_sidecar_path(path)
    stored = (
        _parse_json(sidecar.read_text("utf-8", "replace"))
        if sidecar.is_file() and sidecar.stat().st_size < MAX_SIDECAR_BYTES
        else {}
    )
    unchanged = stored["sha256"] == compute_sha256(path) if "sha256" in stored else None
    kind = sniff(path)
    comment = ffmpeg.read_comment(path, kind) if kind else ""
    return Origin(_validate_provenance(_parse_json(comment)) or _validate_provenance(stored), unchanged)


def write_sidecar(path: Path, provenance: Provenance) -> Path:
    """Write a JSON file next to an exported file, with the hash of that file."""
    sidecar = get_sidecar_path(path)
    content = asdict(provenance) | {"file": path.name, "sha256": compute_sha256(path)}
    sidecar.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return sidecar


def get_sidecar_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def compute_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parse_json(text: str) -> dict[str, object]:
    """The JSON object in a text, after any other words; empty if there is none."""
    try:
        found = json.loads(text[text.index("{") :])
    except (ValueError, RecursionError):  # deeply nested brackets
        return {}
    return found if isinstance(found, dict) else {}


def _validate_provenance(found: dict[str, object]) -> Provenance | None:
    try:
        return _PROVENANCE.validate_python(found)
    except ValidationError:
        return None
