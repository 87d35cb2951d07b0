"""From clips to what so-vits voices learn from, kept in files that so-vits-svc-fork reads too.

A clip's `.data.pt` holds `spec`, `mel_spec`, `f0` (without gaps), `uv` (1 where it is voiced), `content`, `audio` and
`spk`, the number of the folder that the clip lies in.
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
from vc_core.content_vec import fetch_content_vec, load_content_vec
from vc_core.errors import UserError
from vc_core.models import content_vec
from vc_core.pitch import find_pitch, load_pitch_method, prepare_pitch_method
from vc_core.progress import Progress, part_of, silent
from vc_core.reading import read_audio
from vc_core.torchaudio_guard import ensure_torchaudio
from vc_core.training.base import Clips
from vc_core.training.so_vits_config import HOP, LEGACY_WIDTH, RATE
from vc_core.training.so_vits_spectra import mels_of, spectrum_of

LOWEST_HZ, HIGHEST_HZ = 50.0, 1100.0
SHORTEST_SECONDS = 0.3
FORMAT = 1
"""Of the kept files; another number where their content changes."""

Features = dict[str, Tensor]


@dataclass(frozen=True)
class Hearing:
    """How clips are heard."""

    width: int
    """Of what is said: 256 for the oldest voices, 768 for the others."""
    pitch_method: str
    device: str


def prepare_features(
    clips: Clips, speakers: Mapping[str, int], hearing: Hearing, folder: Path, *, progress: Progress = silent
) -> dict[str, list[Path]]:
    """The kept files of each speaker; what is there already is not heard again."""
    fetch_content_vec(progress=part_of(progress, 0.0, 0.2))
    prepare_pitch_method(hearing.pitch_method, progress=part_of(progress, 0.2, 0.3))
    done, total, listening = 0, len(clips.all), part_of(progress, 0.3, 1.0)
    found: dict[str, list[Path]] = {name: [] for name in speakers}
    for name, paths in clips.folders.items():
        for path in paths:
            listening(done / total, f"Listening to {path.name}")
            kept = folder / _known(path, name, speakers, hearing) / name / f"{path.name}.data.pt"
            if kept.is_file() or _keep(path, kept, speakers[name], hearing):
                found[name].append(kept)
            done += 1
    return found


def _known(path: Path, name: str, speakers: Mapping[str, int], hearing: Hearing) -> str:
    """A folder of its own for everything that would make the content another one."""
    stat = path.stat()
    facts = (FORMAT, stat.st_size, stat.st_mtime_ns, speakers[name], hearing.width, hearing.pitch_method)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _keep(path: Path, kept: Path, speaker: int, hearing: Hearing) -> bool:
    clip = read_audio(path).mono().resampled(RATE)
    if clip.seconds < SHORTEST_SECONDS or not np.abs(clip.samples).max() > 1e-4:
        return False
    kept.parent.mkdir(parents=True, exist_ok=True)
    waiting = kept.with_suffix(".part")
    torch.save(hear(clip, speaker, hearing), waiting)
    waiting.replace(kept)
    return True


@torch.no_grad()
def hear(clip: Audio, speaker: int, hearing: Hearing) -> Features:
    """Of a mono clip at so-vits-svc's rate, cut to whole hops."""
    hops = clip.frames // HOP
    sound = torch.from_numpy(clip.samples[:, : hops * HOP].copy())
    method = load_pitch_method(hearing.pitch_method, hearing.device)
    found = find_pitch(clip, method, hop_seconds=HOP / RATE, lowest_hz=LOWEST_HZ, highest_hz=HIGHEST_HZ).hertz[:hops]
    voiced = np.flatnonzero(found)
    hertz = np.interp(np.arange(hops), voiced, found[voiced]) if len(voiced) else np.zeros(hops)
    spectrum = spectrum_of(sound)
    features = {
        "spec": spectrum[0],
        "mel_spec": mels_of(spectrum)[0],
        "f0": torch.from_numpy(hertz).float(),
        "uv": torch.from_numpy(found > 0).float(),
        "content": said_in(clip, hops, hearing),
        "audio": sound,
        "spk": torch.tensor(speaker),
    }
    if not all(torch.isfinite(value).all() for value in features.values()):
        raise UserError("A clip can't be learned from: what is heard in it is not made of numbers.")
    return {name: value.clone() for name, value in features.items()}


def said_in(clip: Audio, hops: int, hearing: Hearing) -> Tensor:
    """Of shape (width, hops), as the converter will hear it."""
    ensure_torchaudio()
    from torchaudio.functional import resample

    heard = resample(torch.from_numpy(clip.samples), RATE, content_vec.RATE).to(hearing.device)
    is_projected = hearing.width == LEGACY_WIDTH
    encoder = load_content_vec(9 if is_projected else 12, is_projected=is_projected, device=hearing.device)
    said: Tensor = encoder(heard).cpu()
    if hops < said.shape[-1]:
        return said[0, :, :hops]
    return functional.interpolate(said, hops, mode="nearest")[0]


def load_features(path: Path) -> Features:
    """Not in memory before it is used."""
    features: Features = torch.load(path, weights_only=True, mmap=True)
    return features


def reach_of(paths: list[Path]) -> tuple[float, float] | None:
    """Nearly the lowest and highest pitch that was sung; `None` where nothing was."""
    voiced: list[Any] = []
    for path in paths:
        features = load_features(path)
        voiced.append(features["f0"][features["uv"] > 0].numpy())
    hertz = np.concatenate(voiced)
    if not len(hertz):
        return None
    low, high = np.percentile(hertz, (5, 95))
    return round(float(low), 1), round(float(high), 1)
