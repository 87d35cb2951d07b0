"""Weights of the instant engine: the content encoder, the speaker encoder, the base decoder, and a voice's decoder.

A voice's file may hold nothing but its speaker embedding and the last bias: the rest is the base decoder (zero-shot).

Half precision in the files, single precision in memory.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.errors import UserError
from vc_core.models.content_encoder import ContentEncoder
from vc_core.models.ddsp import CURVE_POINTS, SPEAKER_EMBEDDING_SIZE, Decoder
from vc_core.models.speaker_encoder import SpeakerEncoder

SHIPPED = Path(__file__).parents[1] / "starters" / "instant"
CONTENT_ENCODER_FILE, BASE_DECODER_FILE = SHIPPED / "units.safetensors", SHIPPED / "start.safetensors"
SPEAKER_ENCODER_FILE = SHIPPED / "speakers.safetensors"
DECODER_FILE = "decoder.safetensors"
"""In the folder of a voice."""
EMBEDDING, LAST_BIAS = "code", "last.bias"
"""The tensors with the speaker embedding, and with the part of the filters that is the same in every frame."""
OLD_EMBEDDING_SIZE = 32
"""Of voices that were trained with the content encoder before this one."""


@lru_cache(maxsize=2)
def load_content_encoder(path: Path = CONTENT_ENCODER_FILE) -> ContentEncoder:
    encoder = ContentEncoder()
    load_weights(encoder, _read_tensors(path), source=path.name)
    return encoder.eval().requires_grad_(False)


@lru_cache(maxsize=1)
def load_speaker_encoder(path: Path = SPEAKER_ENCODER_FILE) -> SpeakerEncoder:
    encoder = SpeakerEncoder()
    load_weights(encoder, _read_tensors(path), source=path.name)
    return encoder.eval().requires_grad_(False)


def load_decoder(path: Path = BASE_DECODER_FILE) -> Decoder:
    """A new instance each time, so that it can be trained."""
    tensors = _read_tensors(path)
    if EMBEDDING in tensors and set(tensors) <= {EMBEDDING, LAST_BIAS}:
        tensors = _read_tensors(BASE_DECODER_FILE) | tensors
    bias = tensors.get(LAST_BIAS, torch.zeros(0))
    refuse_outdated(tensors)
    embedding = tensors.get(EMBEDDING, torch.zeros(0))
    if tuple(embedding.shape) != (SPEAKER_EMBEDDING_SIZE,) or len(bias) != 2 * CURVE_POINTS:
        raise UserError("“{file}” is no decoder of the instant engine.", file=path.name)
    decoder = Decoder()
    load_weights(decoder, tensors, source=path.name)
    return decoder


def refuse_outdated(tensors: Mapping[str, torch.Tensor]) -> None:
    if tuple(tensors.get(EMBEDDING, torch.zeros(0)).shape) == (OLD_EMBEDDING_SIZE,):
        raise UserError(
            "This voice was trained for an earlier version of the instant engine. Train it anew from the same "
            "recordings; a training keeps them in its folder."
        )


def write_zero_shot(decoder: Decoder, path: Path) -> None:
    """The file of a zero-shot voice: what differs from the base decoder."""
    from safetensors.torch import save

    tensors = decoder.state_dict()
    path.write_bytes(save({name: tensors[name].detach().float().contiguous() for name in (EMBEDDING, LAST_BIAS)}))


def write_weights(network: nn.Module, path: Path, metadata: dict[str, str] | None = None) -> None:
    path.write_bytes(serialise_weights(network, metadata))


def serialise_weights(network: nn.Module, metadata: dict[str, str] | None = None) -> bytes:
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().half().contiguous() for name, value in network.state_dict().items()}
    content: bytes = save(tensors, metadata)
    return content


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    return {name: value.float() for name, value in load_tensors(path).items()}
