"""Checkpoints of a run: the last, the best, and some before; a damaged one is passed over for the one before it."""

import io
import logging
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vc_core.errors import UserError
from vc_core.training.durable import write_durably
from vc_core.weights import load_tensors

log = logging.getLogger(__name__)
LAST, BEFORE, BEST = "last.pt", "before.pt", "best.pt"


def save_checkpoint(folder: Path, state: Mapping[str, Any], name: str = LAST) -> Path:
    import torch

    content = io.BytesIO()  # torch's own writer would hide why a write fell short
    torch.save(dict(state), content)
    folder.mkdir(exist_ok=True)
    path = folder / name
    write_durably(path, content.getvalue())
    return path


def also_called(path: Path, name: str) -> None:
    """The same checkpoint under a second name, at no cost where the file system can do that."""
    part = path.with_name(f".{name}.{uuid.uuid4().hex}.part")
    try:
        try:
            os.link(path, part)
        except OSError:
            shutil.copyfile(path, part)
        part.replace(path.with_name(name))
    finally:
        part.unlink(missing_ok=True)


def step_name(step: int) -> str:
    return f"step-{step:08d}.pt"


def keep_newest(folder: Path, count: int) -> None:
    """Of those that are kept by their step."""
    for path in sorted(folder.glob("step-*.pt"))[: -count or None]:
        path.unlink()


def load_newest(folder: Path) -> dict[str, Any] | None:
    """The newest one that is whole; None if nothing was ever saved."""
    others = sorted(folder.glob("[!.]*.pt"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    found = sorted(others, key=lambda path: path.name != LAST)
    for path in found:
        try:
            loaded = load_tensors(path)
        except UserError as error:
            log.warning("%s", error)
            continue
        if path.name != LAST:  # the damaged one must not be taken for the one before, at the next save
            also_called(path, LAST)
        return loaded
    if found:
        raise UserError("None of this run's checkpoints is whole any more. Start it anew.")
    return None


def sweep(folder: Path) -> None:
    """What a kill left half written."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)
