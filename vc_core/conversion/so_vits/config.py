"""Configs and network shapes of so-vits checkpoints: sizes are inferred from tensors, the rest comes from the config.

None of the four generations of programs that write these files states which it is, and a config that doesn't fit would
leave random layers. So the config is never asked for what the tensors show.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vc_core.audio import HIGHEST_SAMPLE_RATE, LOWEST_SAMPLE_RATE
from vc_core.errors import Message, UserError

if TYPE_CHECKING:
    from torch import Tensor

    from vc_core.models.nsf_hifigan import GeneratorShape

DecoderKind = Literal["hifi-gan", "istft", "ms-istft", "mb-istft"]
LARGEST_CONFIG_BYTES = 1_000_000
MOST_SPEAKERS, LONGEST_SPEAKER = 1000, 100
KNOWN_ENCODERS = {256: (None, "vec256l9"), 768: (None, "vec768l12")}
"""Content encoders by the width of their features; None if the config names none."""
UNSUPPORTED = (
    ("dec.snakes.", Message("it has the decoder “nsf-snake-hifigan”")),
    ("depth_conv", Message("it is of the “tiny” kind")),
    ("flow.wn", Message("it is of the “tiny” kind, whose flow shares its layers")),
)
TRANSFORMER_FLOW = re.compile(r"flow\.flows\.\d+\.(pre_transformer|.*attn_layers)\b")


@dataclass(frozen=True)
class SoVitsConfig:
    """Values that only the config has."""

    sample_rate: int
    hop: int
    upsample_rates: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    speakers: Mapping[str, int]
    encoder: str | None = None
    istft_size: int = 16
    istft_hop: int = 4


@dataclass(frozen=True)
class SoVitsShape:
    """Sizes of the network, inferred from its tensors."""

    content_width: int
    width: int
    inner_width: int
    filter_width: int
    heads: int
    layers: int
    kernel: int
    speaker_width: int
    speakers: int
    generator: "GeneratorShape"
    decoder: DecoderKind = "hifi-gan"
    has_pitch_decoder: bool = True
    has_loudness_embedding: bool = False
    subbands: int = 4
    istft_size: int = 16
    istft_hop: int = 4

    @property
    def generation(self) -> str:
        """For display: the program that probably trained it."""
        if self.decoder != "hifi-gan":
            return f"so-vits-svc-fork, {self.decoder}"
        if self.speaker_width != 256 or self.has_loudness_embedding or not self.has_pitch_decoder:
            return f"so-vits-svc 4.1, {self.content_width} features"
        return "so-vits-svc 4.0" if self.content_width == 256 else "so-vits-svc-fork 4.0v1"


def read_config(path: Path) -> SoVitsConfig:
    """The config beside a checkpoint; raises `UserError` if it is invalid."""
    try:
        if path.stat().st_size > LARGEST_CONFIG_BYTES:
            raise UserError("“{file}” is too large to be a config.", file=path.name)
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(
            "There is no config “{file}”. It lies beside the checkpoint, as config.json.", file=path.name
        ) from None
    except (ValueError, RecursionError) as error:
        raise UserError("“{file}” is not a config: it can't be read as JSON.", file=path.name) from error
    try:
        return _parse_config(values)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(
            "“{file}” is not a so-vits config that makes sense ({reason:.80}).", file=path.name, reason=str(error)
        ) from error


def _parse_config(values: dict[str, Any]) -> SoVitsConfig:
    data, model = values["data"], values["model"]
    rates = _read_integers("upsample_rates", model["upsample_rates"], 2, 32)
    dilations = model["resblock_dilation_sizes"]
    if not isinstance(dilations, list) or not 1 <= len(dilations) <= 8:
        raise ValueError("resblock_dilation_sizes")
    encoder = model.get("speech_encoder") or data.get("speech_encoder")
    return SoVitsConfig(
        sample_rate=_read_integer("sampling_rate", data["sampling_rate"], LOWEST_SAMPLE_RATE, HIGHEST_SAMPLE_RATE),
        hop=_read_integer("hop_length", data["hop_length"], 16, 4096),
        upsample_rates=rates,
        dilations=tuple(_read_integers("resblock_dilation_sizes", row, 1, 64) for row in dilations),
        speakers=_read_speakers(values["spk"]),
        encoder=None if encoder is None else str(encoder)[:40],
        istft_size=_read_integer("gen_istft_n_fft", model.get("gen_istft_n_fft", 16), 4, 512),
        istft_hop=_read_integer("gen_istft_hop_size", model.get("gen_istft_hop_size", 4), 1, 128),
    )


def _read_speakers(given: Any) -> dict[str, int]:
    if not isinstance(given, dict) or not 1 <= len(given) <= MOST_SPEAKERS:
        raise ValueError("spk names no singers")
    for name in given:
        if not name.strip() or len(name) > LONGEST_SPEAKER or not name.isprintable():
            raise ValueError("spk has a name that is none")
    found = {name: _read_integer(f"spk {name}", number, 0, MOST_SPEAKERS) for name, number in given.items()}
    if len(set(found.values())) < len(found):
        raise ValueError("spk gives two singers the same number")
    return found


def _read_integer(name: str, value: Any, lowest: int, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise ValueError(f"{name} is {value!r:.20}")
    return value


def _read_integers(name: str, values: Any, lowest: int, highest: int) -> tuple[int, ...]:
    if not isinstance(values, list) or not 1 <= len(values) <= 8:
        raise ValueError(name)
    return tuple(_read_integer(name, value, lowest, highest) for value in values)


def infer_shape(tensors: Mapping[str, "Tensor"], config: SoVitsConfig, source: str) -> SoVitsShape:
    """The shape of the network with these weights, weight norm folded in; raises `UserError` if it is not supported."""
    for part, reason in UNSUPPORTED:
        if any(part in name for name in tensors):
            raise UserError(
                "“{source}” can't be used: {reason}, which is not supported here.", source=source, reason=reason
            )
    if any(TRANSFORMER_FLOW.match(name) for name in tensors):
        raise UserError(
            "“{source}” can't be used: it has a transformer flow, which is not supported here.", source=source
        )
    try:
        shape = _infer_shape(tensors, config)
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise UserError(
            "“{source}” is not the generator of a so-vits voice ({reason:.60}). Its name usually begins with G_.",
            source=source,
            reason=str(error),
        ) from error
    if config.encoder not in KNOWN_ENCODERS.get(shape.content_width, ()):
        raise UserError(
            "“{source}” can't be used: it hears through “{encoder}”. Voices that hear through vec256l9 or vec768l12 "
            "can.",
            source=source,
            encoder=config.encoder or shape.content_width,
        )
    if shape.generator.hop * _istft_factor(shape) != config.hop:
        raise UserError(
            "The config does not fit “{source}”: its upsample_rates don't make its hop_length.", source=source
        )
    if bad := [name for name, number in config.speakers.items() if number >= shape.speakers]:
        raise UserError(
            "The config does not fit “{source}”: it has {singers} singers, and not “{singer}”.",
            source=source,
            singers=shape.speakers,
            singer=bad[0],
        )
    return shape


def check_encoder(config: SoVitsConfig, source: str) -> None:
    """Raise `UserError` for other content encoders; needs only the config, so before the download."""
    if not any(config.encoder in encoders for encoders in KNOWN_ENCODERS.values()):
        raise UserError(
            "The voice of “{source}” can't be used: it hears through “{encoder}”. Voices that hear through vec256l9 "
            "or vec768l12 can.",
            source=source,
            encoder=str(config.encoder),
        )


def _istft_factor(shape: SoVitsShape) -> int:
    if shape.decoder == "hifi-gan":
        return 1
    return shape.istft_hop * (1 if shape.decoder == "istft" else shape.subbands)


def _infer_shape(tensors: Mapping[str, "Tensor"], config: SoVitsConfig) -> SoVitsShape:
    def size(name: str, axis: int) -> int:
        return int(tensors[name].shape[axis])

    width, content_width = size("pre.weight", 0), size("pre.weight", 1)
    decoder = _infer_decoder_kind(tensors)
    subbands = size("dec.multistream_conv_post.weight", 1) if decoder == "ms-istft" else 4
    return SoVitsShape(
        content_width=content_width,
        width=width,
        inner_width=size("enc_p.proj.weight", 0) // 2,
        filter_width=size("enc_p.enc_.ffn_layers.0.conv_1.weight", 0),
        heads=width // size("enc_p.enc_.attn_layers.0.emb_rel_k", 2),
        layers=_count_layers(tensors, r"enc_p\.enc_\.ffn_layers\.(\d+)\."),
        kernel=size("enc_p.enc_.ffn_layers.0.conv_1.weight", 2),
        speaker_width=size("emb_g.weight", 1),
        speakers=size("emb_g.weight", 0),
        generator=_infer_generator_shape(tensors, config, decoder),
        decoder=decoder,
        has_pitch_decoder=any(name.startswith("f0_decoder.") for name in tensors),
        has_loudness_embedding="emb_vol.weight" in tensors,
        subbands=subbands,
        istft_size=config.istft_size,
        istft_hop=config.istft_hop,
    )


def _infer_generator_shape(
    tensors: Mapping[str, "Tensor"], config: SoVitsConfig, decoder: DecoderKind
) -> "GeneratorShape":
    ups = _count_layers(tensors, r"dec\.ups\.(\d+)\.")
    blocks = _count_layers(tensors, r"dec\.resblocks\.(\d+)\.") // ups
    has_type1_blocks = "dec.resblocks.0.convs1.0.weight" in tensors
    conv = "convs1" if has_type1_blocks else "convs"
    kernels = tuple(int(tensors[f"dec.resblocks.{at}.{conv}.0.weight"].shape[2]) for at in range(blocks))
    dilated = _count_layers(tensors, rf"dec\.resblocks\.0\.{conv}\.(\d+)\.")
    if (
        len(config.upsample_rates) != ups
        or len(config.dilations) != blocks
        or any(len(d) != dilated for d in config.dilations)
    ):
        raise ValueError("the config has another number of layers")
    from vc_core.models.nsf_hifigan import GeneratorShape  # it imports torch

    return GeneratorShape(
        inputs=int(tensors["dec.conv_pre.weight"].shape[1]),
        channels=int(tensors["dec.conv_pre.weight"].shape[0]),
        upsample_rates=config.upsample_rates,
        upsample_kernels=tuple(int(tensors[f"dec.ups.{at}.weight"].shape[2]) for at in range(ups)),
        block_kernels=kernels,
        block_dilations=config.dilations,
        has_type1_blocks=has_type1_blocks,
        speaker_width=int(tensors["emb_g.weight"].shape[1]) if decoder == "hifi-gan" else 0,
    )


def _infer_decoder_kind(tensors: Mapping[str, "Tensor"]) -> DecoderKind:
    if "dec.m_source.l_linear.weight" in tensors:
        return "hifi-gan"
    if "dec.multistream_conv_post.weight" in tensors:
        return "ms-istft"
    return "mb-istft" if "dec.subband_conv_post.weight" in tensors else "istft"


def _count_layers(tensors: Mapping[str, "Tensor"], pattern: str) -> int:
    found = {int(match[1]) for name in tensors if (match := re.match(pattern, name))}
    if found != set(range(len(found))) or not found:
        raise ValueError(f"no layers {pattern.split('(')[0]}")
    return len(found)
