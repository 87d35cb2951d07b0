"""VITS network of so-vits voices for inference: prior encoder, normalising flow, F0 decoder and vocoder.

The modules are so-vits-svc-fork's; its own model class also imports plotting, training and pitch trackers. The
posterior encoder is left out, and the NSF-HiFiGAN decoder is ours.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vc_core.checkpoints.meta_device import build_checked
from vc_core.checkpoints.quiet_import import quiet_import
from vc_core.checkpoints.weights import load_weights
from vc_core.conversion.so_vits.config import SoVitsShape
from vc_core.errors import UserError
from vc_core.models.nsf_hifigan import Generator, expand_to_2d, use_channels_last

FLOW_KERNEL, FLOW_DILATION, FLOW_LAYERS = 5, 1, 4
F0_BINS, LOWEST_HZ, HIGHEST_HZ = 256, 50.0, 1100.0
"""Mel-scale bins into which F0 is quantised for the encoder."""
MEL_SCALE = 500.0
MOST_WEIGHTS = 400_000_000
"""Upper limit against oversized configs; the published networks have 46 million."""


with quiet_import("so_vits_svc_fork"):
    from so_vits_svc_fork.modules.decoders.f0 import F0Decoder
    from so_vits_svc_fork.modules.encoders import TextEncoder
    from so_vits_svc_fork.modules.flows import ResidualCouplingBlock


class SoVitsNetwork(nn.Module):
    def __init__(self, shape: SoVitsShape) -> None:
        super().__init__()
        self.shape = shape
        layers = (shape.filter_width, shape.heads, shape.layers, shape.kernel, 0.0)
        self.emb_g = nn.Embedding(shape.speakers, shape.speaker_width)
        self.pre = nn.Conv1d(shape.content_width, shape.width, 5, padding=2)
        self.emb_uv = nn.Embedding(2, shape.width)
        self.emb_vol = nn.Linear(1, shape.width) if shape.has_loudness_embedding else None
        filter_width, heads, count, kernel, dropout = layers
        self.enc_p = TextEncoder(
            shape.inner_width,
            shape.width,
            kernel,
            count,
            filter_channels=filter_width,
            n_heads=heads,
            p_dropout=dropout,
        )
        self.flow = ResidualCouplingBlock(
            shape.inner_width,
            shape.width,
            FLOW_KERNEL,
            FLOW_DILATION,
            FLOW_LAYERS,
            gin_channels=shape.speaker_width,
        )
        self.f0_decoder = None
        if shape.has_pitch_decoder:
            self.f0_decoder = F0Decoder(1, shape.width, *layers, spk_channels=shape.speaker_width)
        self.dec = Generator(shape.generator) if shape.decoder == "hifi-gan" else _build_istft_decoder(shape)

    def embed_content(self, content: Tensor, voiced: Tensor, loudness: Tensor) -> Tensor:
        """Content (B, content width, frames), voicing and loudness (B, frames) to (B, width, frames)."""
        inner: Tensor = self.pre(content) + self.emb_uv(voiced.long()).transpose(1, 2)
        if self.emb_vol is not None:
            inner = inner + self.emb_vol(loudness[:, :, None]).transpose(1, 2)
        return inner

    def predict_f0(self, inner: Tensor, hertz: Tensor, voiced: Tensor, speaker: Tensor) -> Tensor:
        """F0 predicted from the content, around the mean of the sung F0; shape (B, frames)."""
        if self.f0_decoder is None:
            raise UserError("This voice can't predict a melody. Turn “predicted pitch” off.")
        mels = 2595.0 * torch.log10(1.0 + hertz[:, None] / 700.0) / MEL_SCALE
        mean = (mels[:, 0] * voiced).sum(1, keepdim=True) / voiced.sum(1, keepdim=True).clamp_min(1.0)
        mask = torch.ones_like(mels)
        predicted = self.f0_decoder(inner, mels - mean[..., None], mask, spk_emb=speaker)
        hertz = 700 * (torch.pow(10, predicted * MEL_SCALE / 2595) - 1)
        return hertz[:, 0].clamp(0.0, 2 * HIGHEST_HZ)

    def encode_latent(self, inner: Tensor, hertz: Tensor, speaker: Tensor, noise: Tensor) -> Tensor:
        """Prior encoder and inverse flow; `noise` is scaled and of shape (B, inner width, frames), as is the result."""
        mask = torch.ones_like(inner[:, :1])
        encoded = self.enc_p.enc_(inner + self.enc_p.f0_emb(quantise_f0(hertz)).transpose(1, 2), mask)
        mean, spread = self.enc_p.proj(encoded).chunk(2, dim=1)
        latent: Tensor = self.flow(mean + noise * spread.exp(), mask, g=speaker, reverse=True)
        return latent

    def decode(self, latent: Tensor, harmonics: Tensor, speaker: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Latent (B, inner width, frames) and harmonic source (B, samples, harmonics) to (B, samples)."""
        waveform: Tensor
        if isinstance(self.dec, Generator):
            waveform = self.dec.cast(dtype)(latent, harmonics, speaker)
        else:  # iSTFT decoders need FFTs, which have no bfloat16
            waveform = self.dec(latent)[0][:, 0]
        return waveform


def quantise_f0(hertz: Tensor) -> Tensor:
    """F0 as a bin of the mel scale, from 1 to 255."""
    low, high = (1127 * torch.log(torch.tensor(1 + edge / 700)) for edge in (LOWEST_HZ, HIGHEST_HZ))
    mels = 1127 * torch.log(1 + hertz / 700)
    steps = (mels - low) * (F0_BINS - 2) / (high - low) + 1
    return (steps.clamp(1, F0_BINS - 1) + 0.5).long()


def _build_istft_decoder(shape: SoVitsShape) -> nn.Module:
    with quiet_import("so_vits_svc_fork"):
        from so_vits_svc_fork.modules.decoders import mb_istft

    generator = shape.generator
    kinds = {
        "istft": mb_istft.iSTFT_Generator,
        "ms-istft": mb_istft.Multistream_iSTFT_Generator,
        "mb-istft": mb_istft.Multiband_iSTFT_Generator,
    }
    options: dict[str, Any] = {
        "initial_channel": generator.inputs,
        "resblock": "1" if generator.has_type1_blocks else "2",
        "resblock_kernel_sizes": generator.block_kernels,
        "resblock_dilation_sizes": generator.block_dilations,
        "upsample_rates": generator.upsample_rates,
        "upsample_initial_channel": generator.channels,
        "upsample_kernel_sizes": generator.upsample_kernels,
        "gin_channels": shape.speaker_width,
        "gen_istft_n_fft": shape.istft_size,
        "gen_istft_hop_size": shape.istft_hop,
    }
    if shape.decoder != "istft":
        options["subbands"] = shape.subbands
    decoder: nn.Module = kinds[shape.decoder](**options)
    return decoder


def build_network(shape: SoVitsShape, tensors: Mapping[str, Tensor], source: str) -> SoVitsNetwork:
    """The network with these weights, weight norm folded in; raises `UserError` unless all of them fit."""
    network = build_checked(lambda: _remove_weight_norm(SoVitsNetwork(shape)), MOST_WEIGHTS, source)
    own = {name: value.float() for name, value in tensors.items() if not name.startswith("enc_q.")}
    if isinstance(network.dec, Generator):
        decoder = {name: value for name, value in own.items() if name.startswith("dec.")}
        own |= expand_to_2d(decoder)
    load_weights(network, own, source=source, assign=True)
    if isinstance(network.dec, Generator):
        use_channels_last(network.dec)
    return network.eval().requires_grad_(False)


def _remove_weight_norm(network: SoVitsNetwork) -> SoVitsNetwork:
    from torch.nn.utils import remove_weight_norm
    from torch.nn.utils.weight_norm import WeightNorm

    for module in network.modules():
        if any(isinstance(hook, WeightNorm) for hook in module._forward_pre_hooks.values()):
            remove_weight_norm(module)
    return network
