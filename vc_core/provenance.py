"""Where a generated sound came from: written into the file and beside it, and read back from either.

People have a right to know that a voice is generated, and programs must be able to tell (EU AI Act,
article 50). So the mark is plain JSON in the comment that every player and tag editor shows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from vc_core import __version__, ffmpeg
from vc_core.containers import sniff

TOOL = "Voice Studio"
TITLE = "AI-generated"
AI_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""The press council's term for media made by a trained model."""

LONGEST_COMMENT = 100_000


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@pydantic_dataclass(frozen=True)
class Provenance:
    """What is said of a generated sound."""

    task: str
    voice: str
    engine: str
    settings: Mapping[str, str | float | bool | None] = field(default_factory=dict)
    tool: str = TOOL
    version: str = __version__
    created: str = field(default_factory=_now)
    ai_generated: bool = True
    digital_source_type: str = AI_MEDIA

    def comment(self) -> str:
        # Other scripts as escapes: the tags of MP3 have more than one encoding, and programs guess.
        return f"{TITLE} by {self.tool}. {json.dumps(asdict(self))}"


_PROVENANCE = TypeAdapter(Provenance)


@dataclass(frozen=True)
class Origin:
    """What a file tells about where it came from."""

    provenance: Provenance | None
    unchanged: bool | None = None
    """Whether the sound is still the one that was written; None without the note beside the file."""


def read_origin(path: Path) -> Origin:
    """The mark in the file, or else in the note beside it, if there is any."""
    note = sidecar_path(path)
    beside = _parsed(note.read_text("utf-8")) if note.is_file() and note.stat().st_size < LONGEST_COMMENT else {}
    unchanged = beside["sha256"] == sha256_of(path) if "sha256" in beside else None
    kind = sniff(path)
    comment = ffmpeg.comment(path, kind) if kind else ""
    return Origin(_provenance(_parsed(comment)) or _provenance(beside), unchanged)


def write_sidecar(path: Path, provenance: Provenance) -> Path:
    """A JSON note beside an exported file, with the file's hash."""
    note = sidecar_path(path)
    content = asdict(provenance) | {"file": path.name, "sha256": sha256_of(path)}
    note.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return note


def sidecar_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parsed(text: str) -> dict[str, object]:
    """The JSON object in a text that may have words in front; anything else is no mark of ours."""
    try:
        found = json.loads(text[text.index("{") :])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _provenance(found: dict[str, object]) -> Provenance | None:
    try:
        return _PROVENANCE.validate_python(found)
    except ValidationError:
        return None
