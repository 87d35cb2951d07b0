"""Meta device networks have the right names and shapes, without memory, random numbers or torch's compiler."""

import subprocess
import sys

import torch
from conftest import ROOT
from torch import nn
from torch.nn.utils import remove_weight_norm, weight_norm

from vc_core.checkpoints.meta_device import build_on_meta_device


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Parameter(torch.randn(1, 9, 4) * 0.5)
        self.first = weight_norm(nn.Conv1d(3, 5, 7))
        self.second = weight_norm(nn.ConvTranspose1d(5, 3, 2), dim=1)
        self.last = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Embedding(2, 3), nn.GRU(3, 2))
        nn.init.xavier_uniform_(tensor=self.last[0].weight)


def shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {name: weight.shape for name, weight in network.state_dict().items()}


def test_meta_network_has_the_same_names_and_shapes():
    network = Network()
    with build_on_meta_device():
        meta_network = Network()
        assert shapes(meta_network) == shapes(network)
        for module in (meta_network.first, meta_network.second):
            remove_weight_norm(module)
    for module in (network.first, network.second):
        remove_weight_norm(module)
    assert shapes(meta_network) == shapes(network)
    assert all(weight.is_meta for weight in meta_network.parameters())
    assert not torch.randn(3).is_meta


def test_random_generator_state_is_unchanged():
    torch.manual_seed(0)
    with build_on_meta_device():
        Network()
    drawn = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(3))


def test_building_so_vits_does_not_import_torch_dynamo():
    program = """
import sys
from vc_core.conversion.so_vits.config import SoVitsShape
from vc_core.conversion.so_vits.network import SoVitsNetwork, _remove_weight_norm
from vc_core.models.nsf_hifigan import GeneratorShape
from vc_core.checkpoints.meta_device import build_on_meta_device

decoder = GeneratorShape(16, 32, (8, 8, 2, 2, 2), (16, 16, 4, 4, 4), (3, 7), ((1, 3), (1, 3)), speaker_width=8)
with build_on_meta_device():
    _remove_weight_norm(SoVitsNetwork(SoVitsShape(768, 16, 16, 32, 2, 2, 3, 8, 4, decoder)))
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
