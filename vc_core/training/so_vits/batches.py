"""Batches of a so-vits training: clips, crops and noise follow from the seed and the number of the step.

So checkpoints need no random state: a resumed run gets the same batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from vc_core.training.so_vits.config import HOP_SAMPLES
from vc_core.training.so_vits.features import Features, load_features
from vc_core.training.so_vits.settings import count_steps_per_epoch

MAX_FRAMES, CROP_FRAMES = 800, 790
"""Clips longer than MAX_FRAMES are cropped to CROP_FRAMES, as so-vits-svc-fork does."""
ORDER_STREAM, CROP_STREAM, NOISE_STREAM = 1, 2, 3
"""Independent random streams of one seed."""


@dataclass(frozen=True)
class Batch:
    """Tensors of shape (B, width, T), (B, T) for pitch and voicing, (B, 1, samples), (B, 1) and (B,)."""

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

    def pin(self) -> "Batch":
        return Batch(*(getattr(self, field.name).pin_memory() for field in fields(self)))


def make_random_generator(seed: int, stream: int, number: int, rank: int = 0) -> np.random.Generator:
    return np.random.default_rng([seed, stream, number, *([rank] if rank else [])])


def draw_noise_seed(seed: int, step: int, rank: int = 0) -> int:
    """Draw a seed for torch's generators, which the layers use."""
    return int(make_random_generator(seed, NOISE_STREAM, step, rank).integers(2**62))


def choose_clips(clips: int, batch_size: int, seed: int, step: int) -> list[int]:
    """Choose the clips of a step, by index; each epoch is a random permutation of all clips."""
    epoch, at = divmod(step, count_steps_per_epoch(clips, batch_size))
    order = make_random_generator(seed, ORDER_STREAM, epoch).permutation(clips)
    return [int(clip) for clip in order[at * batch_size : (at + 1) * batch_size]]


@dataclass(frozen=True)
class Shard:
    """The share of each batch that one of several ranks processes."""

    rank: int = 0
    ranks: int = 1


def load_batch(paths: Sequence[Path], batch_size: int, seed: int, step: int, shard: Shard = Shard()) -> Batch | None:
    """None if the last batch of an epoch has fewer clips than there are ranks."""
    generator = make_random_generator(seed, CROP_STREAM, step, shard.rank)
    chosen = choose_clips(len(paths), batch_size, seed, step)[shard.rank :: shard.ranks]
    return collate([_crop_randomly(load_features(paths[at]), generator) for at in chosen]) if chosen else None


def _crop_randomly(features: Features, generator: np.random.Generator) -> Features:
    frames = features["mel_spec"].shape[1]
    if frames <= MAX_FRAMES:
        return features
    start = int(generator.integers(frames - MAX_FRAMES + 1))
    return crop_features(features, start, start + CROP_FRAMES)


def crop_features(features: Features, start: int, end: int) -> Features:
    """Crop all features to the frames from `start` to `end`."""
    cropped = {name: value[..., start:end] for name, value in features.items() if name not in ("audio", "spk")}
    return cropped | {"audio": features["audio"][:, start * HOP_SAMPLES : end * HOP_SAMPLES], "spk": features["spk"]}


def collate(clips: Sequence[Features]) -> Batch:
    """Stack clips into a batch, zero-padded to the longest."""

    def pad_and_stack(name: str) -> Tensor:
        stacked: Tensor = pad_sequence([clip[name].movedim(-1, 0) for clip in clips], batch_first=True)
        return stacked.movedim(1, -1).contiguous()

    return Batch(
        content=pad_and_stack("content"),
        hertz=pad_and_stack("f0"),
        voiced=pad_and_stack("uv"),
        spectrum=pad_and_stack("spec"),
        mels=pad_and_stack("mel_spec"),
        sound=pad_and_stack("audio"),
        speakers=torch.stack([clip["spk"] for clip in clips])[:, None],
        lengths=torch.tensor([clip["mel_spec"].shape[1] for clip in clips]),
    )
