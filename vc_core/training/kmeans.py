"""Clusters of what a singer says: k-means from small batches, beside a so-vits voice.

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
from vc_core.training.base import Clips, Product, Trainer
from vc_core.training.kmeans_settings import KMeansSettings
from vc_core.training.so_vits_batches import chance
from vc_core.training.so_vits_config import RATE, read_template
from vc_core.training.so_vits_export import CLUSTERS_FILE, write_tensors
from vc_core.training.so_vits_features import Hearing, load_features, prepare_features
from vc_core.training.so_vits_recordings import hold_out

MOST_MOMENTS = 200_000
"""Of each speaker, more than half an hour; of more, some are left out."""
BEGINNING, DRAWING = 4, 5
"""Which chance is meant."""
STEPS_BESIDE_A_VOICE, BATCH = 100, 4096


class Clusters:
    def __init__(self, moments: Tensor, count: int, seed: int) -> None:
        """`moments` has the shape (moments, width); clusters begin at some of them."""
        count = min(count, len(moments))
        self.centres = moments[torch.from_numpy(chance(seed, BEGINNING, 0).permutation(len(moments))[:count])].clone()
        self.heard = torch.zeros(count)

    def learn(self, moments: Tensor) -> float:
        """Each centre moves towards the mean of all that was ever nearest to it; gives how far that was."""
        distances = torch.cdist(moments, self.centres)
        nearest = distances.argmin(dim=1)
        came = torch.bincount(nearest, minlength=len(self.centres)).float()
        sums = torch.zeros_like(self.centres).index_add_(0, nearest, moments)
        self.heard += came
        self.centres += (sums - came[:, None] * self.centres) / self.heard.clamp_min(1)[:, None]
        return float(distances.amin(dim=1).square().mean())

    def distance(self, moments: Tensor) -> float:
        """How far moments are from their centre, beside how far they are from the mean of all."""
        apart = torch.cdist(moments, self.centres).amin(dim=1).square().sum()
        return float(apart / (moments - moments.mean(dim=0)).square().sum().clamp_min(1e-9))


def moments_of(paths: Sequence[Path]) -> Tensor:
    """What is said in clips, of shape (moments, width)."""
    said = torch.cat([load_features(path)["content"].T for path in paths])
    return said[:: ceil(len(said) / MOST_MOMENTS)].contiguous()


def drawn(moments: Tensor, count: int, seed: int, step: int) -> Tensor:
    return moments[torch.from_numpy(chance(seed, DRAWING, step).integers(len(moments), size=min(count, len(moments))))]


def write_clusters(folder: Path, clusters: Mapping[str, Clusters]) -> None:
    write_tensors(folder / CLUSTERS_FILE, {name: found.centres for name, found in clusters.items()})


def clusters_of(paths: Sequence[Path], count: int, seed: int) -> Clusters:
    """All at once, for a voice that is being trained."""
    moments = moments_of(paths)
    found = Clusters(moments, count, seed)
    for step in range(STEPS_BESIDE_A_VOICE):
        found.learn(drawn(moments, BATCH, seed, step))
    return found


class KMeansTrainer(Trainer):
    def __init__(self, learned: Mapping[str, Tensor], held_out: Mapping[str, Tensor], settings: KMeansSettings) -> None:
        self._learned, self._held_out, self._settings = learned, held_out, settings
        self._clusters = {name: Clusters(said, settings.clusters, settings.seed) for name, said in learned.items()}

    def step(self) -> dict[str, float]:
        settings, apart = self._settings, []
        for name, moments in self._learned.items():
            some = drawn(moments, settings.batch_size, settings.seed, self.steps_done)
            apart.append(self._clusters[name].learn(some))
        self.steps_done += 1
        return {"distance": sum(apart) / len(apart)}

    def state(self) -> dict[str, Any]:
        clusters = {name: {"centres": one.centres, "heard": one.heard} for name, one in self._clusters.items()}
        return {"steps_done": self.steps_done, "clusters": clusters}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]
        for name, saved in state["clusters"].items():
            self._clusters[name].centres, self._clusters[name].heard = saved["centres"], saved["heard"]

    def score(self) -> float:
        """Of what was held out: 0 if every moment lay in a centre, 1 if all knew but the mean."""
        found = [self._clusters[name].distance(moments) for name, moments in self._held_out.items()]
        return sum(found) / len(found)

    def samples(self) -> dict[str, Audio]:
        return {}

    def export(self, folder: Path) -> Product:
        write_clusters(folder, self._clusters)
        return Product("so-vits clusters", RATE, settings={"for": self._settings.template})


def prepare_kmeans(
    clips: Clips, settings: KMeansSettings, folder: Path, device: str = "cpu", progress: Progress = silent
) -> KMeansTrainer:
    speakers = {name: number for number, name in enumerate(sorted(clips.folders))}
    width = read_template(settings.template)["model"]["ssl_dim"]
    hearing = Hearing(width, settings.pitch_method, device)
    recordings = hold_out(prepare_features(clips, speakers, hearing, folder, progress=progress), folder)
    learned = {name: moments_of(paths) for name, paths in recordings.learned.items()}
    for name, moments in learned.items():
        if len(moments) < settings.clusters:
            raise UserError(
                f"There are only {len(moments):,} moments of “{name}”, too few for {settings.clusters:,} clusters. "
                "Choose fewer clusters, or bring more recordings."
            )
    held_out = {name: moments_of(paths) for name, paths in recordings.held_out.items()}
    return KMeansTrainer(learned, held_out, settings)
