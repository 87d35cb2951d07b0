"""Export the current model of a run, and publish it to the voice library with a voice card."""

import json
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vc_core.errors import UserError
from vc_core.locks import FileLock
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import TrainedModel, Trainer
from vc_core.training.run.atomic_files import append_line, write_atomically
from vc_core.training.run.job import Run
from vc_core.training.run.spec import Spec, Status
from vc_core.voices.library import LONGEST_NAME, Voice, VoiceCard, VoiceLibrary, hash_files, write_card

SECOND = "second"
"""Folder of the second voice of a training that makes two."""
PUBLISHED = "published.jsonl"
"""Steps of the run that are in the library, with the names of their voices."""


def export_model(run: Run, trainer: Trainer, step: int) -> None:
    """Export the model at this step, so that it can be published at any time."""
    root = run.folder / "voice"
    partial = root / f".{uuid.uuid4().hex}"
    (partial / SECOND).mkdir(parents=True)
    model, second = trainer.export(partial), trainer.export_second(partial / SECOND)
    description = asdict(model) | {SECOND: asdict(second) if second else None}
    write_atomically(root / f"{_name_step(step)}.json", json.dumps(description).encode())
    shutil.rmtree(root / _name_step(step), ignore_errors=True)
    partial.rename(root / _name_step(step))


def delete_old_exports(run: Run, kept_steps: Iterable[int | None]) -> None:
    names = {_name_step(step) for step in kept_steps if step is not None}
    for path in (run.folder / "voice").iterdir():
        if path.stem not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def publish_voice(run: Run, status: Status, *, step: int | None = None) -> Voice:
    """Add the best model, or that of `step`, to the run's library, or to the voice that it is for.

    A second voice is added, too, if there is one. A model that is in the library already is not added again.
    """
    with FileLock(run.folder / "publish.lock").hold():  # the worker and a page may publish at the same time
        chosen = status.best_step if step is None else step
        return find_published(run, chosen) or _publish(run, chosen)


def _publish(run: Run, chosen: int | None) -> Voice:
    folder = run.folder / "voice" / (_name_step(chosen) if chosen is not None else "none")
    if not folder.is_dir():
        raise UserError("There is no voice yet: it is kept at the first evaluation. Wait for that.")
    if extension := TRAINING_METHODS[run.spec.method].extends:
        return VoiceLibrary(Path(run.spec.library)).extend(run.spec.name, lambda voice: extension.add(folder, voice))
    description = json.loads(folder.with_suffix(".json").read_bytes())
    second = description.pop(SECOND, None)
    voice = _add_to_library(run.spec, TrainedModel(**description), folder, chosen)
    append_line(run.folder / PUBLISHED, json.dumps({"step": chosen, "voice": voice.name}))
    if second:
        _add_to_library(run.spec, TrainedModel(**second), folder / SECOND, chosen)
    return voice


def find_published(run: Run, step: int | None) -> Voice | None:
    """The voice that this step was added to the library as, unless it has been deleted there."""
    path = run.folder / PUBLISHED
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []
    names = [line["voice"] for line in lines if line["step"] == step]
    voices = VoiceLibrary(Path(run.spec.library)).list() if names else []
    return next((voice for voice in voices if voice.name in names), None)


def _add_to_library(spec: Spec, model: TrainedModel, folder: Path, step: int | None) -> Voice:
    library = VoiceLibrary(Path(spec.library))
    with library.staging_folder() as incoming:
        for path in folder.iterdir():
            if path.is_file():
                shutil.copyfile(path, incoming / path.name)
        name = _choose_free_name(library, model.name or spec.name)
        write_card(incoming, _build_card(spec, model, name, incoming, step))
        return library.add(incoming)


def _build_card(spec: Spec, model: TrainedModel, name: str, folder: Path, step: int | None) -> VoiceCard:
    training: dict[str, Any] = {"trained_steps": step, "consent_given": _format_date(spec.created)}
    pitch_range_hz = model.pitch_range_hz
    return VoiceCard(
        name=name,
        engine=model.engine,
        sample_rate=model.sample_rate,
        licence=spec.licence,
        consent=spec.consent,
        origin=spec.origin,
        files=hash_files(folder),
        pitch_range_hz=(float(pitch_range_hz[0]), float(pitch_range_hz[1])) if pitch_range_hz else None,
        settings={**model.settings, **training},
    )


def _choose_free_name(library: VoiceLibrary, name: str) -> str:
    """Append a number if the name has been taken during the training."""
    taken = {voice.name for voice in library.list()}
    tried, count = name, 2
    while tried in taken:
        tried = f"{name[: LONGEST_NAME - 5]} {count}"
        count += 1
    return tried


def _format_date(created: float) -> str:
    return datetime.fromtimestamp(created, UTC).date().isoformat()


def _name_step(step: int) -> str:
    return f"step-{step:08d}"
