"""Networks as plans: their layers' names and shapes, before any weight takes memory.

Random weights that loaded ones replace at once would cost time. On “meta”, where nothing has values, they are worse:
for any arithmetic there torch imports its compiler, which takes longer than all else that a cold process loads. So the
little that layers reckon with while they are built is answered by its shape here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

DRAWN = (torch.rand, torch.randn)
SCALED = (Tensor.mul, Tensor.__mul__)


@contextmanager
def unfilled() -> Iterator[None]:
    """What is built within has no weights yet; `fill(…, taken=True)` gives them."""
    with torch.device("meta"), _Shapes():
        yield


class _Shapes(TorchFunctionMode):
    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(function, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        if function in DRAWN:
            return torch.empty(*args, **kwargs)
        if function is torch._weight_norm or (function in SCALED and isinstance(args[1], int | float)):
            return torch.empty(args[0].shape)
        if function is torch.norm_except_dim:
            vectors, _, kept = args
            return torch.empty([size if axis == kept else 1 for axis, size in enumerate(vectors.shape)])
        return function(*args, **kwargs)
