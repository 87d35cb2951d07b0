"""Voice library: one folder for each voice, with a card that states whose voice it is and how it may be used.

Training writes voices, conversion reads them. A folder holds `voice.json` (the card) and the files it lists, each
with its hash; any other file makes the voice invalid.
"""

import os
import re
import shutil
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from vc_core.audio import HIGHEST_SAMPLE_RATE, LOWEST_SAMPLE_RATE
from vc_core.errors import Message, UserError
from vc_core.expiry import delete_leftovers
from vc_core.files.provenance import compute_sha256
from vc_core.home import get_studio_home
from vc_core.locks import FileLock

CARD_FILE = "voice.json"
README_FILE = "README.md"
INCOMING, DELETED, REPLACED = ".incoming-", ".deleted-", ".replaced-"
"""Beginnings of hidden folders: a voice that is being made, one that is being deleted, and one that gets more files."""
LARGEST_CARD_BYTES = 1_000_000
ALLOWED_SUFFIXES = (".safetensors", ".json", ".md", ".flac", ".wav")
"""File types of a voice: none of them is executable."""

CONSENTS: dict[str, str] = {
    "synthetic": "A synthetic voice, of no real person",
    "own": "The voice of the person who trained it",
    "permission": "Someone’s voice, with their written permission",
}
LONGEST_NAME = 60
PITCH_LIMITS_HZ = (10.0, 5_000.0)


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class VoiceCard:
    """Metadata of a voice, stored in `voice.json`."""

    name: str
    engine: str
    sample_rate: int
    licence: str
    consent: str
    origin: str
    """The recordings or the synthesiser it was made from."""
    files: Mapping[str, str]
    """The SHA-256 of each file."""
    pitch_range_hz: tuple[float, float] | None = None
    """Lowest and highest pitch it was trained on."""
    source: str = ""
    """The repo and commit it was imported from."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of its engine."""
    format: Literal[1] = 1
    """Version of the card format."""

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > LONGEST_NAME or not self.name.isprintable():
            raise UserError("A voice's name needs 1 to {longest} letters.", longest=LONGEST_NAME)
        if self.consent not in CONSENTS:
            raise UserError(
                "The voice “{voice}” does not say whose voice it is ({choices}).",
                voice=self.name,
                choices=", ".join(CONSENTS),
            )
        if not self.licence.strip() or not self.origin.strip():
            raise UserError("The voice “{voice}” must state its licence and its origin.", voice=self.name)
        if not LOWEST_SAMPLE_RATE <= self.sample_rate <= HIGHEST_SAMPLE_RATE:
            raise UserError(
                "The voice “{voice}” has a sample rate of {sample_rate} Hz. It can have 8,000 to 192,000 Hz.",
                voice=self.name,
                sample_rate=self.sample_rate,
            )
        low, high = self.pitch_range_hz or PITCH_LIMITS_HZ
        if not PITCH_LIMITS_HZ[0] <= low <= high <= PITCH_LIMITS_HZ[1]:
            raise UserError(
                "The pitch range of “{voice}” makes no sense: {range}.", voice=self.name, range=str(self.pitch_range_hz)
            )


_CARD = TypeAdapter(VoiceCard)


@dataclass(frozen=True)
class Voice:
    """A voice on this disk."""

    card: VoiceCard
    folder: Path
    can_be_deleted: bool = True
    is_temporary: bool = field(default=False, repr=False)
    """Deleted at the end of the session."""

    @property
    def name(self) -> str:
        return self.card.name


class VoiceLibrary:
    """The user's voices in one folder, temporary ones in another, and read-only voices in others."""

    def __init__(self, folder: Path, shipped: Sequence[Path] = (), temporary: Path | None = None) -> None:
        self.folder, self._shipped, self._temporary = folder, tuple(shipped), temporary

    def list(self) -> list[Voice]:
        """All voices by name; folders without a readable card are skipped."""
        if any(self.folder.glob(f"{REPLACED}*")):
            with self._alone():  # wait until the voice is there again
                pass
        found = []
        own = [self.folder, *filter(None, [self._temporary])]
        with self._no_replacing():
            for root in (*own, *self._shipped):
                for card in sorted(root.glob(f"[!.]*/{CARD_FILE}")):
                    try:
                        voice = Voice(read_card(card.parent), card.parent, root in own, root == self._temporary)
                    except UserError:
                        continue
                    found.append(voice)
        return sorted(found, key=lambda voice: voice.name.casefold())

    def find(self, name: str) -> Voice:
        voices = self.list()
        for voice in voices:
            if voice.name == name:
                return voice
        known = ", ".join(voice.name for voice in voices) or Message("none yet")
        raise UserError("There is no voice called “{name}”. There are: {known}.", name=name, known=known)

    @contextmanager
    def staging_folder(self, *, keep: bool = True) -> Iterator[Path]:
        """An empty folder to build a voice in; it is deleted unless `add` moves it into the library."""
        folder = self._choose_root(keep) / f"{INCOMING}{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def add(self, folder: Path, *, keep: bool = True) -> Voice:
        """Move a complete voice folder into the library; raises `UserError` if it has faults.

        It replaces a temporary voice of its name. Without `keep`, it is temporary itself.
        """
        card = read_card(folder)
        if faults := find_faults(Voice(card, folder)):
            raise UserError("The voice “{voice}” was not taken in: {fault}", voice=card.name, fault=faults[0])
        with self._alone():
            self.check_name_is_free(card.name)
            for voice in self.list():
                if voice.name == card.name:
                    self._delete(voice)
            target = self._choose_root(keep) / make_folder_name(card.name)
            while target.exists():
                target = target.with_name(f"{make_folder_name(card.name)}-{uuid.uuid4().hex[:6]}")
            folder.rename(target)
        return Voice(card, target, is_temporary=not keep)

    @property
    def _changes_lock(self) -> Path:
        return self.folder.with_name(f".{self.folder.name}.lock")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process or thread changes the library, or both could take a name, or replace the same voice."""
        with FileLock(self._changes_lock).hold():
            self._tidy()
            yield

    @contextmanager
    def _no_replacing(self) -> Iterator[None]:
        """No voice is between its old and its new folder, where a list would miss it."""
        if not os.access(self._changes_lock, os.W_OK):  # nobody has added a voice that could be replaced, or can
            yield
            return
        with FileLock(self.folder.with_name(f".{self.folder.name}.replacing.lock")).hold():
            yield

    def _tidy(self) -> None:
        """What programs have left that were killed amid a change."""
        for replaced in self.folder.glob(f"{REPLACED}*"):
            voice = self.folder / replaced.name.removeprefix(REPLACED)
            if voice.exists():
                shutil.rmtree(replaced, ignore_errors=True)
            else:
                replaced.rename(voice)
        for root in filter(None, [self.folder, self._temporary]):
            delete_leftovers(root, INCOMING, DELETED)

    def _choose_root(self, keep: bool) -> Path:
        if keep:
            return self.folder
        if self._temporary is None:
            raise ValueError("this library has no temporary voices")
        return self._temporary

    def extend(self, name: str, add: Callable[[Path], None]) -> Voice:
        """Let `add` write files to a copy of the voice's folder, which then replaces it with a new card."""
        with self._alone(), self.staging_folder() as copy:
            voice = self.find(name)
            shutil.copytree(voice.folder, copy, dirs_exist_ok=True)
            add(copy)
            card = replace(voice.card, files=hash_files(copy))
            write_card(copy, card)
            with self._no_replacing():
                hidden = voice.folder.rename(voice.folder.with_name(f"{REPLACED}{voice.folder.name}"))
                copy.rename(voice.folder)
            shutil.rmtree(hidden, ignore_errors=True)
        return Voice(card, voice.folder)

    def check_name_is_free(self, name: str) -> None:
        """Temporary voices give way to new ones of their name."""
        if any(voice.name == name and not voice.is_temporary for voice in self.list()):
            raise UserError(
                "There is a voice called “{name}” already. Delete that, or give this another name.", name=name
            )

    def delete(self, name: str) -> None:
        if not self.find(name).can_be_deleted:
            raise UserError("“{name}” comes with the app and can't be deleted.", name=name)
        with self._alone():
            self._delete(self.find(name))

    def _delete(self, voice: Voice) -> None:
        """Hidden first, so that an interrupted deletion leaves no incomplete voice in the list."""
        hidden = voice.folder.with_name(f"{DELETED}{uuid.uuid4().hex}")
        voice.folder.rename(hidden)
        shutil.rmtree(hidden)


def get_voices_folder() -> Path:
    """Folder of the user's own voices."""
    return get_studio_home() / "voices"


def make_folder_name(name: str) -> str:
    """A safe file name: letters and digits of any script, and hyphens."""
    plain = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", name)).strip("-_").lower()
    return plain[:LONGEST_NAME] or "voice"


def write_card(folder: Path, card: VoiceCard) -> None:
    (folder / CARD_FILE).write_bytes(_CARD.dump_json(card, indent=2) + b"\n")


def hash_files(folder: Path) -> dict[str, str]:
    """SHA-256 of each file that the card must list."""
    files = sorted(path for path in folder.iterdir() if path.name not in (CARD_FILE, README_FILE))
    return {path.name: compute_sha256(path) for path in files}


def read_card(folder: Path) -> VoiceCard:
    """The card of a voice folder; raises `UserError` if it is invalid or of a later version."""
    path = folder / CARD_FILE
    try:
        if path.stat().st_size > LARGEST_CARD_BYTES:
            raise UserError("The voice's {card} is too large to be one.", card=CARD_FILE)
        return _CARD.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError("This is no voice: it has no {card}.", card=CARD_FILE) from None
    except OSError as error:
        raise UserError("The voice's {card} can't be read.", card=CARD_FILE) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or Message("its text")
        raise UserError(
            "The voice's {card} is not valid: {where}: {problem}.",
            card=CARD_FILE,
            where=where,
            problem=first["msg"].lower(),
        ) from error


def find_faults(voice: Voice) -> list[Message]:
    """Missing, changed and unlisted files of a voice; empty if all match their hashes."""
    faults: list[Message] = []
    present = {path.name for path in voice.folder.iterdir()} - {CARD_FILE, README_FILE}
    for name, digest in voice.card.files.items():
        path = voice.folder / name
        if Path(name).name != name or path.suffix not in ALLOWED_SUFFIXES:
            faults.append(Message("it lists a file that a voice may not have ({name}).", name=name))
        elif name not in present or path.is_symlink() or not path.is_file():
            faults.append(Message("its file {name} is missing.", name=name))
        elif compute_sha256(path) != digest:
            faults.append(Message("its file {name} has been changed or damaged.", name=name))
    for name in sorted(present - voice.card.files.keys()):
        faults.append(Message("it holds a file that its card does not list ({name}).", name=name))
    if not any(name.endswith(".safetensors") for name in voice.card.files):
        faults.append(Message("it holds no weights."))
    return faults


def join_faults(faults: Sequence[Message]) -> Message:
    """All faults, in one message."""
    return reduce(lambda before, fault: Message("{before} Also: {fault}", before=before, fault=fault), faults)
