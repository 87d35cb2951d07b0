"""Streams of separators side by side: stacked in blocks that both have, so that memory stays flat."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from vc_core.audio import Audio
from vc_core.progress import Progress, Step
from vc_core.separation.base import Stems


def stack_stems(stream: Iterator[Stems], names: Sequence[str]) -> Iterator[Audio]:
    """Blocks of shape (stems * channels, frames)."""
    for stems in stream:
        ordered = [stems[name] for name in names]
        yield ordered[0].with_samples(np.concatenate([stem.samples for stem in ordered]))


def unstack_stems(block: Audio, names: Sequence[str]) -> Stems:
    stems = np.split(block.samples, len(names))
    return {name: block.with_samples(stem) for name, stem in zip(names, stems, strict=True)}


def align_streams(streams: Sequence[Iterator[Audio]]) -> Iterator[Audio]:
    """Streams of equal length whose blocks differ in size, stacked in blocks that all of them have."""
    waiting: list[Audio | None] = [None for _ in streams]
    while True:
        for at, stream in enumerate(streams):
            while waiting[at] is None and (block := next(stream, None)) is not None:
                waiting[at] = block if block.frames else None
        blocks = [block for block in waiting if block is not None]
        if len(blocks) < len(streams):
            return
        frames = min(block.frames for block in blocks)
        yield blocks[0].with_samples(np.concatenate([block.samples[:, :frames] for block in blocks]))
        waiting = [block.slice(frames, block.frames) if block.frames > frames else None for block in blocks]


def share_progress(progress: Progress) -> tuple[Progress, Progress]:
    """A progress for each of two parts; the whole is as far as both are on average."""
    done = [0.0, 0.0]

    def report(at: int, fraction: float, message: Step) -> None:
        done[at] = fraction
        progress(sum(done) / 2, message)

    return partial(report, 0), partial(report, 1)
