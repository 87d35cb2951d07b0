"""Feature extraction for so-vits training, cached on disk in the format of so-vits-svc-fork.

A clip's `.data.pt` contains `spec`, `mel_spec`, `f0` (interpolated over unvoiced frames), `uv` (1 for voiced frames),
`content`, `audio` and `spk`, the number of the speaker.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vc_core.audio import Audio
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.models import content_vec
from vc_core.progress import Progress, silent, subprogress
from vc_core.signal.pitch import estimate_pitch, load_pitch_method, prepare_pitch_method
from vc_core.training.base import Clips
from vc_core.training.so_vits.config import HOP_SAMPLES, SAMPLE_RATE
from vc_core.training.so_vits.spectra import compute_log_mel, compute_spectrum
from vc_core.voices.content_vec import fetch_content_vec, load_for_width

LOWEST_HZ, HIGHEST_HZ = 50.0, 1100.0
MIN_SECONDS = 0.3
CACHE_VERSION = 1
"""To be changed with the content of the cached files."""

Features = dict[str, Tensor]


@dataclass(frozen=True)
class FeatureOptions:
    """How features are extracted."""

    width: int
    """Of the content features: 256 for the oldest voices, 768 for the others."""
    pitch_method: str
    device: str


def prepare_features(
    clips: Clips, speakers: Mapping[str, int], options: FeatureOptions, folder: Path, *, progress: Progress = silent
) -> dict[str, list[Path]]:
    """Extract the features of all clips that are not cached yet; return the cached files by speaker."""
    fetch_content_vec(progress=subprogress(progress, 0.0, 0.2))
    prepare_pitch_method(options.pitch_method, progress=subprogress(progress, 0.2, 0.3))
    done, total, extraction = 0, len(clips.all), subprogress(progress, 0.3, 1.0)
    files: dict[str, list[Path]] = {name: [] for name in speakers}
    for name, paths in clips.folders.items():
        for path in paths:
            extraction(done / total, f"Listening to {path.name}")
            cached = folder / _name_cache_folder(path, name, speakers, options) / name / f"{path.name}.data.pt"
            if cached.is_file() or _cache_features(path, cached, speakers[name], options):
                files[name].append(cached)
            done += 1
    return files


def _name_cache_folder(path: Path, name: str, speakers: Mapping[str, int], options: FeatureOptions) -> str:
    """Hash everything that the features depend on."""
    stat = path.stat()
    key = (CACHE_VERSION, stat.st_size, stat.st_mtime_ns, speakers[name], options.width, options.pitch_method)
    return hashlib.sha256(repr(key).encode()).hexdigest()[:16]


def _cache_features(path: Path, cached: Path, speaker: int, options: FeatureOptions) -> bool:
    """Return False for a clip that is too short or silent."""
    clip = read_audio(path).to_mono().resample(SAMPLE_RATE)
    if clip.seconds < MIN_SECONDS or not np.abs(clip.samples).max() > 1e-4:
        return False
    cached.parent.mkdir(parents=True, exist_ok=True)
    partial = cached.with_suffix(".part")
    torch.save(extract_features(clip, speaker, options), partial)
    partial.replace(cached)
    return True


@torch.no_grad()
def extract_features(clip: Audio, speaker: int, options: FeatureOptions) -> Features:
    """Extract the features of a mono clip at SAMPLE_RATE, trimmed to whole hops."""
    frames = clip.frames // HOP_SAMPLES
    sound = torch.from_numpy(clip.samples[:, : frames * HOP_SAMPLES].copy())
    estimator = load_pitch_method(options.pitch_method, options.device)
    hop_seconds = HOP_SAMPLES / SAMPLE_RATE
    pitch = estimate_pitch(clip, estimator, hop_seconds=hop_seconds, lowest_hz=LOWEST_HZ, highest_hz=HIGHEST_HZ)
    found = pitch.hertz[:frames]
    voiced = np.flatnonzero(found)
    hertz = np.interp(np.arange(frames), voiced, found[voiced]) if len(voiced) else np.zeros(frames)
    spectrum = compute_spectrum(sound)
    features = {
        "spec": spectrum[0],
        "mel_spec": compute_log_mel(spectrum)[0],
        "f0": torch.from_numpy(hertz).float(),
        "uv": torch.from_numpy(found > 0).float(),
        "content": extract_content(clip, frames, options),
        "audio": sound,
        "spk": torch.tensor(speaker),
    }
    if not all(torch.isfinite(value).all() for value in features.values()):
        raise UserError("A clip can't be learned from: what is heard in it is not made of numbers.")
    return {name: value.clone() for name, value in features.items()}


def extract_content(clip: Audio, frames: int, options: FeatureOptions) -> Tensor:
    """Content features, Tensor of shape (width, T), as the converter computes them."""
    ensure_torchaudio()
    from torchaudio.functional import resample

    samples = resample(torch.from_numpy(clip.samples), SAMPLE_RATE, content_vec.SAMPLE_RATE).to(options.device)
    content: Tensor = load_for_width(options.width, options.device)(samples).cpu()
    if frames < content.shape[-1]:
        return content[0, :, :frames]
    return functional.interpolate(content, frames, mode="nearest")[0]


def load_features(path: Path) -> Features:
    """Memory-map cached features."""
    features: Features = torch.load(path, weights_only=True, mmap=True)
    return features


def measure_range_hz(paths: list[Path]) -> tuple[float, float] | None:
    """5th and 95th percentile of the pitch of cached clips; None if no frame is voiced."""
    voiced: list[Any] = []
    for path in paths:
        features = load_features(path)
        voiced.append(features["f0"][features["uv"] > 0].numpy())
    hertz = np.concatenate(voiced)
    if not len(hertz):
        return None
    low, high = np.percentile(hertz, (5, 95))
    return round(float(low), 1), round(float(high), 1)
