"""Mixed precision in training: off on the CPU; forced on, networks still learn and resume, overflows included."""

import copy

import pytest
import torch
from torch import nn

from vc_core.models.gan import cyclegan, relgan
from vc_core.training import mixed_precision
from vc_core.training.adversarial import AdversarialOptimiser, least_squares_loss
from vc_core.training.mixed_precision import MixedPrecision

CPU = torch.device("cpu")


@pytest.fixture
def half(monkeypatch):
    """A function that lets the CPU train in a half precision, as CUDA does."""

    def force(dtype: torch.dtype) -> None:
        def start(self: MixedPrecision, device: torch.device) -> None:
            self.dtype, self._device = dtype, device
            self._scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)

        monkeypatch.setattr(mixed_precision.MixedPrecision, "__init__", start)

    return force


def test_on_the_cpu_training_is_in_full_precision():
    precision, layer = MixedPrecision(CPU), nn.Linear(4, 4)
    with precision.autocast():
        assert layer(torch.ones(1, 4)).dtype == torch.float32
    assert precision.state_dict() == {}


def learn(kind: str, dtype: torch.dtype) -> list[float]:
    """The losses of some steps of a discriminator."""
    torch.manual_seed(0)
    network = cyclegan.Discriminator(width=1 / 32) if kind == "cyclegan" else relgan.Discriminator(5, width=1 / 32)
    optimiser = AdversarialOptimiser([network], 1e-3, 100)
    envelopes, attributes = torch.randn(2, 36, 32), torch.randn(2, 5)
    losses = []
    for step in range(8):
        with optimiser.autocast():
            if kind == "cyclegan":
                scores = network(envelopes)
            else:
                features = network.extract_features(envelopes)
                scores = network.score_match(features, attributes, features)
            assert scores.dtype == dtype
            loss = least_squares_loss(scores, 1.0)
        assert loss.dtype == torch.float32
        optimiser.step(loss, step)
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("kind", ["cyclegan", "relgan"])
def test_discriminators_learn_in_half_precision_as_in_full(half, kind):
    full = learn(kind, torch.float32)
    assert full[-1] < 0.9 * full[0]
    half(torch.bfloat16)
    assert learn(kind, torch.bfloat16) == pytest.approx(full, rel=0.05)
    half(torch.float16)
    scaled = learn(kind, torch.float16)  # the first steps overflow and are left out, until the scale fits
    assert min(scaled) < 0.9 * scaled[0]
    assert all(loss < 1.1 * scaled[0] for loss in scaled)


def test_a_step_that_overflows_is_left_out_and_the_scale_is_resumed(half):
    half(torch.float16)
    layer = nn.Linear(4, 1)
    before = copy.deepcopy(layer.state_dict())
    optimiser = AdversarialOptimiser([layer], 1e-2, 100)
    optimiser.step(layer(torch.ones(1, 4)).sum() * torch.inf, 0)
    torch.testing.assert_close(dict(layer.state_dict()), dict(before))
    state = optimiser.state_dict()
    assert state["scaler"]["scale"] < torch.amp.GradScaler("cpu").get_scale()
    other = AdversarialOptimiser([nn.Linear(4, 1)], 1e-2, 100)
    other.load_state_dict(state)
    assert other.state_dict()["scaler"] == state["scaler"]


def test_checkpoints_from_before_mixed_precision_can_be_resumed():
    optimiser = AdversarialOptimiser([nn.Linear(4, 1)], 1e-2, 100)
    optimiser.load_state_dict({name: value for name, value in optimiser.state_dict().items() if name != "scaler"})
