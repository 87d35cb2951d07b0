"""Bring voices in and out: zip files from anyone, and repos on the Hub."""

import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import yaml
from huggingface_hub import CommitOperationAdd, HfApi

from vc_core.errors import UserError
from vc_core.hub import Checkpoint, explained, fetch, look_up
from vc_core.progress import Progress, part_of, silent
from vc_core.voices import (
    ALLOWED_SUFFIXES,
    CARD_FILE,
    CONSENTS,
    README_FILE,
    Voice,
    VoiceLibrary,
    read_card,
    verify,
    write_card,
)
from vc_core.zip_entries import safe_entries

MAX_FILES = 50
MAX_GIGABYTES = 2.0

HUB_LICENCES = (
    "apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "openrail",
)  # fmt: skip
"""Licences that the Hub knows by these names; any other is stated as “other”, with its own words."""


def import_zip(library: VoiceLibrary, archive: Path, *, name: str = "") -> Voice:
    """Take in a voice from a zip file that nobody vouches for; `name` replaces its own."""
    with library.incoming() as folder:
        try:
            with zipfile.ZipFile(archive) as opened:
                for entry in _voice_entries(opened):
                    target = folder / PurePosixPath(entry.filename).name
                    with opened.open(entry) as source, target.open("xb") as copy:
                        shutil.copyfileobj(source, copy)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, FileExistsError) as error:
            raise UserError("This zip file is damaged, locked with a password, or holds a file twice.") from error
        return _keep(library, folder, name)


def import_from_hub(
    library: VoiceLibrary, checkpoint: Checkpoint, *, name: str = "", progress: Progress = silent
) -> Voice:
    """Take in a voice from a repo, at the commit it has now."""
    repo = look_up(checkpoint)
    if CARD_FILE not in repo.files:
        raise UserError(f"{checkpoint.repo} is no voice of Voice Studio: it has no {CARD_FILE}.")
    wanted = [file for file in repo.files if "/" not in file and file.endswith(ALLOWED_SUFFIXES)][:MAX_FILES]
    with library.incoming() as folder:
        for count, file in enumerate(wanted):
            step = part_of(progress, count / len(wanted), (count + 1) / len(wanted))
            shutil.copyfile(fetch(replace(repo.checkpoint, file=file), progress=step), folder / file)
        return _keep(library, folder, name, source=f"{repo.checkpoint.repo}@{repo.checkpoint.revision}")


def export_zip(voice: Voice, archive: Path) -> Path:
    """The whole voice as one zip file, which `import_zip` takes in."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        for file in (CARD_FILE, *voice.card.files):
            opened.write(voice.folder / file, f"{voice.folder.name}/{file}")
        opened.writestr(f"{voice.folder.name}/{README_FILE}", model_card(voice))
    return archive


def publish(voice: Voice, repo: str, *, token: str, private: bool = True, progress: Progress = silent) -> str:
    """Put a voice on the Hub with a model card, under the token's account; gives the page's address."""
    if faults := verify(voice):
        raise UserError(f"“{voice.name}” was not published: {faults[0]}")
    if not token:
        raise UserError("To publish, paste a token with write access from huggingface.co/settings/tokens.")
    api = HfApi(token=token)
    with explained(Checkpoint(repo)):
        progress(0.0, f"Creating {repo}")
        address = api.create_repo(repo, private=private, exist_ok=True)
        progress(0.1, f"Uploading {len(voice.card.files) + 2} files")
        operations = [CommitOperationAdd(file, voice.folder / file) for file in (CARD_FILE, *voice.card.files)] + [
            CommitOperationAdd(README_FILE, model_card(voice).encode())
        ]
        api.create_commit(address.repo_id, operations, commit_message=f"Voice “{voice.name}”")
    progress(1.0, "Published")
    return str(address)


def model_card(voice: Voice) -> str:
    """The page of a voice on the Hub: whose it is, what it may be used for, how it is used."""
    card = voice.card
    licence = card.licence.lower()
    known = {"license": licence} if licence in HUB_LICENCES else {"license": "other", "license_name": card.licence}
    head = known | {"tags": ["voice-conversion", "voice-studio", card.engine], "pipeline_tag": "audio-to-audio"}
    low_high = card.pitch_range_hz
    reach = f"{low_high[0]:.0f} to {low_high[1]:.0f} Hz" if low_high else "not stated"
    return f"""---
{yaml.safe_dump(head, sort_keys=True, allow_unicode=True)}---

# {card.name}

A voice for Voice Studio, engine `{card.engine}`, {card.sample_rate:,} Hz.

- **Whose voice:** {CONSENTS[card.consent]}.
- **Origin:** {card.origin}
- **Licence:** {card.licence}
- **Pitch range:** {reach}

Sound made with this voice is AI-generated, and the files say so. Don't use it to deceive.
"""


def _voice_entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_GIGABYTES * 1e9:
        raise UserError(f"This zip file is too large: a voice has at most {MAX_FILES} files and {MAX_GIGABYTES:g} GB.")
    for entry in safe_entries(archive, deepest=2, misplaced="is not where a voice's file can be."):
        name = PurePosixPath(entry.filename)
        if name.suffix not in ALLOWED_SUFFIXES:
            raise UserError(f"This zip file was refused: a voice may not have a file like “{name.name}”.")
        yield entry


def _keep(library: VoiceLibrary, folder: Path, name: str, source: str = "") -> Voice:
    card = read_card(folder)
    write_card(folder, replace(card, name=name.strip() or card.name, source=source or card.source))
    return library.keep(folder)
