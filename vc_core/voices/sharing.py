"""Import and export voices: untrusted zip files, and repos on the Hugging Face Hub."""

import shutil
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import yaml
from huggingface_hub import CommitOperationAdd, HfApi

from vc_core.checkpoints.hub import Checkpoint, explain_hub_errors, fetch, inspect_repo
from vc_core.errors import Message, UserError
from vc_core.files.regular_files import check_regular
from vc_core.files.zip_entries import select_safe_entries
from vc_core.progress import Progress, silent, subprogress
from vc_core.voices.library import (
    ALLOWED_SUFFIXES,
    CARD_FILE,
    CONSENTS,
    README_FILE,
    Voice,
    VoiceLibrary,
    find_faults,
    read_card,
    write_card,
)

MAX_FILES = 50
MAX_GIGABYTES = 2.0
MISPLACED = Message("is not where a voice's file can be.")

HUB_LICENCES = (
    "apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "openrail",
)  # fmt: skip
"""Licence identifiers of the Hub; any other is stated as “other” with a name."""


def import_zip(library: VoiceLibrary, archive: Path, *, name: str = "") -> Voice:
    """Import a voice from an untrusted zip file; `name` replaces its own."""
    check_regular(archive)
    with library.staging_folder() as folder:
        try:
            with zipfile.ZipFile(archive) as opened:
                for entry in _voice_entries(opened):
                    target = folder / PurePosixPath(entry.filename).name
                    with opened.open(entry) as source, target.open("xb") as copy:
                        shutil.copyfileobj(source, copy)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, FileExistsError) as error:
            raise UserError("This zip file is damaged, locked with a password, or holds a file twice.") from error
        return _add_to_library(library, folder, name)


def import_from_hub(
    library: VoiceLibrary, checkpoint: Checkpoint, *, name: str = "", progress: Progress = silent
) -> Voice:
    """Import a voice from a repo, pinned to its current commit."""
    repo = inspect_repo(checkpoint)
    if CARD_FILE not in repo.files:
        raise UserError("{repo} is no voice of Voice Studio: it has no {card}.", repo=checkpoint.repo, card=CARD_FILE)
    files = [file for file in repo.files if "/" not in file and file.endswith(ALLOWED_SUFFIXES)][:MAX_FILES]
    with library.staging_folder() as folder:
        for count, file in enumerate(files):
            part = subprogress(progress, count / len(files), (count + 1) / len(files))
            shutil.copyfile(fetch(replace(repo.checkpoint, file=file), progress=part), folder / file)
        return _add_to_library(library, folder, name, source=f"{repo.checkpoint.repo}@{repo.checkpoint.revision}")


def export_zip(voice: Voice, archive: Path) -> Path:
    """The whole voice as a zip file for `import_zip`."""
    partial = archive.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as opened:
            for file in (CARD_FILE, *voice.card.files):
                opened.write(voice.folder / file, f"{voice.folder.name}/{file}")
            opened.writestr(f"{voice.folder.name}/{README_FILE}", write_model_card(voice))
        return partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)


def publish(voice: Voice, repo: str, *, token: str, private: bool = True, progress: Progress = silent) -> str:
    """Upload a voice to the Hub with a model card, under the token's account; returns the URL."""
    if faults := find_faults(voice):
        raise UserError("“{voice}” was not published: {fault}", voice=voice.name, fault=faults[0])
    if not token:
        raise UserError("To publish, paste a token with write access from huggingface.co/settings/tokens.")
    api = HfApi(token=token)
    with explain_hub_errors(Checkpoint(repo)):
        progress(0.0, Message("Creating {repo}", repo=repo))
        address = api.create_repo(repo, private=private, exist_ok=True)
        progress(0.1, Message("Uploading {count} files", count=len(voice.card.files) + 2))
        operations = [CommitOperationAdd(file, voice.folder / file) for file in (CARD_FILE, *voice.card.files)] + [
            CommitOperationAdd(README_FILE, write_model_card(voice).encode())
        ]
        api.create_commit(address.repo_id, operations, commit_message=f"Voice “{voice.name}”")
    progress(1.0, "")
    return str(address)


def write_model_card(voice: Voice) -> str:
    """The model card of a voice on the Hub: whose it is and its licence."""
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
        raise UserError(
            "This zip file is too large: a voice has at most {files} files and {gigabytes:g} GB.",
            files=MAX_FILES,
            gigabytes=MAX_GIGABYTES,
        )
    for entry in select_safe_entries(archive, max_depth=2, problem=MISPLACED):
        name = PurePosixPath(entry.filename)
        if name.suffix not in ALLOWED_SUFFIXES:
            raise UserError("This zip file was refused: a voice may not have a file like “{file}”.", file=name.name)
        yield entry


def _add_to_library(library: VoiceLibrary, folder: Path, name: str, source: str = "") -> Voice:
    card = read_card(folder)
    write_card(folder, replace(card, name=name.strip() or card.name, source=source or card.source))
    return library.add(folder)
