"""Mixdown of audio files, block by block: sample-synchronous, with gains and loudness normalisation (LUFS)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from vc_core.audio import Audio
from vc_core.files.provenance import Provenance
from vc_core.files.reading import AudioFile
from vc_core.files.writing import DEFAULT_FORMAT, FORMATS, AudioWriter
from vc_core.progress import Progress, silent, subprogress
from vc_core.signal.loudness import apply_gain, mix
from vc_core.signal.loudness_meter import LoudnessMeter

BLOCK_SECONDS = 10.0
MAX_GAIN_DB = 30.0
"""Tracks that would need more gain to be as loud as asked for are practically silent."""


@dataclass(frozen=True)
class Track:
    file: AudioFile
    gain_db: float = 0.0


@dataclass(frozen=True)
class MixPlan:
    """What is written: the mix, and each track as it is in the mix."""

    mix_path: Path
    track_paths: Mapping[str, Path]
    """By the names of the tracks; those without a path are only in the mix."""
    lufs: float | None = None
    """The loudness of the mix; None leaves it as it comes out."""
    format_name: str = DEFAULT_FORMAT
    provenance: Mapping[str, Provenance] | None = None
    """Of the generated tracks, by name."""
    mix_provenance: Provenance | None = None


@dataclass(frozen=True)
class Mixdown:
    gain_db: float
    """Applied to all tracks to reach the loudness."""
    notes: tuple[str, ...]


def write_mix(tracks: Mapping[str, Track], plan: MixPlan, *, progress: Progress = silent) -> Mixdown:
    """Two passes over the tracks: the first measures the loudness, the second writes."""
    gain_db = _compute_gain_db(tracks, plan.lufs, subprogress(progress, 0.0, 0.4))
    sample_rate = next(iter(tracks.values())).file.sample_rate
    with ExitStack() as stack:
        mix_writer = AudioWriter(
            plan.mix_path,
            sample_rate,
            max(track.file.channels for track in tracks.values()),
            format_name=plan.format_name,
            provenance=plan.mix_provenance,
        )
        track_writers = {
            name: AudioWriter(
                plan.track_paths[name],
                sample_rate,
                track.file.channels,
                format_name=plan.format_name,
                provenance=(plan.provenance or {}).get(name),
            )
            for name, track in tracks.items()
            if name in plan.track_paths
        }
        for writer in (mix_writer, *track_writers.values()):
            stack.enter_context(writer)
        for blocks in _read_blocks(tracks, gain_db, subprogress(progress, 0.4, 1.0)):
            mix_writer.write(mix(blocks, [0.0] * len(blocks)))
            for name, block in zip(tracks, blocks, strict=True):
                if name in track_writers:
                    track_writers[name].write(block)
    return Mixdown(gain_db, tuple(mix_writer.notes()))


def _compute_gain_db(tracks: Mapping[str, Track], lufs: float | None, progress: Progress) -> float:
    if lufs is None or not np.isfinite(lufs):
        return 0.0
    meter = LoudnessMeter()
    for blocks in _read_blocks(tracks, 0.0, progress):
        meter.feed(mix(blocks, [0.0] * len(blocks)))
    mix_lufs = meter.integrated_lufs()
    return float(np.clip(lufs - mix_lufs, -MAX_GAIN_DB, MAX_GAIN_DB)) if np.isfinite(mix_lufs) else 0.0


def _read_blocks(tracks: Mapping[str, Track], gain_db: float, progress: Progress) -> Iterator[Sequence[Audio]]:
    """The same block of every track, with the track's own gain and `gain_db`; one that has ended is silent."""
    frames = max(track.file.frames or 0 for track in tracks.values())
    read_frames = 0
    for blocks in zip_longest(*(track.file.blocks(BLOCK_SECONDS) for track in tracks.values())):
        progress(min(read_frames / frames, 1.0) if frames else 0.0, "")
        longest = max(block.frames for block in blocks if block)
        yield [
            apply_gain(_pad(block, track, longest), track.gain_db + gain_db)
            for block, track in zip(blocks, tracks.values(), strict=True)
        ]
        read_frames += longest


def _pad(block: Audio | None, track: Track, frames: int) -> Audio:
    if block is None:
        return Audio(np.zeros((track.file.channels, frames), np.float32), track.file.sample_rate)
    if block.frames == frames:
        return block
    return block.with_samples(np.pad(block.samples, ((0, 0), (0, frames - block.frames))))


def make_track_paths(folder: Path, names: Sequence[str], format_name: str) -> dict[str, Path]:
    return {name: folder / f"{name}{FORMATS[format_name].suffix}" for name in names}
