"""Write voices as files that RVC and Applio load: a voice's checkpoint, and the retrieval table of any voice."""

from collections import OrderedDict
from collections.abc import Sequence
from math import ceil, isqrt
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vc_core.checkpoints.weights import load_tensors
from vc_core.conversion.rvc.features import encode_recording
from vc_core.conversion.rvc.files import ENGINE_NAME, INDEX_FILE, WEIGHTS_FILE
from vc_core.conversion.rvc.index_file import WIDTHS, FeatureIndex, write_index
from vc_core.conversion.rvc.retrieval import BLOCK_ROWS, NEIGHBOURS, load_retrieval, measure_squares
from vc_core.conversion.rvc.shape import BLOCK_DILATIONS, BLOCK_KERNELS, RvcModel, Stated, infer_model
from vc_core.errors import UserError
from vc_core.files.reading import AudioFile
from vc_core.models.weight_norm import fold_weight_norm
from vc_core.progress import Progress, silent, subprogress
from vc_core.voices.library import Voice
from vc_core.voices.so_vits_files import CLUSTERS_FILE, FEATURES_FILE, choose_speaker

SPECTRUM_BINS = {24_000: 513, 32_000: 513, 40_000: 1025, 48_000: 1025}
"""Of the posterior encoder in training; inference has no use for it."""
LEAST_ROWS_PER_LIST = 39
KMEANS_STEPS = 10
V2_WIDTH = 768
MOST_FRAMES = 50_000
"""17 minutes; of longer recordings every so many."""


def export_checkpoint(voice: Voice, target: Path) -> Path:
    """An RVC voice as the `.pth` that RVC exports, in half precision."""
    if voice.card.engine != ENGINE_NAME:
        raise UserError("“{name}” is no RVC voice, so there is no .pth of it.", name=voice.name)
    tensors = load_tensors(voice.folder / WEIGHTS_FILE)
    model = infer_model(fold_weight_norm(tensors), WEIGHTS_FILE, Stated(sample_rate=voice.card.sample_rate))
    torch.save(
        {
            "weight": OrderedDict((name, value.half()) for name, value in tensors.items()),
            "config": _make_config(model),
            "info": voice.card.settings.get("training", ""),
            "sr": f"{model.sample_rate // 1000}k",
            "f0": int(model.shape.has_pitch),
            "version": model.version,
        },
        target,
    )
    return target


def _make_config(model: RvcModel) -> list[object]:
    shape, generator = model.shape, model.shape.generator
    return [
        SPECTRUM_BINS[model.sample_rate], 32, shape.inner_width, shape.width, shape.filter_width, shape.heads,
        shape.layers, shape.kernel, 0, "1", list(BLOCK_KERNELS), [list(row) for row in BLOCK_DILATIONS],
        list(generator.upsample_rates), generator.channels, list(generator.upsample_kernels), shape.speakers,
        shape.speaker_width, model.sample_rate,
    ]  # fmt: skip


def export_index(voice: Voice, target: Path) -> Path:
    """The index of an RVC voice, or the recorded features or clusters of a so-vits voice, as an `.index`."""
    if (voice.folder / INDEX_FILE).is_file():
        tensors = load_tensors(voice.folder / INDEX_FILE, mmap=True)
        load_retrieval(voice.folder, tensors["vectors"].shape[1], "cpu")  # raises an error if it is broken
        vectors, centroids, sizes = (tensors[name].numpy() for name in ("vectors", "centroids", "sizes"))
        write_index(target, FeatureIndex(vectors, centroids, sizes, int(tensors["probes"])))
        return target
    file = next((name for name in (FEATURES_FILE, CLUSTERS_FILE) if (voice.folder / name).is_file()), None)
    if file is None:
        raise UserError(
            "“{name}” has no content features of its recordings, so there is no index of it.", name=voice.name
        )
    table = load_tensors(voice.folder / file)
    features = table.get(choose_speaker(voice, ""), next(iter(table.values())))
    if features.ndim != 2 or features.shape[1] not in WIDTHS:
        raise UserError("The index of this voice is broken. Import the voice again.")
    write_index(target, build_index(features.float()))
    return target


def export_recordings_index(recordings: Sequence[AudioFile], target: Path, *, progress: Progress = silent) -> Path:
    """The index of recordings for RVC v2: of those that a voice was trained on, whatever its engine."""
    share = 0.9 / len(recordings)
    features = torch.cat(
        [
            encode_recording(recording, V2_WIDTH, progress=subprogress(progress, at * share, (at + 1) * share))
            for at, recording in enumerate(recordings)
        ]
    )
    if len(features) < NEIGHBOURS:
        raise UserError("There are too few sounds in these recordings for an index.")
    progress(0.9, target.name)
    write_index(target, build_index(features[:: ceil(len(features) / MOST_FRAMES)].float()))
    return target


def build_index(features: Tensor, seed: int = 0) -> FeatureIndex:
    """Features (rows, width) in lists around the centres of k-means, as RVC's training groups them."""
    lists = max(1, min(isqrt(256 * len(features)), len(features) // LEAST_ROWS_PER_LIST))
    order = torch.randperm(len(features), generator=torch.Generator().manual_seed(seed))
    centroids = features[order[:lists]].clone()
    for step in range(KMEANS_STEPS + 1):
        blocks = (features[start : start + BLOCK_ROWS] for start in range(0, len(features), BLOCK_ROWS))
        nearest = torch.cat([measure_squares(rows, centroids).argmin(dim=1) for rows in blocks])
        if step == KMEANS_STEPS:
            break
        sums = torch.zeros_like(centroids).index_add_(0, nearest, features)
        counts = torch.bincount(nearest, minlength=lists)[:, None]
        centroids = torch.where(counts > 0, sums / counts.clamp_min(1), centroids)
    sizes = torch.bincount(nearest, minlength=lists)
    grouped = features[nearest.argsort(stable=True)]
    is_used = sizes > 0  # a frame whose nearest list is empty would find nothing in RVC
    return FeatureIndex(grouped.numpy().astype(np.float32), centroids[is_used].numpy(), sizes[is_used].numpy())
