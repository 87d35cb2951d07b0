"""Training and held-out data of the instant engine's decoder, with a feature cache on disk."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.provenance import compute_sha256
from vc_core.files.reading import read_audio
from vc_core.progress import Progress, silent
from vc_core.training.instant.features import choose_sample_rate
from vc_core.voices.instant_weights import CONTENT_ENCODER_FILE, load_content_encoder
from vc_core.voices.prepared_recording import PreparedRecording, measure_bandwidth_hz, prepare_recording

MIN_SECONDS, MAX_SECONDS = 5.0, 1200.0
"""Less is not enough for a voice, and more does not improve it."""
MAX_SEGMENT_SECONDS = 20.0
MIN_CLIP_SECONDS = 0.5
HELD_OUT_SECONDS, HELD_OUT_SHARE = 6.0, 0.2
CACHE_VERSION = 2
"""To be changed with the content of the cached file."""


@dataclass(frozen=True)
class Dataset:
    training: list[PreparedRecording]
    held_out: PreparedRecording
    sample_rate: int


def load_dataset(paths: Sequence[Path], seed: int, folder: Path, *, progress: Progress = silent) -> Dataset:
    """Prepare the dataset, or load it from the cache in `folder`."""
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    key = (CACHE_VERSION, seed, compute_sha256(CONTENT_ENCODER_FILE), stats)
    cached = folder / f"instant-{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}.pt"
    if cached.exists():
        loaded = torch.load(cached, weights_only=True)
        recordings = [_from_cache(recording) for recording in loaded["recordings"]]
        return Dataset(recordings[1:], recordings[0], recordings[0].sample_rate)
    dataset = _prepare_dataset(paths, seed, progress)
    folder.mkdir(parents=True, exist_ok=True)
    partial = cached.with_suffix(".part")
    torch.save({"recordings": [_to_cache(one) for one in (dataset.held_out, *dataset.training)]}, partial)
    partial.replace(cached)
    return dataset


def _to_cache(recording: PreparedRecording) -> dict[str, Any]:
    fields = asdict(recording)
    return fields | {"rate": fields.pop("sample_rate")}


def _from_cache(fields: dict[str, Any]) -> PreparedRecording:
    return PreparedRecording(sample_rate=fields.pop("rate"), **fields)


def _prepare_dataset(paths: Sequence[Path], seed: int, progress: Progress) -> Dataset:
    held_out, *clips = split_held_out(list(read_clips(paths, progress)))
    highest_hz = max(map(measure_bandwidth_hz, clips))
    sample_rate = choose_sample_rate(highest_hz)
    generator, encoder = np.random.default_rng([12, seed]), load_content_encoder()
    segments = [segment for clip in clips for segment in split_into_segments(clip)]
    prepared = []
    for done, segment in enumerate([held_out, *segments]):
        progress(0.2 + 0.8 * done / (len(segments) + 1), "Listening to the recordings")
        made = prepare_recording(segment, encoder, generator, sample_rate)
        prepared.append(replace(made, bandwidth_hz=min(made.bandwidth_hz, highest_hz)))
    if not any((recording.hertz > 0).any() for recording in prepared[1:]):
        raise UserError("No voice was heard in these recordings. Choose some in which somebody sings or speaks.")
    return Dataset(prepared[1:], prepared[0], sample_rate)


def read_clips(paths: Sequence[Path], progress: Progress, max_seconds: float = MAX_SECONDS) -> Iterator[Audio]:
    """Read the clips that are long and loud enough, until `max_seconds` in all."""
    total_seconds = 0.0
    for done, path in enumerate(paths):
        progress(0.2 * done / len(paths), path.name)
        clip = read_audio(path).to_mono()
        if clip.seconds < MIN_CLIP_SECONDS or not np.abs(clip.samples).max() > 1e-4:
            continue
        yield clip.slice(0, round((max_seconds - total_seconds) * clip.sample_rate))
        total_seconds += clip.seconds
        if total_seconds >= max_seconds:
            return


def split_held_out(clips: Sequence[Audio]) -> list[Audio]:
    """Return the held-out clip, then the training clips: a short clip, or the end of the longest one, is held out."""
    total = sum(clip.seconds for clip in clips)
    if total < MIN_SECONDS:
        raise UserError(
            "There are only {seconds:.0f} seconds of sound in these recordings. Give at least {least:.0f}; a minute "
            "is a good start.",
            seconds=total,
            least=MIN_SECONDS,
        )
    short = [at for at, clip in enumerate(clips) if clip.seconds <= HELD_OUT_SHARE * total]
    if short:
        chosen = min(short, key=lambda at: abs(clips[at].seconds - HELD_OUT_SECONDS))
        return [clips[chosen], *(clip for at, clip in enumerate(clips) if at != chosen)]
    longest = max(range(len(clips)), key=lambda at: clips[at].seconds)
    clip = clips[longest]
    start = clip.frames - round(min(HELD_OUT_SECONDS, HELD_OUT_SHARE * clip.seconds) * clip.sample_rate)
    rest = [clip.slice(0, start) if at == longest else other for at, other in enumerate(clips)]
    return [clip.slice(start, clip.frames), *rest]


def split_into_segments(clip: Audio) -> Iterator[Audio]:
    """Split into segments of equal length, at most MAX_SEGMENT_SECONDS."""
    count = int(np.ceil(clip.seconds / MAX_SEGMENT_SECONDS))
    edges = np.linspace(0, clip.frames, count + 1).astype(int)
    for start, stop in pairwise(edges):
        yield clip.slice(int(start), int(stop))
