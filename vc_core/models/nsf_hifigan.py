"""NSF-HiFiGAN generator: a HiFi-GAN vocoder with a harmonic source, from features and sines at F0 to a waveform.

X. Wang et al., “Neural source-filter waveform models”, IEEE/ACM TASLP 2020; J. Kong et al., “HiFi-GAN”, NeurIPS 2020.
Tensor names are those of the published checkpoints, with weight norm folded in. All layers are 2-D of height 1 with
channels-last memory: that is faster on CPUs, and by far with bfloat16.
"""

from copy import deepcopy
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
    """After the first layer; each upsampling halves them."""
    upsample_rates: tuple[int, ...]
    upsample_kernels: tuple[int, ...]
    block_kernels: tuple[int, ...]
    block_dilations: tuple[tuple[int, ...], ...]
    has_type1_blocks: bool = True
    """Whether each dilated layer of a block is followed by one without dilation (HiFi-GAN's ResBlock 1)."""
    speaker_width: int = 0
    harmonics: int = HARMONICS
    """Sines of the source, the fundamental included; 0 for a plain HiFi-GAN, which has no source."""
    has_output_bias: bool = True

    @property
    def hop(self) -> int:
        return prod(self.upsample_rates)

    @property
    def receptive_field_frames(self) -> int:
        """Receptive field: how many frames of context on each side influence a sample."""
        context = 3.0
        for at, (rate, kernel) in enumerate(zip(self.upsample_rates, self.upsample_kernels, strict=True)):
            context += ceil(kernel / (2 * rate)) / prod(self.upsample_rates[:at])
            blocks = (
                sum((size - 1) // 2 * (dilation + self.has_type1_blocks) for dilation in dilations)
                for size, dilations in zip(self.block_kernels, self.block_dilations, strict=True)
            )
            context += max(blocks) / prod(self.upsample_rates[: at + 1])
        return ceil(context + 3 / self.hop) + 1


def build_conv(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, dilation: int = 1, padding: int = 0
) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, (1, kernel), (1, stride), (0, padding), (1, dilation))


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...], *, is_type1: bool) -> None:
        super().__init__()
        half = (kernel - 1) // 2
        dilated = nn.ModuleList(
            build_conv(channels, channels, kernel, dilation=dilation, padding=half * dilation) for dilation in dilations
        )
        if is_type1:
            self.convs1 = dilated
            self.convs2 = nn.ModuleList(build_conv(channels, channels, kernel, padding=half) for _ in dilations)
        else:
            self.convs = dilated
        self._is_type1 = is_type1

    def forward(self, sound: Tensor) -> Tensor:
        if not self._is_type1:
            for one in self.convs:
                sound = sound + one(functional.leaky_relu(sound, SLOPE))
            return sound
        for one, two in zip(self.convs1, self.convs2, strict=True):
            sound = sound + two(functional.leaky_relu(one(functional.leaky_relu(sound, SLOPE)), SLOPE))
        return sound


class HarmonicSource(nn.Module):
    """Mixes the sines of F0 and its overtones into one excitation."""

    def __init__(self, harmonics: int) -> None:
        super().__init__()
        self.l_linear = nn.Linear(harmonics, 1)

    def forward(self, harmonics: Tensor) -> Tensor:
        """(B, samples, harmonics) to (B, 1, 1, samples)."""
        return torch.tanh(self.l_linear(harmonics)).transpose(1, 2)[:, :, None]


class Generator(nn.Module):
    def __init__(self, shape: GeneratorShape) -> None:
        super().__init__()
        self.shape = shape
        self.m_source = HarmonicSource(shape.harmonics) if shape.harmonics else None
        self.conv_pre = build_conv(shape.inputs, shape.channels, 7, padding=3)
        self.cond = build_conv(shape.speaker_width, shape.channels, 1) if shape.speaker_width else None
        self.ups, self.noise_convs, self.resblocks = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        channels = shape.channels
        for at, (rate, kernel) in enumerate(zip(shape.upsample_rates, shape.upsample_kernels, strict=True)):
            padding = (0, (kernel - rate) // 2)
            self.ups.append(nn.ConvTranspose2d(channels, channels // 2, (1, kernel), (1, rate), padding))
            channels //= 2
            if shape.harmonics:
                self.noise_convs.append(_build_noise_conv(channels, prod(shape.upsample_rates[at + 1 :])))
            for size, dilations in zip(shape.block_kernels, shape.block_dilations, strict=True):
                self.resblocks.append(ResidualBlock(channels, size, dilations, is_type1=shape.has_type1_blocks))
        self.conv_post = nn.Conv2d(channels, 1, (1, 7), padding=(0, 3), bias=shape.has_output_bias)
        self._copies: dict[torch.dtype, Generator] = {}

    def cast(self, dtype: torch.dtype) -> "Generator":
        """The generator in this precision; copies are made on first use."""
        if dtype == self.conv_post.weight.dtype:
            return self
        if dtype not in self._copies:
            self._copies[dtype] = use_channels_last(deepcopy(self).to(dtype))
        return self._copies[dtype]

    def forward(self, features: Tensor, harmonics: Tensor | None, speaker: Tensor | None = None) -> Tensor:
        """Features (B, inputs, frames), sines (B, samples, harmonics), speaker (B, width, 1): (B, samples)."""
        dtype = self.conv_post.weight.dtype
        source = None if self.m_source is None or harmonics is None else self.m_source(harmonics.to(dtype))
        sound = self.conv_pre(features[:, :, None].to(dtype, memory_format=torch.channels_last))
        if self.cond is not None and speaker is not None:
            sound = sound + self.cond(speaker[:, :, None].to(dtype))
        blocks = len(self.shape.block_kernels)
        for at, up in enumerate(self.ups):
            sound = up(functional.leaky_relu(sound, SLOPE))
            if source is not None:
                sound = sound + self.noise_convs[at](source)
            first, *others = self.resblocks[at * blocks : (at + 1) * blocks]
            made = first(sound)
            for block in others:
                made += block(sound)
            sound = made / blocks
        sound = torch.tanh(self.conv_post(functional.leaky_relu(sound, LAST_SLOPE)).float())
        return sound[:, 0, 0]


def _build_noise_conv(channels: int, stride: int) -> nn.Conv2d:
    """Brings the source from sample rate to the rate of a stage."""
    if stride == 1:
        return build_conv(1, channels, 1)
    return build_conv(1, channels, 2 * stride, stride=stride, padding=stride // 2)


def use_channels_last(generator: Generator) -> Generator:
    for weight in generator.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return generator


def expand_to_2d(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of 1-D layers in the 2-D shapes of a `Generator`."""
    return {name: value[:, :, None] if value.ndim == 3 else value for name, value in tensors.items()}
