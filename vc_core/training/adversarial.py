"""What training with a judge has in common: rates that fall, averaged weights, and what guessing would score."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

BETAS = (0.5, 0.999)
LAST_RATE = 0.1
"""Of the first one, at the last step."""
NEARLY_KEPT = 1.0
"""Deviations: to stray less than that costs little."""
Network = TypeVar("Network", bound=nn.Module)


class Learner:
    """One or more networks with an optimiser, and a rate of their own that falls once half the steps are done."""

    def __init__(self, networks: Iterable[nn.Module], rate: float, steps: int) -> None:
        self.networks = list(networks)
        self._rate, self._steps = rate, steps
        self._optimiser = torch.optim.Adam([p for n in self.networks for p in n.parameters()], rate, betas=BETAS)

    @property
    def rate(self) -> float:
        return float(self._optimiser.param_groups[0]["lr"])

    def learn(self, loss: Tensor, steps_done: int) -> None:
        late = max(0.0, min(1.0, 2 * steps_done / self._steps - 1))
        self._optimiser.param_groups[0]["lr"] = self._rate * (1 - (1 - LAST_RATE) * late)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()

    def state(self) -> dict[str, Any]:
        networks = [copied(network) for network in self.networks]
        return {"networks": networks, "optimiser": deepcopy(self._optimiser.state_dict())}

    def restore(self, state: Mapping[str, Any]) -> None:
        for network, weights in zip(self.networks, state["networks"], strict=True):
            network.load_state_dict(weights)
        self._optimiser.load_state_dict(state["optimiser"])


class Average(Generic[Network]):
    """A network whose weights follow another's slowly: steadier than any one step's."""

    def __init__(self, network: Network, decay: float) -> None:
        self.network: Network = deepcopy(network).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def follow(self, network: nn.Module, steps_done: int) -> None:
        decay = min(self._decay, (1 + steps_done) / (10 + steps_done))  # at first there is nothing to average
        for mean, weight in zip(self.network.parameters(), network.parameters(), strict=True):
            mean.lerp_(weight, 1 - decay)

    def state(self) -> dict[str, Tensor]:
        return copied(self.network)

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.network.load_state_dict(state)


def copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


class frozen:  # noqa: N801 - it reads as a statement
    """With a judge frozen, gradients go through it and change nothing in it."""

    def __init__(self, *networks: nn.Module) -> None:
        self._networks = networks

    def __enter__(self) -> None:
        for network in self._networks:
            network.requires_grad_(False)

    def __exit__(self, *_: object) -> None:
        for network in self._networks:
            network.requires_grad_(True)


def off(judged: Tensor, wanted: float | Tensor) -> Tensor:
    """Least squares (X. Mao et al., 2017): the mean over the batch, so that each sample may want something else."""
    per_sample = torch.as_tensor(wanted, device=judged.device, dtype=judged.dtype).expand(len(judged))
    return (judged - per_sample[:, None]).square().mean()


def strayed(made: Tensor, wanted: Tensor) -> Tensor:
    """Of what a voice must keep, after P. Huber, 1964.

    Generators start as no change at all. There the kink of a plain distance outweighs any judge, and none would ever
    learn; this is flat there.
    """
    return functional.smooth_l1_loss(made, wanted, beta=NEARLY_KEPT)


def beside_floors(terms: Mapping[str, Tensor], floors: Mapping[str, float]) -> dict[str, float]:
    """Each term under a name that says what the best constant answer would score: above that, nothing is learned."""
    return {
        f"{name} ({floors[name]:.3g} by guessing)" if name in floors else name: float(value.detach())
        for name, value in terms.items()
    }


def on_cpu(state: Any) -> Any:
    """Tensors wherever they are in a state, moved for writing."""
    if isinstance(state, Tensor):
        return state.cpu()
    if isinstance(state, dict):
        return {name: on_cpu(value) for name, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(on_cpu(value) for value in state)
    return state
