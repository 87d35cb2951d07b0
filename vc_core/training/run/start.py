"""Create a training run: validate the request, cut the recordings into clips, write the run's folder."""

import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vc_core.engine import find_engine
from vc_core.errors import UserError
from vc_core.expiry import delete_leftovers
from vc_core.progress import Progress, silent, subprogress
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import VoiceExtension
from vc_core.training.recordings.dataset import Cleaning, write_clips
from vc_core.training.recordings.gathering import Recording, gather_recordings
from vc_core.training.run.job import DELETED, Run, write_run_files
from vc_core.training.run.spec import Schedule, Spec
from vc_core.training.settings import read_settings
from vc_core.voices.library import CONSENTS, LONGEST_NAME, Voice, VoiceLibrary, make_folder_name

MIN_SECONDS = 5.0
UNFINISHED = ".incoming-"


@dataclass(frozen=True)
class RunRequest:
    """What the user asks for."""

    name: str
    method: str
    consent: str
    """One of CONSENTS: whose voice it is; required."""
    licence: str = "CC-BY-NC-4.0"
    settings: Mapping[str, Any] = field(default_factory=dict)
    pace: Schedule = field(default_factory=Schedule)
    cleaning: Cleaning = field(default_factory=Cleaning)


@dataclass(frozen=True)
class CreatedRun:
    run: Run
    notes: Sequence[str]


def check_request(request: RunRequest, library: VoiceLibrary) -> dict[str, Any]:
    """The settings, with those that follow from the voice that the method extends."""
    method = find_engine(TRAINING_METHODS, request.method)
    if not request.name.strip() or len(request.name) > LONGEST_NAME or not request.name.isprintable():
        raise UserError("A voice needs a name of 1 to {longest} letters.", longest=LONGEST_NAME)
    if request.consent not in CONSENTS:
        raise UserError(
            "Say whose voice it is: your own, a synthetic one, or somebody's who has agreed in writing ({choices}).",
            choices=", ".join(CONSENTS),
        )
    if not request.licence.strip():
        raise UserError("Say under which licence the voice may be used.")
    settings = read_settings(method.settings, request.settings)
    if settings.steps < 1:
        raise UserError("Train for at least one step.")
    if method.extends:
        return dict(request.settings) | _fit_to_voice(method.extends, library.find(request.name.strip()), settings)
    if any(voice.name == request.name.strip() for voice in library.list()):
        raise UserError("There is a voice called “{name}” already. Choose another name.", name=request.name)
    return dict(request.settings)


def _fit_to_voice(extension: VoiceExtension, voice: Voice, settings: Any) -> dict[str, Any]:
    if voice.card.engine != extension.engine:
        raise UserError(
            "“{name}” is a voice of the engine {own}, and this is for voices of {engine}. Name another.",
            name=voice.name,
            own=voice.card.engine,
            engine=extension.engine,
        )
    return dict(extension.fit(voice, settings))


def create_run(
    root: Path, library: Path, request: RunRequest, sources: Sequence[Path], *, progress: Progress = silent
) -> CreatedRun:
    """Create a run in `root` whose voice goes to `library`. On an error nothing is left behind."""
    settings, method = check_request(request, VoiceLibrary(library)), TRAINING_METHODS[request.method]
    delete_leftovers(root, UNFINISHED, DELETED)
    partial = root / f"{UNFINISHED}{uuid.uuid4().hex}"
    partial.mkdir(parents=True)
    try:
        gathering = subprogress(progress, 0.0, 0.2)
        found = gather_recordings(sources, partial / "unpacked", sort=method.sort, progress=gathering)
        cutting = subprogress(progress, 0.2, 1.0)
        dataset = write_clips(found.recordings, partial / "clips", request.cleaning, progress=cutting)
        if dataset.seconds < MIN_SECONDS:
            raise UserError(
                "There are only {seconds:.1f} seconds of sound in this. Bring minutes.", seconds=dataset.seconds
            )
        shutil.rmtree(partial / "unpacked", ignore_errors=True)
        origin = _describe_origin(request, found.recordings, dataset.seconds)
        spec = Spec(
            name=request.name.strip(), method=request.method, consent=request.consent, licence=request.licence.strip(),
            origin=origin, library=str(library), settings=settings, pace=request.pace,
        )  # fmt: skip
        write_run_files(partial, spec)
        folder = root / f"{make_folder_name(request.name)}-{uuid.uuid4().hex[:8]}"
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return CreatedRun(Run(folder), [*found.notes, *dataset.notes])


def _describe_origin(request: RunRequest, recordings: Sequence[Recording], seconds: float) -> str:
    names = ", ".join(re.sub(r"\s+", " ", recording.title) for recording in recordings[:3])
    more = f" and {len(recordings) - 3} more" if len(recordings) > 3 else ""
    return f"Trained with the method “{request.method}” on {seconds / 60:.1f} minutes of recordings ({names}{more})."
