"""Tables of content features for a so-vits voice: mini-batch k-means clusters, and frames for retrieval.

D. Sculley, “Web-scale k-means clustering”, WWW 2010.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.training.base import Clips, TrainedModel, Trainer
from vc_core.training.so_vits.batches import make_random_generator
from vc_core.training.so_vits.config import SAMPLE_RATE, read_template
from vc_core.training.so_vits.export import write_tensors
from vc_core.training.so_vits.features import FeatureOptions, load_features, prepare_features
from vc_core.training.so_vits.settings import MOST_FRAMES, KMeansSettings, RetrievalSettings
from vc_core.training.so_vits.split import SplitFeatures, split_held_out
from vc_core.voices.so_vits_files import CLUSTERS_FILE, FEATURES_FILE

INITIAL_STREAM, DRAW_STREAM = 4, 5
"""Random streams, beside those of `batches`."""
FIT_STEPS, FIT_BATCH_SIZE = 100, 4096


class MiniBatchKMeans:
    def __init__(self, frames: Tensor, count: int, seed: int) -> None:
        """Initialise the centres with random rows of `frames`, a Tensor of shape (T, width)."""
        count = min(count, len(frames))
        chosen = make_random_generator(seed, INITIAL_STREAM, 0).permutation(len(frames))[:count]
        self.centres = frames[torch.from_numpy(chosen)].clone()
        self.counts = torch.zeros(count)

    def update(self, frames: Tensor) -> float:
        """Move each centre towards the mean of all frames assigned to it so far; return the mean squared distance."""
        distances = torch.cdist(frames, self.centres)
        nearest = distances.argmin(dim=1)
        new_counts = torch.bincount(nearest, minlength=len(self.centres)).float()
        sums = torch.zeros_like(self.centres).index_add_(0, nearest, frames)
        self.counts += new_counts
        self.centres += (sums - new_counts[:, None] * self.centres) / self.counts.clamp_min(1)[:, None]
        return float(distances.amin(dim=1).square().mean())

    def measure_distance(self, frames: Tensor) -> float:
        """Squared distance of frames to their centres, relative to their variance."""
        distance = torch.cdist(frames, self.centres).amin(dim=1).square().sum()
        return float(distance / (frames - frames.mean(dim=0)).square().sum().clamp_min(1e-9))


def load_content_frames(paths: Sequence[Path], most: int = MOST_FRAMES) -> Tensor:
    """Content features of clips, Tensor of shape (T, width); of more than `most` frames every so many."""
    content = torch.cat([load_features(path)["content"].T for path in paths])
    return content[:: ceil(len(content) / most)].contiguous()


def draw_frames(frames: Tensor, count: int, seed: int, step: int) -> Tensor:
    generator = make_random_generator(seed, DRAW_STREAM, step)
    return frames[torch.from_numpy(generator.integers(len(frames), size=min(count, len(frames))))]


def write_clusters(folder: Path, clusters: Mapping[str, MiniBatchKMeans]) -> None:
    write_tensors(folder / CLUSTERS_FILE, {name: one.centres for name, one in clusters.items()})


def write_frames(folder: Path, frames: Mapping[str, Tensor]) -> None:
    """In half precision, which no ear can tell: at full precision they would take as much room as the voice."""
    write_tensors(folder / FEATURES_FILE, {name: one.half() for name, one in frames.items()})


def fit_clusters(paths: Sequence[Path], count: int, seed: int) -> MiniBatchKMeans:
    """Fit the clusters that are exported with a voice."""
    frames = load_content_frames(paths)
    clusters = MiniBatchKMeans(frames, count, seed)
    for step in range(FIT_STEPS):
        clusters.update(draw_frames(frames, FIT_BATCH_SIZE, seed, step))
    return clusters


class KMeansTrainer(Trainer):
    def __init__(
        self, training: Mapping[str, Tensor], held_out: Mapping[str, Tensor], settings: KMeansSettings
    ) -> None:
        self._training, self._held_out, self._settings = training, held_out, settings
        self._clusters = {
            name: MiniBatchKMeans(said, settings.clusters, settings.seed) for name, said in training.items()
        }

    def step(self) -> dict[str, float]:
        settings, distances = self._settings, []
        for name, frames in self._training.items():
            some = draw_frames(frames, settings.batch_size, settings.seed, self.steps_done)
            distances.append(self._clusters[name].update(some))
        self.steps_done += 1
        return {"distance": sum(distances) / len(distances)}

    def state_dict(self) -> dict[str, Any]:
        clusters = {name: {"centres": one.centres, "heard": one.counts} for name, one in self._clusters.items()}
        return {"steps_done": self.steps_done, "clusters": clusters}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]
        for name, saved in state["clusters"].items():
            self._clusters[name].centres, self._clusters[name].counts = saved["centres"], saved["heard"]

    def score_held_out(self) -> float:
        """Distance of the held-out frames: 0 if all are centres, 1 for a single cluster."""
        distances = [self._clusters[name].measure_distance(frames) for name, frames in self._held_out.items()]
        return sum(distances) / len(distances)

    def render_samples(self) -> dict[str, Audio]:
        return {}

    def export(self, folder: Path) -> TrainedModel:
        write_clusters(folder, self._clusters)
        return TrainedModel("so-vits clusters", SAMPLE_RATE, settings={"for": self._settings.template})


def prepare_kmeans(
    clips: Clips, settings: KMeansSettings, folder: Path, device: str = "cpu", progress: Progress = silent
) -> KMeansTrainer:
    recordings = _prepare_recordings(clips, settings, folder, device, progress)
    training = {name: load_content_frames(paths) for name, paths in recordings.training.items()}
    for name, frames in training.items():
        if len(frames) < settings.clusters:
            raise UserError(
                "There are only {moments:,} frames of “{name}”, too few for {clusters:,} clusters. Choose fewer "
                "clusters, or bring more recordings.",
                moments=len(frames),
                name=name,
                clusters=settings.clusters,
            )
    held_out = {name: load_content_frames(paths) for name, paths in recordings.held_out.items()}
    return KMeansTrainer(training, held_out, settings)


def _prepare_recordings(
    clips: Clips, settings: KMeansSettings | RetrievalSettings, folder: Path, device: str, progress: Progress
) -> SplitFeatures:
    """All clips are of the one singer whose table is made."""
    width = read_template(settings.template)["model"]["ssl_dim"]
    options = FeatureOptions(width, settings.pitch_method, device)
    own = Clips({settings.speaker: clips.all}) if settings.speaker else clips
    speakers = {name: number for number, name in enumerate(sorted(own.folders))}
    return split_held_out(prepare_features(own, speakers, options, folder, progress=progress), folder)


class RetrievalTrainer(Trainer):
    """Its table is complete from the start: frames of all recordings but the held-out ones."""

    def __init__(self, table: Mapping[str, Tensor], held_out: Mapping[str, Tensor]) -> None:
        self._table, self._held_out = table, held_out

    def step(self) -> dict[str, float]:
        self.steps_done += 1
        return {"frames": float(sum(map(len, self._table.values())))}

    def state_dict(self) -> dict[str, Any]:
        return {"steps_done": self.steps_done}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]

    def score_held_out(self) -> float:
        """Squared distance of the held-out frames to the nearest of the table, relative to their variance."""
        distances = []
        for name, frames in self._held_out.items():
            nearest = torch.cdist(frames, self._table[name]).amin(dim=1).square().sum()
            distances.append(float(nearest / (frames - frames.mean(dim=0)).square().sum().clamp_min(1e-9)))
        return sum(distances) / len(distances)

    def render_samples(self) -> dict[str, Audio]:
        return {}

    def export(self, folder: Path) -> TrainedModel:
        write_frames(folder, self._table)
        return TrainedModel("so-vits retrieval", SAMPLE_RATE)


def prepare_retrieval(
    clips: Clips, settings: RetrievalSettings, folder: Path, device: str = "cpu", progress: Progress = silent
) -> RetrievalTrainer:
    recordings = _prepare_recordings(clips, settings, folder, device, progress)
    table = {name: load_content_frames(paths, settings.frames) for name, paths in recordings.training.items()}
    held_out = {name: load_content_frames(paths) for name, paths in recordings.held_out.items()}
    return RetrievalTrainer(table, held_out)
