"""Which clips a step hears, and which part of them: all of it follows from the seed and the number of the step.

So there is no state of chance to keep: a run that goes on hears what it would have heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from vc_core.training.so_vits_config import HOP
from vc_core.training.so_vits_features import Features, load_features
from vc_core.training.so_vits_settings import steps_per_epoch

LONGEST_HOPS, CUT_HOPS = 800, 790
"""Of clips longer than the first, a part as long as the second is heard, as so-vits-svc-fork does."""
ORDER, CUT, NOISE = 1, 2, 3
"""Which chance is meant."""


@dataclass(frozen=True)
class Batch:
    content: Tensor
    hertz: Tensor
    voiced: Tensor
    spectrum: Tensor
    mels: Tensor
    sound: Tensor
    speakers: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> "Batch":
        moved = (getattr(self, field.name).to(device, non_blocking=True) for field in fields(self))
        return Batch(*moved)

    def pinned(self) -> "Batch":
        return Batch(*(getattr(self, field.name).pin_memory() for field in fields(self)))


def chance(seed: int, kind: int, number: int, rank: int = 0) -> np.random.Generator:
    return np.random.default_rng([seed, kind, number, *([rank] if rank else [])])


def noise_seed(seed: int, step: int, rank: int = 0) -> int:
    """For torch's own chance, in the layers."""
    return int(chance(seed, NOISE, step, rank).integers(2**62))


def clips_of_step(clips: int, batch_size: int, seed: int, step: int) -> list[int]:
    """In each epoch every clip once, in an order of its own."""
    epoch, at = divmod(step, steps_per_epoch(clips, batch_size))
    order = chance(seed, ORDER, epoch).permutation(clips)
    return [int(one) for one in order[at * batch_size : (at + 1) * batch_size]]


@dataclass(frozen=True)
class Share:
    """Of each batch, the part that one of several devices hears."""

    rank: int = 0
    ranks: int = 1


def batch_of_step(paths: Sequence[Path], batch_size: int, seed: int, step: int, share: Share = Share()) -> Batch | None:
    """None where there are fewer clips left than devices."""
    generator = chance(seed, CUT, step, share.rank)
    chosen = clips_of_step(len(paths), batch_size, seed, step)[share.rank :: share.ranks]
    return together([_cut(load_features(paths[at]), generator) for at in chosen]) if chosen else None


def _cut(features: Features, generator: np.random.Generator) -> Features:
    hops = features["mel_spec"].shape[1]
    if hops <= LONGEST_HOPS:
        return features
    start = int(generator.integers(hops - LONGEST_HOPS + 1))
    return part_of_clip(features, start, start + CUT_HOPS)


def part_of_clip(features: Features, start: int, end: int) -> Features:
    cut = {name: value[..., start:end] for name, value in features.items() if name not in ("audio", "spk")}
    return cut | {"audio": features["audio"][:, start * HOP : end * HOP], "spk": features["spk"]}


def together(clips: Sequence[Features]) -> Batch:
    """Zeros follow where one is shorter than another."""

    def padded(name: str) -> Tensor:
        stacked: Tensor = pad_sequence([clip[name].movedim(-1, 0) for clip in clips], batch_first=True)
        return stacked.movedim(1, -1).contiguous()

    return Batch(
        content=padded("content"),
        hertz=padded("f0"),
        voiced=padded("uv"),
        spectrum=padded("spec"),
        mels=padded("mel_spec"),
        sound=padded("audio"),
        speakers=torch.stack([clip["spk"] for clip in clips])[:, None],
        lengths=torch.tensor([clip["mel_spec"].shape[1] for clip in clips]),
    )
