"""Weight norm is folded as torch does it, and shapes that crash torch are refused."""

import pytest
import torch
from torch import nn
from torch.nn.utils import weight_norm

from vc_core.errors import UserError
from vc_core.models.weight_norm import fold_weight_norm


def test_folded_weights_are_those_of_the_layer():
    torch.manual_seed(0)
    layer = nn.Sequential(weight_norm(nn.Conv1d(3, 4, 5)))
    folded = fold_weight_norm(layer.state_dict())
    assert sorted(folded) == ["0.bias", "0.weight"]
    assert torch.equal(folded["0.weight"], layer[0].weight)


@pytest.mark.parametrize(
    ("magnitude", "direction"),
    [((0, 1, 1), (0, 4, 3)), ((0, 1, 1), (4, 4, 3)), ((3, 1, 1), (4, 4, 3)), ((4, 1, 1), (4, 0, 3)), ((), ())],
)
def test_shapes_that_crash_torch_are_refused(magnitude, direction):
    with pytest.raises(UserError, match="broken: a.weight_g does not fit"):
        fold_weight_norm({"a.weight_g": torch.zeros(magnitude), "a.weight_v": torch.zeros(direction)})
