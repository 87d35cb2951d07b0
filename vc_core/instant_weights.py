"""The instant engine's weights on disk: the encoder, the start that all decoders share, and a voice's own decoder.

Half-precision numbers in the files, single precision in memory.
"""

from functools import lru_cache
from pathlib import Path

import torch

from vc_core.errors import UserError
from vc_core.models.ddsp import CODE, POINTS, Decoder
from vc_core.models.units import Units
from vc_core.weights import fill, load_tensors

SHIPPED = Path(__file__).parent / "starters" / "instant"
UNITS_FILE, START_FILE = SHIPPED / "units.safetensors", SHIPPED / "start.safetensors"
DECODER_FILE = "decoder.safetensors"
"""In a voice's folder."""


@lru_cache(maxsize=2)
def load_units(path: Path = UNITS_FILE) -> Units:
    encoder = Units()
    fill(encoder, _tensors(path), source=path.name)
    return encoder.eval().requires_grad_(False)


def load_decoder(path: Path = START_FILE) -> Decoder:
    """A new one each time, so that it can be trained."""
    tensors = _tensors(path)
    bias = tensors.get("last.bias", torch.zeros(0))
    if tuple(tensors.get("code", torch.zeros(0)).shape) != (CODE,) or len(bias) != 2 * POINTS:
        raise UserError(f"“{path.name}” is no decoder of the instant engine.")
    decoder = Decoder()
    fill(decoder, tensors, source=path.name)
    return decoder


def write_decoder(decoder: Decoder, path: Path, metadata: dict[str, str] | None = None) -> None:
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().half().contiguous() for name, value in decoder.state_dict().items()}
    path.write_bytes(save(tensors, metadata))


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    return {name: value.float() for name, value in load_tensors(path).items()}
