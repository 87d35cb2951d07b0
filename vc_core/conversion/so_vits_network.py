"""The network of so-vits voices: so-vits-svc-fork's parts, put together without what inference has no use for.

The package's own assembly imports plotting, training and two more programs that hear pitch; its parts import none of
that. The posterior encoder is left out, and the usual decoder is ours.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from vc_core.conversion.so_vits_config import SoVitsShape
from vc_core.errors import UserError
from vc_core.models.nsf_hifigan import Generator, as_2d, with_channels_last
from vc_core.quiet_import import quiet_import
from vc_core.unfilled import unfilled
from vc_core.weights import fill

FLOW_KERNEL, FLOW_DILATION, FLOW_LAYERS = 5, 1, 4
COARSE, LOWEST_HZ, HIGHEST_HZ = 256, 50.0, 1100.0
"""Into how many steps of the mel scale the pitch is sorted for the encoder."""
MEL_SCALE = 500.0
MOST_WEIGHTS = 400_000_000
"""The published networks have 46 million; memory is not to be had by naming a size."""


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
        self.pre = nn.Conv1d(shape.heard_width, shape.width, 5, padding=2)
        self.emb_uv = nn.Embedding(2, shape.width)
        self.emb_vol = nn.Linear(1, shape.width) if shape.hears_loudness else None
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
        self.dec = Generator(shape.generator) if shape.decoder == "hifi-gan" else _istft_decoder(shape)
        self._decoders: dict[torch.dtype, Generator] = {}

    def inner(self, heard: Tensor, voiced: Tensor, loudness: Tensor) -> Tensor:
        """From (1, heard width, hops) and twice (1, hops) to (1, width, hops)."""
        inner: Tensor = self.pre(heard) + self.emb_uv(voiced.long()).transpose(1, 2)
        if self.emb_vol is not None:
            inner = inner + self.emb_vol(loudness[:, :, None]).transpose(1, 2)
        return inner

    def predicted_hertz(self, inner: Tensor, hertz: Tensor, voiced: Tensor, speaker: Tensor) -> Tensor:
        """The melody that the words suggest, around the mean of the one that was sung."""
        if self.f0_decoder is None:
            raise UserError("This voice can't predict a melody. Turn “predicted pitch” off.")
        mels = 2595.0 * torch.log10(1.0 + hertz[:, None] / 700.0) / MEL_SCALE
        mean = (mels[:, 0] * voiced).sum(1, keepdim=True) / voiced.sum(1, keepdim=True).clamp_min(1.0)
        everywhere = torch.ones_like(mels)
        predicted = self.f0_decoder(inner, mels - mean[..., None], everywhere, spk_emb=speaker)
        hertz = 700 * (torch.pow(10, predicted * MEL_SCALE / 2595) - 1)
        return hertz[:, 0].clamp(0.0, 2 * HIGHEST_HZ)

    def latent(self, inner: Tensor, hertz: Tensor, speaker: Tensor, noise: Tensor) -> Tensor:
        """What the decoder makes sound of; `noise` is scaled and of shape (1, inner width, hops)."""
        everywhere = torch.ones_like(inner[:, :1])
        encoded = self.enc_p.enc_(inner + self.enc_p.f0_emb(coarse(hertz)).transpose(1, 2), everywhere)
        mean, spread = self.enc_p.proj(encoded).chunk(2, dim=1)
        latent: Tensor = self.flow(mean + noise * spread.exp(), everywhere, g=speaker, reverse=True)
        return latent

    def sound(self, latent: Tensor, harmonics: Tensor, speaker: Tensor, kind: torch.dtype = torch.float32) -> Tensor:
        """From (1, inner width, hops) and (1, frames, harmonics) to (1, frames)."""
        made: Tensor
        if isinstance(self.dec, Generator):
            made = self._decoder_in(kind, self.dec)(latent, harmonics, speaker)
        else:  # which transforms by FFT, where half the precision is not to be had
            made = self.dec(latent)[0][:, 0]
        return made

    def _decoder_in(self, kind: torch.dtype, decoder: Generator) -> Generator:
        """In another precision a copy of its own, made when it is first asked for."""
        if kind == torch.float32:
            return decoder
        if kind not in self._decoders:
            self._decoders[kind] = with_channels_last(deepcopy(decoder).to(kind))
        return self._decoders[kind]


def coarse(hertz: Tensor) -> Tensor:
    """The step of each pitch on the mel scale, from 1 to 255."""
    low, high = (1127 * torch.log(torch.tensor(1 + edge / 700)) for edge in (LOWEST_HZ, HIGHEST_HZ))
    mels = 1127 * torch.log(1 + hertz / 700)
    steps = (mels - low) * (COARSE - 2) / (high - low) + 1
    return (steps.clamp(1, COARSE - 1) + 0.5).long()


def _istft_decoder(shape: SoVitsShape) -> nn.Module:
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
        "resblock": "1" if generator.is_doubled else "2",
        "resblock_kernel_sizes": generator.block_kernels,
        "resblock_dilation_sizes": generator.block_dilations,
        "upsample_rates": generator.rates,
        "upsample_initial_channel": generator.channels,
        "upsample_kernel_sizes": generator.kernels,
        "gin_channels": shape.speaker_width,
        "gen_istft_n_fft": shape.istft_size,
        "gen_istft_hop_size": shape.istft_hop,
    }
    if shape.decoder != "istft":
        options["subbands"] = shape.subbands
    decoder: nn.Module = kinds[shape.decoder](**options)
    return decoder


def build_network(shape: SoVitsShape, tensors: Mapping[str, Tensor], source: str) -> SoVitsNetwork:
    """The network with these weights, whose norms are folded in; none is left at random."""
    try:
        with unfilled():
            network = _without_norms(SoVitsNetwork(shape))
    except (AssertionError, RuntimeError, TypeError, ValueError, ZeroDivisionError) as error:
        raise UserError(f"“{source}” describes a network that can't be built: {error!s:.100}") from error
    if sum(tensor.numel() for tensor in network.state_dict().values()) > MOST_WEIGHTS:
        raise UserError(f"“{source}” describes a network that is too large.")
    own = {name: value.float() for name, value in tensors.items() if not name.startswith("enc_q.")}
    if isinstance(network.dec, Generator):
        decoder = {name: value for name, value in own.items() if name.startswith("dec.")}
        own |= as_2d(decoder)
    fill(network, own, source=source, taken=True)
    if isinstance(network.dec, Generator):
        with_channels_last(network.dec)
    return network.eval().requires_grad_(False)


def _without_norms(network: SoVitsNetwork) -> SoVitsNetwork:
    from torch.nn.utils import remove_weight_norm
    from torch.nn.utils.weight_norm import WeightNorm

    for module in network.modules():
        if any(isinstance(hook, WeightNorm) for hook in module._forward_pre_hooks.values()):
            remove_weight_norm(module)
    return network
