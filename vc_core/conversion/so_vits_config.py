"""What a so-vits checkpoint is: its sizes from its tensors, the rest from its config, and all of it checked.

Of four generations of programs that write these files none says which it was, and a config that doesn't fit
used to be run with random layers. So what tensors can tell is never asked of the config.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vc_core.audio import HIGHEST_RATE, LOWEST_RATE
from vc_core.errors import UserError
from vc_core.models.nsf_hifigan import GeneratorShape

if TYPE_CHECKING:
    from torch import Tensor

DecoderKind = Literal["hifi-gan", "istft", "ms-istft", "mb-istft"]
LARGEST_CONFIG_BYTES = 1_000_000
MOST_SPEAKERS, LONGEST_SPEAKER = 1000, 100
KNOWN_ENCODERS = {256: (None, "vec256l9"), 768: (None, "vec768l12")}
"""What may have heard for the voice, by the width of what was heard."""
REFUSED = (
    ("dec.snakes.", "it has the decoder “nsf-snake-hifigan”"),
    ("depth_conv", "it is of the “tiny” kind"),
    ("flow.wn", "it is of the “tiny” kind, whose flow shares its layers"),
)
TRANSFORMER_FLOW = re.compile(r"flow\.flows\.\d+\.(pre_transformer|.*attn_layers)\b")


@dataclass(frozen=True)
class SoVitsConfig:
    """What the config alone knows."""

    sample_rate: int
    hop: int
    rates: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    speakers: Mapping[str, int]
    encoder: str | None = None
    istft_size: int = 16
    istft_hop: int = 4


@dataclass(frozen=True)
class SoVitsShape:
    """The sizes of a network."""

    heard_width: int
    width: int
    inner_width: int
    filter_width: int
    heads: int
    layers: int
    kernel: int
    speaker_width: int
    speakers: int
    generator: GeneratorShape
    decoder: DecoderKind = "hifi-gan"
    has_pitch_decoder: bool = True
    hears_loudness: bool = False
    subbands: int = 4
    istft_size: int = 16
    istft_hop: int = 4

    @property
    def generation(self) -> str:
        """For people: which program may have trained it."""
        if self.decoder != "hifi-gan":
            return f"so-vits-svc-fork, {self.decoder}"
        if self.speaker_width != 256 or self.hears_loudness or not self.has_pitch_decoder:
            return f"so-vits-svc 4.1, {self.heard_width} features"
        return "so-vits-svc 4.0" if self.heard_width == 256 else "so-vits-svc-fork 4.0v1"


def read_config(path: Path) -> SoVitsConfig:
    """The config beside a checkpoint; `UserError` says what of it makes no sense."""
    try:
        if path.stat().st_size > LARGEST_CONFIG_BYTES:
            raise UserError(f"“{path.name}” is too large to be a config.")
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"There is no config “{path.name}”. It lies beside the checkpoint, as config.json.") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"“{path.name}” is not a config: it can't be read as JSON.") from error
    try:
        return _config_of(values)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"“{path.name}” is not a so-vits config that makes sense ({error!s:.80}).") from error


def _config_of(values: dict[str, Any]) -> SoVitsConfig:
    data, model = values["data"], values["model"]
    rates = _numbers("upsample_rates", model["upsample_rates"], 2, 32)
    dilations = model["resblock_dilation_sizes"]
    if not isinstance(dilations, list) or not 1 <= len(dilations) <= 8:
        raise ValueError("resblock_dilation_sizes")
    encoder = model.get("speech_encoder") or data.get("speech_encoder")
    return SoVitsConfig(
        sample_rate=_number("sampling_rate", data["sampling_rate"], LOWEST_RATE, HIGHEST_RATE),
        hop=_number("hop_length", data["hop_length"], 16, 4096),
        rates=rates,
        dilations=tuple(_numbers("resblock_dilation_sizes", row, 1, 64) for row in dilations),
        speakers=_speakers(values["spk"]),
        encoder=None if encoder is None else str(encoder)[:40],
        istft_size=_number("gen_istft_n_fft", model.get("gen_istft_n_fft", 16), 4, 512),
        istft_hop=_number("gen_istft_hop_size", model.get("gen_istft_hop_size", 4), 1, 128),
    )


def _speakers(given: Any) -> dict[str, int]:
    if not isinstance(given, dict) or not 1 <= len(given) <= MOST_SPEAKERS:
        raise ValueError("spk names no singers")
    for name in given:
        if not name.strip() or len(name) > LONGEST_SPEAKER or not name.isprintable():
            raise ValueError("spk has a name that is none")
    found = {name: _number(f"spk {name}", number, 0, MOST_SPEAKERS) for name, number in given.items()}
    if len(set(found.values())) < len(found):
        raise ValueError("spk gives two singers the same number")
    return found


def _number(name: str, value: Any, lowest: int, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise ValueError(f"{name} is {value!r:.20}")
    return value


def _numbers(name: str, values: Any, lowest: int, highest: int) -> tuple[int, ...]:
    if not isinstance(values, list) or not 1 <= len(values) <= 8:
        raise ValueError(name)
    return tuple(_number(name, value, lowest, highest) for value in values)


def shape_of(tensors: Mapping[str, "Tensor"], config: SoVitsConfig, source: str) -> SoVitsShape:
    """The sizes of the network that these weights are of, their norms folded in; `UserError` if none of ours."""
    for part, reason in REFUSED:
        if any(part in name for name in tensors):
            raise UserError(f"“{source}” can't be used: {reason}, which is not supported here.")
    if any(TRANSFORMER_FLOW.match(name) for name in tensors):
        raise UserError(f"“{source}” can't be used: it has a transformer flow, which is not supported here.")
    try:
        shape = _shape_of(tensors, config)
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise UserError(
            f"“{source}” is not the generator of a so-vits voice ({error!s:.60}). Its name usually begins with G_."
        ) from error
    if config.encoder not in KNOWN_ENCODERS.get(shape.heard_width, ()):
        raise UserError(
            f"“{source}” can't be used: it hears through “{config.encoder or shape.heard_width}”. "
            "Voices that hear through vec256l9 or vec768l12 can."
        )
    if shape.generator.hop * _istft_factor(shape) != config.hop:
        raise UserError(f"The config does not fit “{source}”: its upsample_rates don't make its hop_length.")
    if bad := [name for name, number in config.speakers.items() if number >= shape.speakers]:
        raise UserError(f"The config does not fit “{source}”: it has {shape.speakers} singers, and not “{bad[0]}”.")
    return shape


def check_encoder(config: SoVitsConfig, source: str) -> None:
    """What hears otherwise is known from its config alone, so that it need not be downloaded first."""
    if not any(config.encoder in encoders for encoders in KNOWN_ENCODERS.values()):
        raise UserError(
            f"The voice of “{source}” can't be used: it hears through “{config.encoder}”. "
            "Voices that hear through vec256l9 or vec768l12 can."
        )


def _istft_factor(shape: SoVitsShape) -> int:
    if shape.decoder == "hifi-gan":
        return 1
    return shape.istft_hop * (1 if shape.decoder == "istft" else shape.subbands)


def _shape_of(tensors: Mapping[str, "Tensor"], config: SoVitsConfig) -> SoVitsShape:
    def size(name: str, axis: int) -> int:
        return int(tensors[name].shape[axis])

    width, heard_width = size("pre.weight", 0), size("pre.weight", 1)
    decoder = _decoder_kind(tensors)
    subbands = size("dec.multistream_conv_post.weight", 1) if decoder == "ms-istft" else 4
    return SoVitsShape(
        heard_width=heard_width,
        width=width,
        inner_width=size("enc_p.proj.weight", 0) // 2,
        filter_width=size("enc_p.enc_.ffn_layers.0.conv_1.weight", 0),
        heads=width // size("enc_p.enc_.attn_layers.0.emb_rel_k", 2),
        layers=_count(tensors, r"enc_p\.enc_\.ffn_layers\.(\d+)\."),
        kernel=size("enc_p.enc_.ffn_layers.0.conv_1.weight", 2),
        speaker_width=size("emb_g.weight", 1),
        speakers=size("emb_g.weight", 0),
        generator=_generator_shape(tensors, config, decoder),
        decoder=decoder,
        has_pitch_decoder=any(name.startswith("f0_decoder.") for name in tensors),
        hears_loudness="emb_vol.weight" in tensors,
        subbands=subbands,
        istft_size=config.istft_size,
        istft_hop=config.istft_hop,
    )


def _generator_shape(tensors: Mapping[str, "Tensor"], config: SoVitsConfig, decoder: DecoderKind) -> GeneratorShape:
    ups = _count(tensors, r"dec\.ups\.(\d+)\.")
    blocks = _count(tensors, r"dec\.resblocks\.(\d+)\.") // ups
    is_doubled = "dec.resblocks.0.convs1.0.weight" in tensors
    conv = "convs1" if is_doubled else "convs"
    kernels = tuple(int(tensors[f"dec.resblocks.{at}.{conv}.0.weight"].shape[2]) for at in range(blocks))
    dilated = _count(tensors, rf"dec\.resblocks\.0\.{conv}\.(\d+)\.")
    if len(config.rates) != ups or len(config.dilations) != blocks or any(len(d) != dilated for d in config.dilations):
        raise ValueError("the config has another number of layers")
    return GeneratorShape(
        inputs=int(tensors["dec.conv_pre.weight"].shape[1]),
        channels=int(tensors["dec.conv_pre.weight"].shape[0]),
        rates=config.rates,
        kernels=tuple(int(tensors[f"dec.ups.{at}.weight"].shape[2]) for at in range(ups)),
        block_kernels=kernels,
        block_dilations=config.dilations,
        is_doubled=is_doubled,
        speaker_width=int(tensors["emb_g.weight"].shape[1]) if decoder == "hifi-gan" else 0,
    )


def _decoder_kind(tensors: Mapping[str, "Tensor"]) -> DecoderKind:
    if "dec.m_source.l_linear.weight" in tensors:
        return "hifi-gan"
    if "dec.multistream_conv_post.weight" in tensors:
        return "ms-istft"
    return "mb-istft" if "dec.subband_conv_post.weight" in tensors else "istft"


def _count(tensors: Mapping[str, "Tensor"], pattern: str) -> int:
    found = {int(match[1]) for name in tensors if (match := re.match(pattern, name))}
    if found != set(range(len(found))) or not found:
        raise ValueError(f"no layers {pattern.split('(')[0]}")
    return len(found)
