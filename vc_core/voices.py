"""The library of voices: a folder for each, with a card that says whose voice it is and may be used for.

Training writes a voice, conversion reads one, and neither knows the other. A folder holds `voice.json`
(the card) and the files it lists, each with its hash; anything else in it makes the voice invalid.
"""

import re
import shutil
import unicodedata
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from vc_core.errors import UserError
from vc_core.home import studio_home
from vc_core.provenance import sha256_of

CARD_FILE = "voice.json"
README_FILE = "README.md"
LARGEST_CARD_BYTES = 1_000_000
ALLOWED_SUFFIXES = (".safetensors", ".json", ".md", ".flac", ".wav")
"""What a voice may consist of: nothing here can run."""

CONSENTS: dict[str, str] = {
    "synthetic": "A synthetic voice, of no real person",
    "own": "The voice of the person who trained it",
    "permission": "Someone’s voice, with their written permission",
}
LONGEST_NAME = 60


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class VoiceCard:
    """What is known of a voice."""

    name: str
    engine: str
    sample_rate: int
    licence: str
    consent: str
    origin: str
    """How it came to be: the recordings, or the synthesiser."""
    files: Mapping[str, str]
    """The SHA-256 of each file."""
    pitch_range_hz: tuple[float, float] | None = None
    """Lowest and highest pitch it was trained on."""
    source: str = ""
    """The repo and commit it was imported from."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What its engine needs to know."""
    format: Literal[1] = 1
    """Of the card itself; a later one needs a later program."""

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > LONGEST_NAME or not self.name.isprintable():
            raise UserError(f"A voice's name needs 1 to {LONGEST_NAME} letters.")
        if self.consent not in CONSENTS:
            raise UserError(f"The voice “{self.name}” does not say whose voice it is ({', '.join(CONSENTS)}).")
        if not self.licence.strip() or not self.origin.strip():
            raise UserError(f"The voice “{self.name}” must state its licence and its origin.")
        if self.pitch_range_hz is not None and not 0 < self.pitch_range_hz[0] <= self.pitch_range_hz[1]:
            raise UserError(f"The pitch range of “{self.name}” makes no sense: {self.pitch_range_hz}.")


_CARD = TypeAdapter(VoiceCard)


@dataclass(frozen=True)
class Voice:
    """A voice on this disk."""

    card: VoiceCard
    folder: Path
    can_be_deleted: bool = True

    @property
    def name(self) -> str:
        return self.card.name


class VoiceLibrary:
    """Voices in one folder of one's own, and in others that are only read."""

    def __init__(self, folder: Path, shipped: Sequence[Path] = ()) -> None:
        self.folder, self._shipped = folder, tuple(shipped)

    def list(self) -> list[Voice]:
        """All voices by name; a folder without a readable card is passed over."""
        found = []
        for root in (self.folder, *self._shipped):
            for card in sorted(root.glob(f"[!.]*/{CARD_FILE}")):
                try:
                    found.append(Voice(read_card(card.parent), card.parent, can_be_deleted=root == self.folder))
                except UserError:
                    continue
        return sorted(found, key=lambda voice: voice.name.casefold())

    def find(self, name: str) -> Voice:
        voices = self.list()
        for voice in voices:
            if voice.name == name:
                return voice
        known = ", ".join(voice.name for voice in voices) or "none yet"
        raise UserError(f"There is no voice called “{name}”. There are: {known}.")

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """An empty folder to put a voice together in; it vanishes unless `keep` takes it."""
        folder = self.folder / f".incoming-{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, folder: Path) -> Voice:
        """Take a complete folder into the library by moving it; a faulty one is refused."""
        card = read_card(folder)
        if faults := verify(Voice(card, folder)):
            raise UserError(f"The voice “{card.name}” was not taken in: {faults[0]}")
        self.check_is_free(card.name)
        place = self.folder / folder_name(card.name)
        while place.exists():
            place = place.with_name(f"{folder_name(card.name)}-{uuid.uuid4().hex[:6]}")
        folder.rename(place)
        return Voice(card, place)

    def check_is_free(self, name: str) -> None:
        if any(voice.name == name for voice in self.list()):
            raise UserError(f"There is a voice called “{name}” already. Delete that, or give this another name.")

    def delete(self, name: str) -> None:
        voice = self.find(name)
        if not voice.can_be_deleted:
            raise UserError(f"“{name}” comes with the app and can't be deleted.")
        # Out of sight first, so that a deletion cut short leaves no half voice in the list.
        doomed = voice.folder.with_name(f".deleted-{uuid.uuid4().hex}")
        voice.folder.rename(doomed)
        shutil.rmtree(doomed)


def voices_home() -> Path:
    """Where a person's own voices are kept."""
    return studio_home() / "voices"


def folder_name(name: str) -> str:
    """Letters and digits of any script, and hyphens: safe on every system and outside none."""
    plain = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", name)).strip("-_").lower()
    return plain[:LONGEST_NAME] or "voice"


def write_card(folder: Path, card: VoiceCard) -> None:
    (folder / CARD_FILE).write_bytes(_CARD.dump_json(card, indent=2) + b"\n")


def hashes_of(folder: Path) -> dict[str, str]:
    """The hash of each file that a card must list."""
    files = sorted(path for path in folder.iterdir() if path.name not in (CARD_FILE, README_FILE))
    return {path.name: sha256_of(path) for path in files}


def read_card(folder: Path) -> VoiceCard:
    """The card of a voice's folder; raises `UserError` if it is none, or of a later version."""
    path = folder / CARD_FILE
    try:
        if path.stat().st_size > LARGEST_CARD_BYTES:
            raise UserError(f"The voice's {CARD_FILE} is too large to be one.")
        return _CARD.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"This is no voice: it has no {CARD_FILE}.") from None
    except OSError as error:
        raise UserError(f"The voice's {CARD_FILE} can't be read.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "its text"
        raise UserError(f"The voice's {CARD_FILE} is not valid: {where}: {first['msg'].lower()}.") from error


def verify(voice: Voice) -> list[str]:
    """What is wrong with a voice's files, in sentences; nothing if each is the one that was made."""
    faults = []
    present = {path.name for path in voice.folder.iterdir()} - {CARD_FILE, README_FILE}
    for name, digest in voice.card.files.items():
        path = voice.folder / name
        if Path(name).name != name or path.suffix not in ALLOWED_SUFFIXES:
            faults.append(f"it lists a file that a voice may not have ({name}).")
        elif name not in present or path.is_symlink() or not path.is_file():
            faults.append(f"its file {name} is missing.")
        elif sha256_of(path) != digest:
            faults.append(f"its file {name} has been changed or damaged.")
    for name in sorted(present - voice.card.files.keys()):
        faults.append(f"it holds a file that its card does not list ({name}).")
    if not any(name.endswith(".safetensors") for name in voice.card.files):
        faults.append("it holds no weights.")
    return faults
