"""The shipped starter model: size, completeness, and separation quality compared with the preview engine."""

import pytest
import torch
from safetensors import safe_open

from starters.separator.corpus import held_out_mixture
from starters.separator.evaluate import example, measure
from vc_core.separation.spleeter.separator import Spleeter
from vc_core.separation.spleeter.weights import load_nets
from vc_core.separation.starter import WEIGHTS as STARTER_WEIGHTS


@pytest.fixture(scope="module")
def net():
    return load_nets(STARTER_WEIGHTS)


def test_the_file_is_under_10_mb_with_metadata():
    assert STARTER_WEIGHTS.stat().st_size < 10_000_000
    with safe_open(STARTER_WEIGHTS, "pt") as file:
        said = file.metadata()
    assert said["stems"] == "vocals,accompaniment"
    assert (said["activation"], said["exclusive"], said["licence"]) == ("relu", "false", "MIT")


def test_all_weights_are_in_the_file_and_finite(net):
    with safe_open(STARTER_WEIGHTS, "pt") as file:
        stored = set(file.keys())
    assert stored == {name for name in net.state_dict() if not name.endswith("num_batches_tracked")}
    assert all(torch.isfinite(tensor).all() for tensor in net.state_dict().values())


def test_no_variance_underflows_in_half_precision(net):
    """Variances have the widest range, and must not be 0 as divisors."""
    assert all((tensor > 0).all() for name, tensor in net.state_dict().items() if name.endswith("running_var"))


def test_the_example_is_separated_far_better_than_by_the_preview(net):
    song, preview, model = measure(Spleeter(net, "cpu"), example())
    assert model > preview + 3
    assert model > song + 8


@pytest.mark.slow
def test_held_out_songs_are_separated_better_than_by_the_preview(net):
    rows = [measure(Spleeter(net, "cpu"), held_out_mixture(number)) for number in range(6)]
    assert sum(model - preview for _, preview, model in rows) / len(rows) > 1
