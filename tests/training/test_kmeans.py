"""Clusters of what a singer says: they are found, kept, and read by the converter."""

import numpy as np
import pytest
import torch
from so_vits_training import TINY, write_features

from vc_core.conversion.so_vits_memory import load_memory
from vc_core.training import TRAINING_METHODS
from vc_core.training.kmeans import Clusters, KMeansTrainer, clusters_of, moments_of
from vc_core.training.kmeans_settings import KMeansSettings

SETTINGS = KMeansSettings(steps=30, clusters=12, batch_size=200)


def blobs(seed: int, count: int = 600) -> torch.Tensor:
    """Around eight places, far from each other."""
    generator = np.random.default_rng(seed)
    places = np.random.default_rng(0).standard_normal((8, 16)) * 10
    return torch.from_numpy(places[generator.integers(8, size=count)] + generator.standard_normal((count, 16))).float()


@pytest.fixture
def trainer():
    return KMeansTrainer({"ann": blobs(1)}, {"ann": blobs(2, 100)}, SETTINGS)


def test_what_was_held_out_comes_nearer_to_the_clusters(trainer):
    before = trainer.score()
    losses = [trainer.step()["distance"] for _ in range(30)]
    assert trainer.score() < before
    assert losses[-1] < losses[0]


def test_they_are_as_good_as_those_of_scikit_learn():
    from sklearn.cluster import KMeans

    moments, held_out = blobs(1), blobs(2, 200)
    ours = Clusters(moments, 32, 0)
    for _ in range(50):
        ours.learn(moments)
    theirs = KMeans(32, n_init=1, random_state=0).fit(moments.numpy())
    beside = Clusters(moments, 32, 0)
    beside.centres = torch.from_numpy(theirs.cluster_centers_).float()
    assert ours.distance(held_out) < 1.5 * beside.distance(held_out)


def test_stopped_and_resumed_is_never_having_stopped(trainer, tmp_path):
    for _ in range(3):
        trainer.step()
    torch.save(trainer.state(), tmp_path / "state.pt")
    expected = [trainer.step() for _ in range(5)]
    resumed = KMeansTrainer({"ann": blobs(1)}, {"ann": blobs(2, 100)}, SETTINGS)
    resumed.restore(torch.load(tmp_path / "state.pt", weights_only=True))
    assert [resumed.step() for _ in range(5)] == expected
    assert resumed.score() == trainer.score()


def test_the_converter_draws_content_towards_them(trainer, tmp_path):
    for _ in range(10):
        trainer.step()
    product = trainer.export(tmp_path)
    assert product.engine == "so-vits clusters"
    memory = load_memory(tmp_path, 16, "cpu")
    content = blobs(3, 50)
    drawn = memory.drawn(content.T, "ann", 1.0, 0.0).T
    nearest = torch.cdist(drawn, memory.clusters["ann"]).amin(dim=1)
    assert nearest.max() < 0.1  # of centres that are about 50 apart


def test_clusters_of_kept_features_have_the_width_of_what_is_said(tmp_path):
    paths = write_features(tmp_path, 3, width=256)
    assert moments_of(paths).shape == (36 + 40 + 44, 256)
    assert clusters_of(paths, 7, TINY.seed).centres.shape == (7, 256)


def test_it_is_a_method_that_can_be_chosen():
    assert TRAINING_METHODS["kmeans"].settings().clusters == 2000
