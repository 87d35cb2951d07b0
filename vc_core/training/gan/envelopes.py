"""Spectral envelopes of training recordings: extraction with a cache on disk, random crops, Fréchet distance."""

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
from vc_core.files.reading import read_audio
from vc_core.models.gated import FRAMES_DIVIDE_BY
from vc_core.progress import Progress, silent
from vc_core.signal.world import FloatArray, WorldFeatures, extract_world_features, synthesise_world
from vc_core.signal.world_codes import resample_for_networks
from vc_core.training.adversarial import huber_loss
from vc_core.voices.speaker_statistics import RecordingFeatures, analyse_recording

HELD_OUT_EVERY = 8
"""Every 8th recording is held out; of fewer, the last one."""
CLIP_DEVIATIONS = 5.0
PREVIEW_SECONDS = 6.0
COVARIANCE_REGULARISATION = 1e-3
Item = TypeVar("Item")


def extract_envelopes(paths: Sequence[Path], folder: Path, progress: Progress = silent) -> list[RecordingFeatures]:
    """Extract the features of all recordings that contain speech; `folder` caches them."""
    folder.mkdir(parents=True, exist_ok=True)
    extracted = []
    for at, path in enumerate(paths):
        progress(at / len(paths), path.name)
        cached = folder / f"{_compute_cache_key(path)}.npz"
        features = _read_cached(cached) if cached.is_file() else analyse_recording(read_audio(path))
        if features is not None:
            extracted.append(features)
            if not cached.is_file():
                np.savez(cached, *_list_cached_arrays(features))
    progress(1.0, "Done")
    return extracted


def split_held_out(items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Split into training items and held-out items."""
    held_out = set(range(HELD_OUT_EVERY - 1, len(items), HELD_OUT_EVERY)) or {len(items) - 1}
    if len(items) < 2:
        raise UserError("One recording is too few to learn from. Give at least two of each.")
    training = [item for at, item in enumerate(items) if at not in held_out]
    return training, [items[at] for at in sorted(held_out)]


def normalise_envelopes(
    recordings: Sequence[RecordingFeatures], mean: FloatArray, deviation: FloatArray, min_frames: int
) -> Tensor:
    """Concatenate and normalise to a Tensor of shape (dimensions, T); repeated until T is at least `min_frames`."""
    codes = np.concatenate([recording.codes for recording in recordings])
    normal = np.clip((codes - mean) / deviation, -CLIP_DEVIATIONS, CLIP_DEVIATIONS).astype(np.float32)
    repeats = -(-min_frames // len(normal))
    return torch.from_numpy(np.ascontiguousarray(np.tile(normal, (repeats, 1)).T))


def crop_randomly(envelopes: Tensor, frames: int, generator: torch.Generator) -> Tensor:
    start = int(torch.randint(envelopes.shape[1] - frames + 1, (), generator=generator))
    return envelopes[:, start : start + frames]


def trim_to_multiple(envelopes: Tensor) -> Tensor:
    """Trim a Tensor of shape (dimensions, T) so that T is a multiple of the networks' total stride."""
    return envelopes[:, : envelopes.shape[1] // FRAMES_DIVIDE_BY * FRAMES_DIVIDE_BY]


def render_preview(path: Path, change: Callable[[WorldFeatures], WorldFeatures]) -> Audio:
    """Resynthesise the start of a recording from changed WORLD features."""
    audio = resample_for_networks(read_audio(path))
    audio = audio.slice(0, round(PREVIEW_SECONDS * audio.sample_rate))
    return synthesise_world(change(extract_world_features(audio)), audio.frames)


def compute_constant_floor(envelopes: Sequence[Tensor]) -> float:
    """Reconstruction loss of the best constant prediction, the median of all envelopes."""
    together = torch.cat(list(envelopes), dim=1)
    return float(huber_loss(together.median(dim=1, keepdim=True).values.expand_as(together), together))


def compute_frechet_distance(generated: Tensor, real: Tensor) -> float:
    """Fréchet distance (M. Heusel et al., 2017) between the Gaussians of codes and their deltas; 0 if they are equal.

    Both are Tensors of shape (dimensions, T).
    """
    (mean, covariance), (other_mean, other) = _fit_gaussian(generated), _fit_gaussian(real)
    # tr sqrt(AB) equals tr sqrt(sqrt(A) B sqrt(A)), and the latter matrix is symmetric.
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0.0)).sum()
    return float(((mean - other_mean) ** 2).sum() + np.trace(covariance) + np.trace(other) - 2 * shared)


def _fit_gaussian(envelopes: Tensor) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and covariance of codes with their deltas."""
    codes = envelopes.double().cpu().numpy()
    both = np.concatenate([codes[:, 2:], codes[:, 2:] - codes[:, :-2]])
    return both.mean(axis=1), np.cov(both) + COVARIANCE_REGULARISATION * np.eye(len(both))


def _compute_cache_key(path: Path) -> str:
    status = path.stat()
    return hashlib.sha256(f"{path.resolve()} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:24]


def _list_cached_arrays(recorded: RecordingFeatures) -> tuple[npt.NDArray[np.float32], ...]:
    numbers = np.array([recorded.log_speaking_rate, recorded.log_aperiodicity])
    return recorded.codes, recorded.log_hertz.astype(np.float32), numbers.astype(np.float32)


def _read_cached(path: Path) -> RecordingFeatures:
    with np.load(path, allow_pickle=False) as cached:
        codes, log_hertz, numbers = (cached[f"arr_{at}"] for at in range(3))
    return RecordingFeatures(codes, log_hertz.astype(np.float64), float(numbers[0]), float(numbers[1]))
