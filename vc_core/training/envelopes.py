"""Recordings as networks that learn on envelopes hear them: heard once, kept on disk, cut at random."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.manners import Recorded, listen
from vc_core.models.gated import FRAMES_DIVIDE_BY
from vc_core.progress import Progress, silent
from vc_core.reading import read_audio
from vc_core.training.adversarial import strayed
from vc_core.world import Values, WorldFeatures, analyse, synthesise
from vc_core.world_codes import heard_by_networks

HELD_OUT_EVERY = 8
"""So many recordings are learned from for one that is not; of few, the last one is held out."""
FURTHEST = 5.0
PREVIEW_SECONDS = 6.0
LEAST_COVARIANCE = 1e-3
Thing = TypeVar("Thing")


def listen_to(paths: Sequence[Path], folder: Path, progress: Progress = silent) -> list[Recorded]:
    """Those in which somebody speaks; what was heard before is read from the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for at, path in enumerate(paths):
        progress(at / len(paths), path.name)
        kept = folder / f"{_fingerprint(path)}.npz"
        recorded = _read(kept) if kept.is_file() else listen(read_audio(path))
        if recorded is not None:
            found.append(recorded)
            if not kept.is_file():
                np.savez(kept, *_parts(recorded))
    progress(1.0, "Done")
    return found


def split(things: Sequence[Thing]) -> tuple[list[Thing], list[Thing]]:
    """Those to learn from, and those held out; none is in both."""
    held_out = set(range(HELD_OUT_EVERY - 1, len(things), HELD_OUT_EVERY)) or {len(things) - 1}
    if len(things) < 2:
        raise UserError("One recording is too few to learn from. Give at least two of each.")
    learned = [thing for at, thing in enumerate(things) if at not in held_out]
    return learned, [things[at] for at in sorted(held_out)]


def normalised(recordings: Sequence[Recorded], mean: Values, deviation: Values, least_frames: int) -> Tensor:
    """One after another without pauses, shape (dimensions, frames); repeated where they are shorter than a crop."""
    codes = np.concatenate([one.codes for one in recordings])
    normal = np.clip((codes - mean) / deviation, -FURTHEST, FURTHEST).astype(np.float32)
    repeats = -(-least_frames // len(normal))
    return torch.from_numpy(np.ascontiguousarray(np.tile(normal, (repeats, 1)).T))


def crop(envelopes: Tensor, frames: int, generator: torch.Generator) -> Tensor:
    start = int(torch.randint(envelopes.shape[1] - frames + 1, (), generator=generator))
    return envelopes[:, start : start + frames]


def whole(envelopes: Tensor) -> Tensor:
    """As much of it as a network can halve twice."""
    return envelopes[:, : envelopes.shape[1] // FRAMES_DIVIDE_BY * FRAMES_DIVIDE_BY]


def preview(path: Path, change: Callable[[WorldFeatures], WorldFeatures]) -> Audio:
    """The start of a recording, made anew."""
    heard = heard_by_networks(read_audio(path))
    heard = heard.between(0, round(PREVIEW_SECONDS * heard.sample_rate))
    return synthesise(change(analyse(heard)), heard.frames)


def best_constant_distance(envelopes: Sequence[Tensor]) -> float:
    """What a network would score that always answers with the middle of all envelopes."""
    together = torch.cat(list(envelopes), dim=1)
    return float(strayed(together.median(dim=1, keepdim=True).values.expand_as(together), together))


def frechet_distance(made: Tensor, real: Tensor) -> float:
    """Between the normal distributions of codes and of their movements (M. Heusel et al., 2017); 0 if they are alike.

    Both of shape (dimensions, frames).
    """
    (mean, covariance), (other_mean, other) = _distribution(made), _distribution(real)
    # The trace of the root of the product is that of a symmetric product with the same eigenvalues.
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0.0)).sum()
    return float(((mean - other_mean) ** 2).sum() + np.trace(covariance) + np.trace(other) - 2 * shared)


def _distribution(envelopes: Tensor) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    codes = envelopes.double().cpu().numpy()
    both = np.concatenate([codes[:, 2:], codes[:, 2:] - codes[:, :-2]])
    return both.mean(axis=1), np.cov(both) + LEAST_COVARIANCE * np.eye(len(both))


def _fingerprint(path: Path) -> str:
    status = path.stat()
    return hashlib.sha256(f"{path.resolve()} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:24]


def _parts(recorded: Recorded) -> tuple[npt.NDArray[np.float32], ...]:
    numbers = np.array([recorded.log_rate, recorded.log_breath])
    return recorded.codes, recorded.log_hertz.astype(np.float32), numbers.astype(np.float32)


def _read(path: Path) -> Recorded:
    with np.load(path, allow_pickle=False) as kept:
        codes, log_hertz, numbers = (kept[f"arr_{at}"] for at in range(3))
    return Recorded(codes, log_hertz.astype(np.float64), float(numbers[0]), float(numbers[1]))
