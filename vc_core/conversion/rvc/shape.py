"""Shape of an RVC network, inferred from its tensors; what its file states besides is only compared with that.

Programs that merge or rename such files write facts into them that are not true.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from vc_core.errors import UserError
from vc_core.models.nsf_hifigan import GeneratorShape
from vc_core.models.rvc.shape import RvcShape

if TYPE_CHECKING:
    from torch import Tensor

VERSIONS = {256: "v1", 768: "v2"}
"""By the width of the content features."""
BLOCK_KERNELS, BLOCK_DILATIONS = (3, 7, 11), ((1, 3, 5),) * 3
MOST_LAYERS, MOST_WIDTH = 64, 4096
OTHER_VOCODERS = {
    "dec.mrfs.": "MRF HiFi-GAN",
    "dec.upsamples.": "MRF HiFi-GAN",
    "dec.mel_conv.": "RefineGAN",
    "dec.upsample_blocks.": "RefineGAN",
    "dec.snakes.": "nsf-snake-hifigan",
    "dec.resblocks.0.activations.": "BigVGAN",
}
PITCH_TENSORS = ("enc_p.emb_pitch.weight", "dec.m_source.l_linear.weight", "dec.noise_convs.0.weight")


@dataclass(frozen=True)
class DecoderLayout:
    sample_rate: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]

    @property
    def noise_kernels(self) -> tuple[int, ...]:
        """Kernels of the layers that bring the source to each stage."""
        strides = [prod(self.rates[at + 1 :]) for at in range(len(self.rates))]
        return tuple(2 * stride if stride > 1 else 1 for stride in strides)


LAYOUTS = (
    DecoderLayout(32_000, (10, 4, 2, 2, 2), (16, 16, 4, 4, 4)),
    DecoderLayout(48_000, (10, 6, 2, 2, 2), (16, 16, 4, 4, 4)),
    DecoderLayout(40_000, (10, 10, 2, 2), (16, 16, 4, 4)),
    DecoderLayout(32_000, (10, 8, 2, 2), (20, 16, 4, 4)),
    DecoderLayout(48_000, (12, 10, 2, 2), (24, 20, 4, 4)),
    DecoderLayout(24_000, (10, 6, 2, 2), (20, 12, 4, 4)),
)
"""Of all published configs; without pitch, the first two differ in no tensor."""


@dataclass(frozen=True)
class RvcModel:
    """The network of a voice and its sample rate."""

    shape: RvcShape
    sample_rate: int

    @property
    def version(self) -> str:
        return VERSIONS[self.shape.content_width]

    @property
    def description(self) -> str:
        pitch = "" if self.shape.has_pitch else ", without pitch"
        return f"RVC {self.version}, {self.sample_rate // 1000} kHz{pitch}"


@dataclass(frozen=True)
class Stated:
    """What a file says about its decoder beside its tensors."""

    layout: DecoderLayout | None = None
    sample_rate: int | None = None


def infer_model(tensors: Mapping[str, "Tensor"], source: str, stated: Stated = Stated()) -> RvcModel:
    """The model with these weights, weight norm folded in; raises `UserError` if it is not supported.

    What is stated decides only where the tensors can't, and must not contradict them.
    """
    check_vocoder(tensors, source)
    if any(name in tensors for name in PITCH_TENSORS) and not all(name in tensors for name in PITCH_TENSORS):
        raise UserError("“{source}” is broken: some of the layers for pitch are missing.", source=source)
    try:
        layout = _choose_layout(_find_layouts(tensors, source), source, stated)
        return RvcModel(_infer_shape(tensors, layout), layout.sample_rate)
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise UserError(
            "“{source}” is not the generator of an RVC voice ({reason:.60}).", source=source, reason=str(error)
        ) from error


def check_vocoder(tensors: Mapping[str, "Tensor"], source: str) -> None:
    for prefix, vocoder in OTHER_VOCODERS.items():
        if any(name.startswith(prefix) for name in tensors):
            raise UserError(
                "“{source}” can't be used: it has the vocoder “{vocoder}”. Voices with HiFi-GAN can.",
                source=source,
                vocoder=vocoder,
            )


def _find_layouts(tensors: Mapping[str, "Tensor"], source: str) -> list[DecoderLayout]:
    """Those that the tensors fit."""
    kernels = _read_kernels(tensors, "ups")
    noise = _read_kernels(tensors, "noise_convs") if PITCH_TENSORS[-1] in tensors else None
    fitting = [one for one in LAYOUTS if one.kernels == kernels and noise in (None, one.noise_kernels)]
    if not fitting:
        raise UserError(
            "“{source}” has a decoder of an unknown layout (kernels {kernels}).",
            source=source,
            kernels=", ".join(map(str, kernels)),
        )
    return fitting


def _choose_layout(fitting: list[DecoderLayout], source: str, stated: Stated) -> DecoderLayout:
    chosen = [one for one in fitting if stated.layout in (None, one) and stated.sample_rate in (None, one.sample_rate)]
    if len(chosen) > 1:
        raise UserError(
            "The sample rate of “{source}” can't be told from its weights. Import the file that RVC exported.",
            source=source,
        )
    if not chosen:
        claims = [stated.sample_rate, stated.layout and stated.layout.sample_rate]
        raise UserError(
            "“{source}” contradicts itself: it says {stated}, and its weights are for {found}.",
            source=source,
            stated=", ".join(f"{claim} Hz" for claim in claims if claim)
            + (f" ({'·'.join(map(str, stated.layout.rates))})" if stated.layout else ""),
            found=f"{fitting[0].sample_rate} Hz ({'·'.join(map(str, fitting[0].rates))})",
        )
    return chosen[0]


def _read_kernels(tensors: Mapping[str, "Tensor"], layers: str) -> tuple[int, ...]:
    count = _count_layers(tensors, rf"dec\.{layers}\.(\d+)\.weight")
    return tuple(_size(tensors, f"dec.{layers}.{at}.weight", 2) for at in range(count))


def _infer_shape(tensors: Mapping[str, "Tensor"], layout: DecoderLayout) -> RvcShape:
    content_width = _size(tensors, "enc_p.emb_phone.weight", 1)
    if content_width not in VERSIONS:
        raise ValueError(f"{content_width} features")
    width = _size(tensors, "enc_p.emb_phone.weight", 0)
    heads = width // _size(tensors, "enc_p.encoder.attn_layers.0.emb_rel_k", 2)
    couplings = _count_layers(tensors, r"flow\.flows\.(\d+)\.pre\.weight", step=2)
    inner_width = _size(tensors, "enc_p.proj.weight", 0) // 2
    flow_kernel = _size(tensors, "flow.flows.0.enc.in_layers.0.weight", 2)
    if width % heads or inner_width % 2 or not flow_kernel % 2:
        raise ValueError("heads or kernels that don't fit")
    return RvcShape(
        content_width=content_width,
        width=width,
        inner_width=inner_width,
        filter_width=_size(tensors, "enc_p.encoder.ffn_layers.0.conv_1.weight", 0),
        heads=heads,
        layers=_count_layers(tensors, r"enc_p\.encoder\.ffn_layers\.(\d+)\.conv_1\.weight"),
        kernel=_size(tensors, "enc_p.encoder.ffn_layers.0.conv_1.weight", 2),
        reach=_size(tensors, "enc_p.encoder.attn_layers.0.emb_rel_k", 1) // 2,
        couplings=couplings,
        flow_layers=_count_layers(tensors, r"flow\.flows\.0\.enc\.in_layers\.(\d+)\.weight"),
        flow_kernel=flow_kernel,
        speakers=_size(tensors, "emb_g.weight", 0),
        speaker_width=_size(tensors, "emb_g.weight", 1),
        generator=_infer_generator(tensors, layout),
    )


def _infer_generator(tensors: Mapping[str, "Tensor"], layout: DecoderLayout) -> GeneratorShape:
    if "dec.resblocks.0.convs1.0.weight" not in tensors:
        raise ValueError("resblock 2")
    kernels = tuple(_size(tensors, f"dec.resblocks.{at}.convs1.0.weight", 2) for at in range(len(BLOCK_KERNELS)))
    if kernels != BLOCK_KERNELS:
        raise ValueError(f"resblocks with kernels {kernels}")
    return GeneratorShape(
        inputs=_size(tensors, "dec.conv_pre.weight", 1),
        channels=_size(tensors, "dec.conv_pre.weight", 0),
        upsample_rates=layout.rates,
        upsample_kernels=layout.kernels,
        block_kernels=BLOCK_KERNELS,
        block_dilations=BLOCK_DILATIONS,
        speaker_width=_size(tensors, "emb_g.weight", 1),
        harmonics=1 if PITCH_TENSORS[0] in tensors else 0,
        has_output_bias=False,
    )


def _size(tensors: Mapping[str, "Tensor"], name: str, axis: int) -> int:
    found = int(tensors[name].shape[axis])
    if not 1 <= found <= MOST_WIDTH:
        raise ValueError(f"{name} of {found}")
    return found


def _count_layers(tensors: Mapping[str, "Tensor"], pattern: str, *, step: int = 1) -> int:
    found = {int(match[1][:6]) for name in tensors if (match := re.fullmatch(pattern, name))}
    if not 1 <= len(found) <= MOST_LAYERS or found != set(range(0, step * len(found), step)):
        raise ValueError(f"no layers {pattern.split('(')[0]}".replace("\\", ""))
    return len(found)
