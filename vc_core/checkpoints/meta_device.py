"""Build networks on torch's meta device: names and shapes without memory or random initialisation.

On the meta device any arithmetic makes torch import its compiler (`torch._dynamo`), which dominates the start-up of a
cold process. So the few operations that layers use in their constructors are replaced by their result's shape.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from vc_core.errors import UserError

Network = TypeVar("Network", bound=nn.Module)

RANDOM_FUNCTIONS = (torch.rand, torch.randn)
MULTIPLICATIONS = (Tensor.mul, Tensor.__mul__)


@contextmanager
def build_on_meta_device() -> Iterator[None]:
    """Networks built in this context have uninitialised parameters; `load_weights(…, assign=True)` fills them."""
    with torch.device("meta"), _ShapesOnly():
        yield


def build_checked(build: Callable[[], Network], most_weights: int, source: str) -> Network:
    """A network of an untrusted shape on the meta device; raises `UserError` if it can't be built or is too large."""
    try:
        with build_on_meta_device():
            network = build()
    except (AssertionError, RuntimeError, TypeError, ValueError, ZeroDivisionError) as error:
        raise UserError(
            "“{source}” describes a network that can't be built: {reason:.100}", source=source, reason=str(error)
        ) from error
    if sum(tensor.numel() for tensor in network.state_dict().values()) > most_weights:
        raise UserError("“{source}” describes a network that is too large.", source=source)
    return network


class _ShapesOnly(TorchFunctionMode):
    """Skips `nn.init`, random functions, scaling and weight norm."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(function, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        if function in RANDOM_FUNCTIONS:
            return torch.empty(*args, **kwargs)
        if function is torch._weight_norm or (function in MULTIPLICATIONS and isinstance(args[1], int | float)):
            return torch.empty(args[0].shape)
        if function is torch.norm_except_dim:
            vectors, _, retained_axis = args
            return torch.empty([size if axis == retained_axis else 1 for axis, size in enumerate(vectors.shape)])
        return function(*args, **kwargs)
