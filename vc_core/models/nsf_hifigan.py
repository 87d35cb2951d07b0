"""HiFi-GAN with a source of its own: features and sines at the pitch in, sound out.

X. Wang et al., “Neural source-filter waveform models”, IEEE/ACM TASLP 2020; J. Kong et al., “HiFi-GAN”, NeurIPS 2020.
The weights have the names of the published checkpoints, with their norms folded in. All layers are 2-D of height 1,
with the channels last in memory: on CPUs that is the faster way, and with bfloat16 by far.
"""

from dataclasses import dataclass
from math import ceil, prod

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE, LAST_SLOPE = 0.1, 0.01
HARMONICS = 9


@dataclass(frozen=True)
class GeneratorShape:
    inputs: int
    """Channels of the features."""
    channels: int
    """After the first layer; halved with each step up."""
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    block_kernels: tuple[int, ...]
    block_dilations: tuple[tuple[int, ...], ...]
    is_doubled: bool = True
    """Whether each dilated layer of a block is followed by one without dilation."""
    speaker_width: int = 0

    @property
    def hop(self) -> int:
        return prod(self.rates)

    @property
    def reach(self) -> int:
        """How many features beyond its own a moment of sound hears, on each side."""
        hears = 3.0
        for at, (rate, kernel) in enumerate(zip(self.rates, self.kernels, strict=True)):
            hears += ceil(kernel / (2 * rate)) / prod(self.rates[:at])
            blocks = (
                sum((size - 1) // 2 * (dilation + self.is_doubled) for dilation in dilations)
                for size, dilations in zip(self.block_kernels, self.block_dilations, strict=True)
            )
            hears += max(blocks) / prod(self.rates[: at + 1])
        return ceil(hears + 3 / self.hop) + 1


def layer(inputs: int, outputs: int, kernel: int, *, stride: int = 1, dilation: int = 1, padding: int = 0) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, (1, kernel), (1, stride), (0, padding), (1, dilation))


class Block(nn.Module):
    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...], *, is_doubled: bool) -> None:
        super().__init__()
        half = (kernel - 1) // 2
        dilated = nn.ModuleList(
            layer(channels, channels, kernel, dilation=dilation, padding=half * dilation) for dilation in dilations
        )
        if is_doubled:
            self.convs1 = dilated
            self.convs2 = nn.ModuleList(layer(channels, channels, kernel, padding=half) for _ in dilations)
        else:
            self.convs = dilated
        self._is_doubled = is_doubled

    def forward(self, sound: Tensor) -> Tensor:
        if not self._is_doubled:
            for one in self.convs:
                sound = sound + one(functional.leaky_relu(sound, SLOPE))
            return sound
        for one, two in zip(self.convs1, self.convs2, strict=True):
            sound = sound + two(functional.leaky_relu(one(functional.leaky_relu(sound, SLOPE)), SLOPE))
        return sound


class Source(nn.Module):
    """Puts the harmonics together."""

    def __init__(self) -> None:
        super().__init__()
        self.l_linear = nn.Linear(HARMONICS, 1)

    def forward(self, harmonics: Tensor) -> Tensor:
        """From (batch, frames, harmonics) to (batch, 1, 1, frames)."""
        return torch.tanh(self.l_linear(harmonics)).transpose(1, 2)[:, :, None]


class Generator(nn.Module):
    def __init__(self, shape: GeneratorShape) -> None:
        super().__init__()
        self.shape = shape
        self.m_source = Source()
        self.conv_pre = layer(shape.inputs, shape.channels, 7, padding=3)
        self.cond = layer(shape.speaker_width, shape.channels, 1) if shape.speaker_width else None
        self.ups, self.noise_convs, self.resblocks = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        channels = shape.channels
        for at, (rate, kernel) in enumerate(zip(shape.rates, shape.kernels, strict=True)):
            padding = (0, (kernel - rate) // 2)
            self.ups.append(nn.ConvTranspose2d(channels, channels // 2, (1, kernel), (1, rate), padding))
            channels //= 2
            rest = prod(shape.rates[at + 1 :])
            is_last = at + 1 == len(shape.rates)
            self.noise_convs.append(
                layer(1, channels, 1) if is_last else layer(1, channels, 2 * rest, stride=rest, padding=rest // 2)
            )
            for size, dilations in zip(shape.block_kernels, shape.block_dilations, strict=True):
                self.resblocks.append(Block(channels, size, dilations, is_doubled=shape.is_doubled))
        self.conv_post = layer(channels, 1, 7, padding=3)

    def forward(self, features: Tensor, harmonics: Tensor, speaker: Tensor | None = None) -> Tensor:
        """From (batch, inputs, moments), (batch, frames, harmonics), (batch, width, 1) to (batch, frames)."""
        kind = self.conv_post.weight.dtype
        source = self.m_source(harmonics.to(kind))
        sound = self.conv_pre(features[:, :, None].to(kind, memory_format=torch.channels_last))
        if self.cond is not None and speaker is not None:
            sound = sound + self.cond(speaker[:, :, None].to(kind))
        blocks = len(self.shape.block_kernels)
        for at, (up, noise) in enumerate(zip(self.ups, self.noise_convs, strict=True)):
            sound = up(functional.leaky_relu(sound, SLOPE)) + noise(source)
            first, *others = self.resblocks[at * blocks : (at + 1) * blocks]
            made = first(sound)
            for block in others:
                made += block(sound)
            sound = made / blocks
        sound = torch.tanh(self.conv_post(functional.leaky_relu(sound, LAST_SLOPE)).float())
        return sound[:, 0, 0]


def with_channels_last(generator: Generator) -> Generator:
    for weight in generator.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return generator


def as_2d(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of 1-D layers as those of a `Generator`."""
    return {name: value[:, :, None] if value.ndim == 3 else value for name, value in tensors.items()}


def with_norms_folded(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each weight that is stored as a length and a direction as the weight itself."""
    folded = dict(tensors)
    for name in tensors:
        if name.endswith(".weight_g") and (other := f"{name[:-1]}v") in tensors:
            length, direction = folded.pop(name).float(), folded.pop(other).float()
            folded[name.removesuffix("_g")] = torch._weight_norm(direction, length, 0)
    return folded
