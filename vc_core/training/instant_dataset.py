"""From recordings to what the instant engine's decoder learns from, some of it held out; kept for the next start."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.instant_weights import UNITS_FILE, load_units
from vc_core.progress import Progress, silent
from vc_core.provenance import sha256_of
from vc_core.reading import read_audio
from vc_core.training.instant_recordings import Prepared, bandwidth_hz, choose_rate, prepare

LEAST_SECONDS, MOST_SECONDS = 5.0, 1200.0
"""Less is no voice, and more makes it no better."""
PIECE_SECONDS = 20.0
SHORTEST_SECONDS = 0.5
HELD_OUT_SECONDS, HELD_OUT_SHARE = 6.0, 0.2
FORMAT = 2
"""Of the kept file; another number where its content changes."""


@dataclass(frozen=True)
class Dataset:
    training: list[Prepared]
    held_out: Prepared
    rate: int


def load_dataset(paths: Sequence[Path], seed: int, folder: Path, *, progress: Progress = silent) -> Dataset:
    """Prepared now, or as it was kept in `folder` when the same was prepared before."""
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    known = hashlib.sha256(repr((FORMAT, seed, sha256_of(UNITS_FILE), stats)).encode()).hexdigest()[:16]
    kept = folder / f"instant-{known}.pt"
    if kept.exists():
        loaded = torch.load(kept, weights_only=True)
        recordings = [Prepared(**recording) for recording in loaded["recordings"]]
        return Dataset(recordings[1:], recordings[0], recordings[0].rate)
    dataset = _prepared(paths, seed, progress)
    folder.mkdir(parents=True, exist_ok=True)
    waiting = kept.with_suffix(".part")
    torch.save({"recordings": [asdict(one) for one in (dataset.held_out, *dataset.training)]}, waiting)
    waiting.replace(kept)
    return dataset


def _prepared(paths: Sequence[Path], seed: int, progress: Progress) -> Dataset:
    held_out, *clips = hold_out(list(_read(paths, progress)))
    highest_hz = max(map(bandwidth_hz, clips))
    rate = choose_rate(highest_hz)
    generator, encoder = np.random.default_rng([12, seed]), load_units()
    pieces = [piece for clip in clips for piece in pieces_of(clip)]
    prepared = []
    for done, piece in enumerate([held_out, *pieces]):
        progress(0.2 + 0.8 * done / (len(pieces) + 1), "Listening to the recordings")
        made = prepare(piece, encoder, generator, rate)
        prepared.append(replace(made, bandwidth_hz=min(made.bandwidth_hz, highest_hz)))
    if not any((recording.hertz > 0).any() for recording in prepared[1:]):
        raise UserError("No voice was heard in these recordings. Choose some in which somebody sings or speaks.")
    return Dataset(prepared[1:], prepared[0], rate)


def _read(paths: Sequence[Path], progress: Progress) -> Iterator[Audio]:
    heard = 0.0
    for done, path in enumerate(paths):
        progress(0.2 * done / len(paths), path.name)
        clip = read_audio(path).mono()
        if clip.seconds < SHORTEST_SECONDS or not np.abs(clip.samples).max() > 1e-4:
            continue
        yield clip.between(0, round((MOST_SECONDS - heard) * clip.sample_rate))
        heard += clip.seconds
        if heard >= MOST_SECONDS:
            return


def hold_out(clips: Sequence[Audio]) -> list[Audio]:
    """One that is not learned from, and the others: a short clip, or the end of the longest."""
    total = sum(clip.seconds for clip in clips)
    if total < LEAST_SECONDS:
        raise UserError(
            f"There are only {total:.0f} seconds of sound in these recordings. "
            f"Give at least {LEAST_SECONDS:.0f}; a minute is a good start."
        )
    small = [at for at, clip in enumerate(clips) if clip.seconds <= HELD_OUT_SHARE * total]
    if small:
        chosen = min(small, key=lambda at: abs(clips[at].seconds - HELD_OUT_SECONDS))
        return [clips[chosen], *(clip for at, clip in enumerate(clips) if at != chosen)]
    longest = max(range(len(clips)), key=lambda at: clips[at].seconds)
    clip = clips[longest]
    start = clip.frames - round(min(HELD_OUT_SECONDS, HELD_OUT_SHARE * clip.seconds) * clip.sample_rate)
    rest = [clip.between(0, start) if at == longest else other for at, other in enumerate(clips)]
    return [clip.between(start, clip.frames), *rest]


def pieces_of(clip: Audio) -> Iterator[Audio]:
    """Equally long ones, of at most `PIECE_SECONDS`."""
    count = int(np.ceil(clip.seconds / PIECE_SECONDS))
    edges = np.linspace(0, clip.frames, count + 1).astype(int)
    for start, stop in pairwise(edges):
        yield clip.between(int(start), int(stop))
