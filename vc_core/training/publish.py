"""What a run has made so far, and its way into the library: with a card that says whose voice it is and how it came."""

import json
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vc_core.errors import UserError
from vc_core.training.base import Product, Trainer
from vc_core.training.durable import write_durably
from vc_core.training.job import Run
from vc_core.training.spec import Spec, Status
from vc_core.voices import LONGEST_NAME, Voice, VoiceCard, VoiceLibrary, hashes_of, write_card

SECOND = "second"
"""Folder of the other voice, where a training makes two."""


def export_step(run: Run, trainer: Trainer, step: int) -> None:
    """The voice as it is now, ready for the library at any time, whatever becomes of the run."""
    root = run.folder / "voice"
    waiting = root / f".{uuid.uuid4().hex}"
    (waiting / SECOND).mkdir(parents=True)
    product, second = trainer.export(waiting), trainer.export_second(waiting / SECOND)
    told = asdict(product) | {SECOND: asdict(second) if second else None}
    write_durably(root / f"{_step(step)}.json", json.dumps(told).encode())
    shutil.rmtree(root / _step(step), ignore_errors=True)
    waiting.rename(root / _step(step))


def forget_exports(run: Run, kept: Iterable[int | None]) -> None:
    names = {_step(step) for step in kept if step is not None}
    for path in (run.folder / "voice").iterdir():
        if path.stem not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def publish(run: Run, status: Status, *, step: int | None = None) -> Voice:
    """Take the best, or what was learned by `step`, into the library of the run; a second voice goes with the first."""
    chosen = status.best_step if step is None else step
    folder = run.folder / "voice" / (_step(chosen) if chosen is not None else "none")
    if not folder.is_dir():
        raise UserError("There is no voice yet: it is kept at the first evaluation. Wait for that.")
    told = json.loads(folder.with_suffix(".json").read_bytes())
    second = told.pop(SECOND, None)
    voice = _keep(run.spec, Product(**told), folder, chosen)
    if second:
        _keep(run.spec, Product(**second), folder / SECOND, chosen)
    return voice


def _keep(spec: Spec, product: Product, folder: Path, step: int | None) -> Voice:
    library = VoiceLibrary(Path(spec.library))
    with library.incoming() as incoming:
        for path in folder.iterdir():
            if path.is_file():
                shutil.copyfile(path, incoming / path.name)
        name = _free_name(library, product.name or spec.name)
        write_card(incoming, _card(spec, product, name, incoming, step))
        return library.keep(incoming)


def _card(spec: Spec, product: Product, name: str, folder: Path, step: int | None) -> VoiceCard:
    told: dict[str, Any] = {"trained_steps": step, "consent_given": _day(spec.created)}
    reach = product.pitch_range_hz
    return VoiceCard(
        name=name,
        engine=product.engine,
        sample_rate=product.sample_rate,
        licence=spec.licence,
        consent=spec.consent,
        origin=spec.origin,
        files=hashes_of(folder),
        pitch_range_hz=(float(reach[0]), float(reach[1])) if reach else None,
        settings={**product.settings, **told},
    )


def _free_name(library: VoiceLibrary, name: str) -> str:
    """With a number behind it if the name has been taken while the voice was being trained."""
    taken = {voice.name for voice in library.list()}
    tried, count = name, 2
    while tried in taken:
        tried = f"{name[: LONGEST_NAME - 5]} {count}"
        count += 1
    return tried


def _day(created: float) -> str:
    return datetime.fromtimestamp(created, UTC).date().isoformat()


def _step(step: int) -> str:
    return f"step-{step:08d}"
