"""Adversarial (GAN) training: optimisers with learning rate decay, exponential moving averages, shared losses."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.training.mixed_precision import MixedPrecision

ADAM_BETAS = (0.5, 0.999)
FINAL_LEARNING_RATE_FACTOR = 0.1
"""The learning rate of the last step divided by that of the first."""
HUBER_BETA = 1.0
"""The loss is quadratic below this error, in standard deviations, and linear above."""
Network = TypeVar("Network", bound=nn.Module)


class AdversarialOptimiser:
    """Adam for one or more networks, with a learning rate that decays linearly during the second half of the steps."""

    def __init__(self, networks: Iterable[nn.Module], learning_rate: float, steps: int) -> None:
        self.networks = list(networks)
        self._initial_learning_rate, self._steps = learning_rate, steps
        parameters = [parameter for network in self.networks for parameter in network.parameters()]
        self._optimiser = torch.optim.Adam(parameters, learning_rate, betas=ADAM_BETAS)
        self._precision = MixedPrecision(parameters[0].device)

    @property
    def learning_rate(self) -> float:
        return float(self._optimiser.param_groups[0]["lr"])

    def step(self, loss: Tensor, steps_done: int) -> None:
        decay = max(0.0, min(1.0, 2 * steps_done / self._steps - 1))
        factor = 1 - (1 - FINAL_LEARNING_RATE_FACTOR) * decay
        self._optimiser.param_groups[0]["lr"] = self._initial_learning_rate * factor
        self._precision.step(self._optimiser, loss)

    def autocast(self) -> torch.autocast:
        """For the forward passes and the losses."""
        return self._precision.autocast()

    def state_dict(self) -> dict[str, Any]:
        networks = [clone_state_dict(network) for network in self.networks]
        optimiser = deepcopy(self._optimiser.state_dict())
        return {"networks": networks, "optimiser": optimiser, "scaler": self._precision.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for network, weights in zip(self.networks, state["networks"], strict=True):
            network.load_state_dict(weights)
        self._optimiser.load_state_dict(state["optimiser"])
        self._precision.load_state_dict(state.get("scaler", {}))


class MovingAverage(Generic[Network]):
    """Exponential moving average of a network's weights."""

    def __init__(self, network: Network, decay: float) -> None:
        self.network: Network = deepcopy(network).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, steps_done: int) -> None:
        decay = min(self._decay, (1 + steps_done) / (10 + steps_done))  # warm-up: the first weights are random
        for mean, weight in zip(self.network.parameters(), network.parameters(), strict=True):
            mean.lerp_(weight, 1 - decay)

    def state_dict(self) -> dict[str, Tensor]:
        return clone_state_dict(self.network)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.network.load_state_dict(state)


def clone_state_dict(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


@contextmanager
def freeze(*networks: nn.Module) -> Iterator[None]:
    """Let gradients pass through the networks without collecting gradients for their weights."""
    for network in networks:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in networks:
            network.requires_grad_(True)


def least_squares_loss(scores: Tensor, target: float | Tensor) -> Tensor:
    """LSGAN loss (X. Mao et al., 2017) of scores of shape (B, N); `target` is a number or a Tensor of shape (B,)."""
    scores = scores.float()
    per_sample = torch.as_tensor(target, device=scores.device, dtype=scores.dtype).expand(len(scores))
    return (scores - per_sample[:, None]).square().mean()


def huber_loss(output: Tensor, target: Tensor) -> Tensor:
    """Reconstruction loss (P. Huber, 1964).

    Generators start as the identity. There the gradient of an L1 loss outweighs the adversarial loss, so that nothing
    is learned; the gradient of this one vanishes there.
    """
    return functional.smooth_l1_loss(output.float(), target, beta=HUBER_BETA)


def label_with_floors(terms: Mapping[str, Tensor], floors: Mapping[str, float]) -> dict[str, float]:
    """Name each loss term after its floor, the score of the best constant prediction: above it, nothing is learned."""
    return {
        f"{name} ({floors[name]:.3g} by guessing)" if name in floors else name: float(value.detach())
        for name, value in terms.items()
    }


def move_to_cpu(state: Any) -> Any:
    """Move all tensors in a nested state to the CPU."""
    if isinstance(state, Tensor):
        return state.cpu()
    if isinstance(state, dict):
        return {name: move_to_cpu(value) for name, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(move_to_cpu(value) for value in state)
    return state
