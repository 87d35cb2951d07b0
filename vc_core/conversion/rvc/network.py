"""A loaded RVC voice: its network in memory, and its index."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vc_core.checkpoints.meta_device import build_checked
from vc_core.checkpoints.weights import load_weights
from vc_core.conversion.rvc.retrieval import RetrievalIndex
from vc_core.conversion.rvc.shape import RvcModel
from vc_core.errors import UserError
from vc_core.models.nsf_hifigan import expand_to_2d, use_channels_last
from vc_core.models.rvc.network import RvcNetwork

MOST_WEIGHTS = 200_000_000
"""Upper limit against oversized shapes; the published networks have 29 million."""


@dataclass(frozen=True, eq=False)
class RvcVoice:
    network: RvcNetwork
    model: RvcModel
    index: RetrievalIndex | None = None

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def embed_speaker(self, number: int) -> Tensor:
        """The speaker embedding, shape (1, width, 1); raises `UserError` if there is no such speaker."""
        if number >= self.model.shape.speakers:
            raise UserError(
                "The voice has no speaker {number}. Its speakers are 0 to {last}.",
                number=number,
                last=self.model.shape.speakers - 1,
            )
        return self.network.emb_g.weight[number][None, :, None]


def build_network(model: RvcModel, tensors: Mapping[str, Tensor], source: str) -> RvcNetwork:
    """The network with these weights, weight norm folded in; raises `UserError` unless all of them fit."""
    network = build_checked(lambda: RvcNetwork(model.shape), MOST_WEIGHTS, source)
    own = {name: value.float() for name, value in tensors.items()}
    own |= expand_to_2d({name: value for name, value in own.items() if name.startswith("dec.")})
    load_weights(network, own, source=source, assign=True)
    use_channels_last(network.dec)
    return network.eval().requires_grad_(False)
