"""RVC network for inference: content features and F0 to a waveform, by prior encoder, normalising flow and HiFi-GAN.

The VITS of retrieval-based voice conversion, v1 and v2, with and without pitch. J. Kim et al., “VITS”, ICML 2021.
Tensor names are those of the published checkpoints, with weight norm folded in. The sequences of a batch have one
length and no padding, so nothing is masked.
"""

from math import log, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.models.nsf_hifigan import SLOPE, Generator
from vc_core.models.rvc.shape import RvcShape
from vc_core.models.rvc.transformer import Transformer

PITCH_BINS, LOWEST_HZ, HIGHEST_HZ = 256, 50.0, 1100.0
"""Mel-scale bins into which F0 is quantised for the encoder."""


class PriorEncoder(nn.Module):
    def __init__(self, shape: RvcShape) -> None:
        super().__init__()
        self.emb_phone = nn.Linear(shape.content_width, shape.width)
        self.emb_pitch = nn.Embedding(PITCH_BINS, shape.width) if shape.has_pitch else None
        self.encoder = Transformer(shape)
        self.proj = nn.Conv1d(shape.width, 2 * shape.inner_width, 1)

    def forward(self, content: Tensor, hertz: Tensor) -> tuple[Tensor, Tensor]:
        """Content (B, content width, frames) and F0 (B, frames) to mean and log deviation (B, inner width, frames)."""
        x = self.emb_phone(content.transpose(1, 2))
        if self.emb_pitch is not None:
            x = x + self.emb_pitch(quantise_f0(hertz))
        x = functional.leaky_relu(x * sqrt(x.shape[2]), SLOPE)
        mean, deviation = self.proj(self.encoder(x.transpose(1, 2))).chunk(2, dim=1)
        return mean, deviation


class GatedConvolutions(nn.Module):
    """WaveNet's gated layers with skip connections, conditioned on the speaker."""

    def __init__(self, shape: RvcShape) -> None:
        super().__init__()
        width, kernel, count = shape.width, shape.flow_kernel, shape.flow_layers
        self.in_layers = nn.ModuleList(
            nn.Conv1d(width, 2 * width, kernel, padding=(kernel - 1) // 2) for _ in range(count)
        )
        self.res_skip_layers = nn.ModuleList(
            nn.Conv1d(width, width if at + 1 == count else 2 * width, 1) for at in range(count)
        )
        self.cond_layer = nn.Conv1d(shape.speaker_width, 2 * width * count, 1)

    def forward(self, x: Tensor, speaker: Tensor) -> Tensor:
        conditions = self.cond_layer(speaker).chunk(len(self.in_layers), dim=1)
        skipped = torch.zeros_like(x)
        for layer, mix, condition in zip(self.in_layers, self.res_skip_layers, conditions, strict=True):
            filtered, gate = (layer(x) + condition).chunk(2, dim=1)
            mixed = mix(torch.tanh(filtered) * torch.sigmoid(gate))
            if mixed.shape[1] > x.shape[1]:
                residual, mixed = mixed.chunk(2, dim=1)
                x = x + residual
            skipped = skipped + mixed
        return skipped


class Coupling(nn.Module):
    """Mean-only affine coupling; its inverse, which is all that inference needs."""

    def __init__(self, shape: RvcShape) -> None:
        super().__init__()
        half = shape.inner_width // 2
        self.pre, self.post = nn.Conv1d(half, shape.width, 1), nn.Conv1d(shape.width, half, 1)
        self.enc = GatedConvolutions(shape)

    def forward(self, x: Tensor, speaker: Tensor) -> Tensor:
        unchanged, shifted = x.chunk(2, dim=1)
        return torch.cat([unchanged, shifted - self.post(self.enc(self.pre(unchanged), speaker))], dim=1)


class Flow(nn.Module):
    def __init__(self, shape: RvcShape) -> None:
        super().__init__()
        # In the checkpoints every second layer flips the channels and has no weights.
        self.flows = nn.ModuleDict({str(2 * at): Coupling(shape) for at in range(shape.couplings)})

    def forward(self, x: Tensor, speaker: Tensor) -> Tensor:
        """The inverse flow: (B, inner width, frames) to the same shape, given the speaker (B, speaker width, 1)."""
        for coupling in reversed(list(self.flows.values())):
            x = coupling(x.flip(1), speaker)
        return x


class RvcNetwork(nn.Module):
    def __init__(self, shape: RvcShape) -> None:
        super().__init__()
        self.shape = shape
        self.enc_p, self.flow = PriorEncoder(shape), Flow(shape)
        self.dec = Generator(shape.generator)
        self.emb_g = nn.Embedding(shape.speakers, shape.speaker_width)

    def encode_latent(self, content: Tensor, hertz: Tensor, speaker: Tensor, noise: Tensor) -> Tensor:
        """Prior encoder and inverse flow.

        Content (B, content width, frames), F0 (B, frames) with 0 where unvoiced, speaker (1, speaker width, 1) and
        scaled noise (B, inner width, frames) to (B, inner width, frames).
        """
        mean, deviation = self.enc_p(content, hertz)
        latent: Tensor = self.flow(mean + noise * deviation.exp(), speaker)
        return latent


def quantise_f0(hertz: Tensor) -> Tensor:
    """F0 as a bin of the mel scale, from 1 to 255; unvoiced frames (0 Hz) are in the first."""
    low, high = (1127 * log(1 + edge / 700) for edge in (LOWEST_HZ, HIGHEST_HZ))
    steps = (1127 * torch.log1p(hertz.double() / 700) - low) * (PITCH_BINS - 2) / (high - low) + 1
    return steps.clamp(1, PITCH_BINS - 1).round().long()
