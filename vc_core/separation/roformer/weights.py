"""Build a RoFormer with its weights, strictly checked."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vc_core.checkpoints.meta_device import build_on_meta_device
from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.models.roformer.network import Roformer
from vc_core.models.roformer.shape import RoformerShape
from vc_core.separation.roformer.config import RoformerConfig
from vc_core.separation.roformer.library import InstalledModel
from vc_core.separation.roformer.shape import infer_shape

if TYPE_CHECKING:
    from torch import Tensor


def build_network(
    shape: RoformerShape, config: RoformerConfig, tensors: "Mapping[str, Tensor]", source: str
) -> Roformer:
    with build_on_meta_device():
        network = Roformer(shape, config.stft, skips=config.skips)
    load_weights(network, tensors, source=source, assign=True)
    return network


def load_network(model: InstalledModel) -> Roformer:
    """An installed network, in float32 on the CPU."""
    tensors = load_tensors(model.path)
    shape = infer_shape(tensors, model.config, model.path.name, model.path.name)
    return build_network(shape, model.config, tensors, model.path.name).float().eval()
