"""The starter model in the package: small, whole, free, and better than the preview on what it never heard."""

import pytest
import torch
from safetensors import safe_open

from starters.separator.corpus import held_out_mixture
from starters.separator.evaluate import example, measure
from vc_core.separation import STARTER_WEIGHTS
from vc_core.separation.spleeter import Spleeter
from vc_core.separation.spleeter_weights import load_nets


@pytest.fixture(scope="module")
def net():
    return load_nets(STARTER_WEIGHTS)


def test_the_file_is_under_10_mb_and_says_what_it_is():
    assert STARTER_WEIGHTS.stat().st_size < 10_000_000
    with safe_open(STARTER_WEIGHTS, "pt") as file:
        said = file.metadata()
    assert said["stems"] == "vocals,accompaniment"
    assert (said["activation"], said["exclusive"], said["licence"]) == ("relu", "false", "MIT")


def test_every_number_of_the_network_is_in_the_file_and_finite(net):
    with safe_open(STARTER_WEIGHTS, "pt") as file:
        stored = set(file.keys())
    assert stored == {name for name in net.state_dict() if not name.endswith("num_batches_tracked")}
    assert all(torch.isfinite(tensor).all() for tensor in net.state_dict().values())


def test_half_precision_swallowed_no_variance(net):
    """Of all numbers these have the widest range, and what is divided by must not be 0."""
    assert all((tensor > 0).all() for name, tensor in net.state_dict().items() if name.endswith("running_var"))


def test_the_example_comes_apart_far_better_than_in_the_preview(net):
    song, preview, model = measure(Spleeter(net, "cpu"), example())
    assert model > preview + 3
    assert model > song + 8


@pytest.mark.slow
def test_songs_it_never_heard_come_apart_better_than_in_the_preview(net):
    rows = [measure(Spleeter(net, "cpu"), held_out_mixture(number)) for number in range(6)]
    assert sum(model - preview for _, preview, model in rows) / len(rows) > 1
