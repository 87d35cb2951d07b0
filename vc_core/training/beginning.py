"""A new run: everything that can be known to be wrong is told before anybody waits, and then its clips are cut."""

import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vc_core.errors import UserError
from vc_core.progress import Progress, part_of, silent
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import TrainingMethod
from vc_core.training.dataset import Cleaning, write_clips
from vc_core.training.job import Run, write_run
from vc_core.training.recordings import Recording, gather
from vc_core.training.settings import read_settings
from vc_core.training.spec import Pace, Spec
from vc_core.voices import CONSENTS, LONGEST_NAME, VoiceLibrary, folder_name

LEAST_SECONDS = 5.0


@dataclass(frozen=True)
class Wanted:
    """What a person asks for."""

    name: str
    method: str
    consent: str
    """One of CONSENTS: whose voice it is. Nothing is trained without it."""
    licence: str = "CC-BY-NC-4.0"
    settings: Mapping[str, Any] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    cleaning: Cleaning = field(default_factory=Cleaning)


@dataclass(frozen=True)
class Begun:
    run: Run
    notes: Sequence[str]


def check_wanted(wanted: Wanted, library: VoiceLibrary) -> TrainingMethod:
    method = TRAINING_METHODS.get(wanted.method)
    if method is None:
        raise UserError(f"There is no way to train called “{wanted.method}”. There are: {', '.join(TRAINING_METHODS)}.")
    if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME or not wanted.name.isprintable():
        raise UserError(f"A voice needs a name of 1 to {LONGEST_NAME} letters.")
    if wanted.consent not in CONSENTS:
        raise UserError(
            "Say whose voice it is: your own, a synthetic one, or somebody's who has agreed in writing "
            f"({', '.join(CONSENTS)})."
        )
    if not wanted.licence.strip():
        raise UserError("Say under which licence the voice may be used.")
    if any(voice.name == wanted.name.strip() for voice in library.list()):
        raise UserError(f"There is a voice called “{wanted.name}” already. Choose another name.")
    settings = read_settings(method.settings, wanted.settings)
    if settings.steps < 1:
        raise UserError("Train for at least one step.")
    return method


def begin_run(
    root: Path, library: Path, wanted: Wanted, sources: Sequence[Path], *, progress: Progress = silent
) -> Begun:
    """In `root`, ready to be started; its voice goes to `library`. A run that can't begin leaves nothing behind."""
    method = check_wanted(wanted, VoiceLibrary(library))
    waiting = root / f".incoming-{uuid.uuid4().hex}"
    waiting.mkdir(parents=True)
    try:
        found = gather(sources, waiting / "unpacked", sort=method.sort, progress=part_of(progress, 0.0, 0.2))
        cut = part_of(progress, 0.2, 1.0)
        dataset = write_clips(found.recordings, waiting / "clips", wanted.cleaning, progress=cut)
        if dataset.seconds < LEAST_SECONDS:
            raise UserError(f"There are only {dataset.seconds:.1f} seconds of sound in this. Bring minutes.")
        shutil.rmtree(waiting / "unpacked", ignore_errors=True)
        origin = _origin(wanted, found.recordings, dataset.seconds)
        spec = Spec(
            name=wanted.name.strip(), method=wanted.method, consent=wanted.consent, licence=wanted.licence.strip(),
            origin=origin, library=str(library), settings=dict(wanted.settings), pace=wanted.pace,
        )  # fmt: skip
        write_run(waiting, spec)
        place = root / f"{folder_name(wanted.name)}-{uuid.uuid4().hex[:8]}"
        waiting.rename(place)
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
    return Begun(Run(place), [*found.notes, *dataset.notes])


def _origin(wanted: Wanted, recordings: Sequence[Recording], seconds: float) -> str:
    names = ", ".join(re.sub(r"\s+", " ", recording.title) for recording in recordings[:3])
    more = f" and {len(recordings) - 3} more" if len(recordings) > 3 else ""
    return f"Trained with the method “{wanted.method}” on {seconds / 60:.1f} minutes of recordings ({names}{more})."
