"""Checkpoints of a run: the last, the previous, the best and the newest evaluations; damaged ones are skipped."""

import io
import logging
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vc_core.checkpoints.weights import load_tensors
from vc_core.errors import UserError
from vc_core.training.run.atomic_files import write_atomically

log = logging.getLogger(__name__)
LAST, BEFORE, BEST = "last.pt", "before.pt", "best.pt"


def save_checkpoint(folder: Path, state: Mapping[str, Any], name: str = LAST) -> Path:
    import torch

    content = io.BytesIO()  # torch's own writer hides the OSError of a full disk
    torch.save(dict(state), content)
    folder.mkdir(exist_ok=True)
    path = folder / name
    write_atomically(path, content.getvalue())
    return path


def link_checkpoint(path: Path, name: str) -> None:
    """Give the checkpoint a second name by a hard link, or by a copy where the file system has none."""
    partial = path.with_name(f".{name}.{uuid.uuid4().hex}.part")
    try:
        try:
            os.link(path, partial)
        except OSError:
            shutil.copyfile(path, partial)
        partial.replace(path.with_name(name))
    finally:
        partial.unlink(missing_ok=True)


def name_step_checkpoint(step: int) -> str:
    return f"step-{step:08d}.pt"


def prune_checkpoints(folder: Path, count: int) -> None:
    """Keep the newest `count` of those named by their step."""
    for path in sorted(folder.glob("step-*.pt"))[: -count or None]:
        path.unlink()


def load_newest_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Load the newest undamaged checkpoint; None if there is none at all."""
    by_time = sorted(folder.glob("[!.]*.pt"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    candidates = sorted(by_time, key=lambda path: path.name != LAST)
    for path in candidates:
        try:
            loaded = load_tensors(path, allow_empty=True)
        except UserError as error:
            log.warning("%s", error)
            continue
        if path.name != LAST:  # otherwise the next save would keep the damaged file as the previous checkpoint
            link_checkpoint(path, LAST)
        return loaded
    if candidates:
        raise UserError("None of this run's checkpoints is whole any more. Start it anew.")
    return None


def delete_partial_files(folder: Path) -> None:
    """Delete partial writes that a killed process has left."""
    for partial in folder.glob(".*.part"):
        partial.unlink(missing_ok=True)
