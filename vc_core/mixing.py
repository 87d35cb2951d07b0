"""Tracks from files put together into one sound, block by block: in step to the sample, and as loud as wanted."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vc_core.audio import Audio
from vc_core.loudness import gained, mix
from vc_core.loudness_meter import LoudnessMeter
from vc_core.progress import Progress, silent
from vc_core.provenance import Provenance
from vc_core.reading import AudioFile
from vc_core.writing import DEFAULT_FORMAT, FORMATS, AudioWriter

BLOCK_SECONDS = 10.0
MOST_GAIN_DB = 30.0
"""Nothing is made louder by more than this: what is so soft is no sound but its rest."""


@dataclass(frozen=True)
class Track:
    file: AudioFile
    gain_db: float = 0.0


@dataclass(frozen=True)
class MixPlan:
    """What comes of the tracks: their mix, and each of them as it is in it."""

    mix_path: Path
    track_paths: Mapping[str, Path]
    """Where each track goes, by its name; the same names as the tracks'."""
    lufs: float | None = None
    """The loudness of the mix; None leaves it as it comes out."""
    format_name: str = DEFAULT_FORMAT
    provenance: Mapping[str, Provenance] | None = None
    """Of those tracks that are made, by their names."""
    mix_provenance: Provenance | None = None


@dataclass(frozen=True)
class Mixed:
    gain_db: float
    """By how much all was made louder to be as loud as wanted."""
    notes: tuple[str, ...]


def write_mix(tracks: Mapping[str, Track], plan: MixPlan, *, progress: Progress = silent) -> Mixed:
    """Listen once for the loudness, and write then."""
    gain_db = 0.0
    if plan.lufs is not None and np.isfinite(plan.lufs):
        meter = LoudnessMeter()
        for at, blocks in _in_step(tracks, 0.0):
            progress(0.4 * at, "Mixing")
            meter.hear(mix(blocks, [0.0] * len(blocks)))
        if np.isfinite(meter.lufs()):
            gain_db = float(np.clip(plan.lufs - meter.lufs(), -MOST_GAIN_DB, MOST_GAIN_DB))
    made = plan.provenance or {}
    first = next(iter(tracks.values())).file
    channels = max(track.file.channels for track in tracks.values())
    with ExitStack() as stack:
        whole = AudioWriter(
            plan.mix_path, first.sample_rate, channels, format_name=plan.format_name, provenance=plan.mix_provenance
        )
        parts = [
            AudioWriter(
                plan.track_paths[name],
                first.sample_rate,
                track.file.channels,
                format_name=plan.format_name,
                provenance=made.get(name),
            )
            for name, track in tracks.items()
        ]
        for writer in (whole, *parts):
            stack.enter_context(writer)
        for at, blocks in _in_step(tracks, gain_db):
            progress(0.4 + 0.6 * at, "Mixing")
            whole.write(mix(blocks, [0.0] * len(blocks)))
            for writer, block in zip(parts, blocks, strict=True):
                writer.write(block)
    return Mixed(gain_db, tuple(whole.notes()))


def _in_step(tracks: Mapping[str, Track], gain_db: float) -> Iterator[tuple[float, Sequence[Audio]]]:
    """How far it is, and the next block of each track with its gain."""
    frames = next(iter(tracks.values())).file.frames
    heard = 0
    files = [track.file.blocks(BLOCK_SECONDS) for track in tracks.values()]
    for blocks in zip(*files, strict=True):
        yield (
            heard / frames if frames else 0.0,
            [gained(block, track.gain_db + gain_db) for block, track in zip(blocks, tracks.values(), strict=True)],
        )
        heard += blocks[0].frames


def track_paths(folder: Path, names: Sequence[str], format_name: str) -> dict[str, Path]:
    return {name: folder / f"{name}{FORMATS[format_name].suffix}" for name in names}
