"""What a user must state about a voice that others trained: whose it is, and under which licence."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vc_core.voices.library import Voice, VoiceCard, VoiceLibrary, hash_files, write_card


@dataclass(frozen=True)
class VoiceFacts:
    name: str
    consent: str
    licence: str
    origin: str = ""
    speaker: str = ""
    """The default singer of a so-vits voice; required if the checkpoint has several."""

    def check(self, library: VoiceLibrary, sample_rate: int = 48_000) -> None:
        """Raise `UserError` before a download for anything that would be refused after it."""
        VoiceCard(self.name.strip(), "any", sample_rate, self.licence, self.consent, self.origin or "–", files={})
        library.check_name_is_free(self.name.strip())


@dataclass(frozen=True)
class ImportedModel:
    """What is known about a model besides."""

    engine: str
    program: str
    """That it was trained with."""
    sample_rate: int
    source: str
    """Repo and commit."""
    settings: Mapping[str, Any]


def add_imported_voice(library: VoiceLibrary, folder: Path, facts: VoiceFacts, model: ImportedModel) -> Voice:
    """Write the card of a staged folder, and move it into the library."""
    unknown = f"Trained by others with {model.program}; the recordings are not known."
    card = VoiceCard(
        name=facts.name.strip(),
        engine=model.engine,
        sample_rate=model.sample_rate,
        licence=facts.licence,
        consent=facts.consent,
        origin=facts.origin or unknown,
        files=hash_files(folder),
        source=model.source,
        settings=model.settings,
    )
    write_card(folder, card)
    return library.add(folder)
