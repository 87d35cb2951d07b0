"""k-means clusters of content features: trained, exported, and loaded by the converter."""

import numpy as np
import pytest
import torch
from so_vits_training import TINY, write_features

from vc_core.conversion.so_vits.retrieval import load_retrieval
from vc_core.training import TRAINING_METHODS
from vc_core.training.so_vits.kmeans import KMeansTrainer, MiniBatchKMeans, fit_clusters, load_content_frames
from vc_core.training.so_vits.settings import KMeansSettings

SETTINGS = KMeansSettings(steps=30, clusters=12, batch_size=200)


def blobs(seed: int, count: int = 600) -> torch.Tensor:
    """Eight well separated clusters."""
    generator = np.random.default_rng(seed)
    places = np.random.default_rng(0).standard_normal((8, 16)) * 10
    return torch.from_numpy(places[generator.integers(8, size=count)] + generator.standard_normal((count, 16))).float()


@pytest.fixture
def trainer():
    return KMeansTrainer({"ann": blobs(1)}, {"ann": blobs(2, 100)}, SETTINGS)


def test_the_held_out_distance_to_the_clusters_decreases(trainer):
    before = trainer.score_held_out()
    losses = [trainer.step()["distance"] for _ in range(30)]
    assert trainer.score_held_out() < before
    assert losses[-1] < losses[0]


def test_clusters_are_as_good_as_those_of_scikit_learn():
    from sklearn.cluster import KMeans

    frames, held_out = blobs(1), blobs(2, 200)
    ours = MiniBatchKMeans(frames, 32, 0)
    for _ in range(50):
        ours.update(frames)
    theirs = KMeans(32, n_init=1, random_state=0).fit(frames.numpy())
    reference = MiniBatchKMeans(frames, 32, 0)
    reference.centres = torch.from_numpy(theirs.cluster_centers_).float()
    assert ours.measure_distance(held_out) < 1.5 * reference.measure_distance(held_out)


def test_a_resumed_training_has_the_same_losses(trainer, tmp_path):
    for _ in range(3):
        trainer.step()
    torch.save(trainer.state_dict(), tmp_path / "state.pt")
    expected = [trainer.step() for _ in range(5)]
    resumed = KMeansTrainer({"ann": blobs(1)}, {"ann": blobs(2, 100)}, SETTINGS)
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert [resumed.step() for _ in range(5)] == expected
    assert resumed.score_held_out() == trainer.score_held_out()


def test_the_converter_retrieves_content_from_the_clusters(trainer, tmp_path):
    for _ in range(10):
        trainer.step()
    product = trainer.export(tmp_path)
    assert product.engine == "so-vits clusters"
    retrieval = load_retrieval(tmp_path, 16, "cpu")
    content = blobs(3, 50)
    drawn = retrieval.move_content(content.T, "ann", 1.0, 0.0).T
    nearest = torch.cdist(drawn, retrieval.clusters["ann"]).amin(dim=1)
    assert nearest.max() < 0.1  # of centres that are about 50 apart


def test_clusters_of_cached_features_have_the_width_of_the_content(tmp_path):
    paths = write_features(tmp_path, 3, width=256)
    assert load_content_frames(paths).shape == (36 + 40 + 44, 256)
    assert fit_clusters(paths, 7, TINY.seed).centres.shape == (7, 256)


def test_it_is_a_registered_training_method():
    assert TRAINING_METHODS["kmeans"].settings().clusters == 2000
