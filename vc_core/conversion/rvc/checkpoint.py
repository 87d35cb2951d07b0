"""Read untrusted RVC checkpoints as data: exported voices, training checkpoints, Applio's variants, safetensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from vc_core.checkpoints.weights import load_tensors
from vc_core.conversion.rvc.shape import (
    BLOCK_DILATIONS,
    BLOCK_KERNELS,
    DecoderLayout,
    RvcModel,
    Stated,
    check_vocoder,
    infer_model,
)
from vc_core.errors import UserError
from vc_core.models.weight_norm import fold_weight_norm
from vc_core.voices.content_vec import CONTENT_LAYERS

ONLY_TRAINING = "enc_q."
RENAMED = {
    ".parametrizations.weight.original0": ".weight_g",
    ".parametrizations.weight.original1": ".weight_v",
}
"""Names of weight norm since torch 2.0."""
KNOWN_EMBEDDERS = ("contentvec", "hubert_base", "hubert-base", "hubert")
"""All are names of ContentVec."""
STATED_TEXTS = ("vocoder", "embedder_model", "embedder_name")
SAMPLE_RATES = {"24k": 24_000, "32k": 32_000, "40k": 40_000, "48k": 48_000}
CONFIG_ITEMS = 18


@dataclass(frozen=True, eq=False)
class RvcCheckpoint:
    tensors: dict[str, Tensor]
    """By the checkpoint's names, weight norm not folded."""
    source: str
    stated: Stated
    training: str
    """What it says about its training, such as “200epoch”."""

    @cached_property
    def folded(self) -> dict[str, Tensor]:
        return fold_weight_norm(self.tensors)

    @cached_property
    def model(self) -> RvcModel:
        return infer_model(self.folded, self.source, self.stated)


def read_checkpoint(path: Path) -> RvcCheckpoint:
    """Raises `UserError` for everything that is not a supported RVC voice, without building its network."""
    loaded = load_tensors(path)
    _check_kind(loaded, path.name)
    layers = next((loaded[key] for key in ("weight", "model") if isinstance(loaded.get(key), dict)), loaded)
    tensors = _select_tensors(layers, path.name)
    check_vocoder(tensors, path.name)
    config = loaded.get("config")
    _check_stated_kind(loaded, tensors, path.name)
    rate = loaded.get("sr")
    stated = Stated(
        None if config is None else _read_layout(config, path.name),
        None if rate is None else _read_sample_rate(rate, path.name),
    )
    return RvcCheckpoint(tensors, path.name, stated, _describe_training(loaded))


def _check_kind(loaded: Mapping[str, Any], source: str) -> None:
    """Refuse the files that lie beside a voice's, by their name."""
    layers = loaded["model"] if isinstance(loaded.get("model"), dict) else loaded
    names = [str(name) for name in layers]
    if any(name.startswith("discriminators.") for name in names):
        raise UserError(
            "“{source}” is a discriminator, which only training needs. The voice's name begins with G_, or is its own.",
            source=source,
        )
    if "combd" in loaded or "sbd" in loaded or "generator" in loaded:
        raise UserError("“{source}” is of a vocoder, not of a voice.", source=source)
    if "pre.weight" in layers and any(name.startswith("enc_p.enc_.") for name in names):
        raise UserError(
            "“{source}” is of so-vits-svc, and its config.json is missing. Import both together.", source=source
        )


def _select_tensors(layers: Mapping[Any, Any], source: str) -> dict[str, Tensor]:
    tensors = {}
    for name, value in layers.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise UserError("“{source}” is no RVC voice: it holds more than weights, or none.", source=source)
        for old, new in RENAMED.items():
            name = name.removesuffix(old) + new if name.endswith(old) else name
        if not name.startswith(ONLY_TRAINING):
            tensors[name] = value
    return tensors


def _check_stated_kind(loaded: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str) -> None:
    """Refuse what the tensors don't show: other embedders, and layers of them."""
    layer = loaded.get("embedder_output_layer")  # of ddPn08's web UI
    texts = [loaded.get(name) or "" for name in STATED_TEXTS if not isinstance(loaded.get(name), Tensor)]
    if not all(isinstance(text, str) for text in texts) or len(texts) < len(STATED_TEXTS) or isinstance(layer, Tensor):
        raise UserError("“{source}” has no config that makes sense.", source=source)
    vocoder, *embedders = texts
    vocoder = vocoder or "HiFi-GAN"
    if vocoder != "HiFi-GAN":
        raise UserError(
            "“{source}” can't be used: it has the vocoder “{vocoder}”. Voices with HiFi-GAN can.",
            source=source,
            vocoder=vocoder[:40],
        )
    embedder = next(filter(None, embedders), KNOWN_EMBEDDERS[0])
    content = tensors.get("enc_p.emb_phone.weight")
    expected = None if content is None or content.ndim != 2 else CONTENT_LAYERS.get(content.shape[1])
    if embedder.removesuffix("768") not in KNOWN_EMBEDDERS or layer not in (None, expected):
        raise UserError(
            "“{source}” can't be used: its encoder is “{encoder}”. Voices with ContentVec can.",
            source=source,
            encoder=embedder[:40],
        )


def _read_layout(config: Any, source: str) -> DecoderLayout:
    """The decoder in the config's 18 values, of which only these matter; 19 in files of ddPn08's web UI."""
    is_list = isinstance(config, list | tuple) and len(config) in (CONFIG_ITEMS, CONFIG_ITEMS + 1)
    if not is_list or not all(_is_integers(values) for values in (config[12], config[14])):
        raise UserError("“{source}” has no config that makes sense.", source=source)
    kernels, dilations = str(list(BLOCK_KERNELS)), str([list(row) for row in BLOCK_DILATIONS])
    if (str(config[9]), _write_list(config[10]), _write_list(config[11])) != ("1", kernels, dilations):
        raise UserError("“{source}” has a decoder with other residual blocks than RVC's.", source=source)
    return DecoderLayout(_read_sample_rate(config[-1], source), tuple(config[12]), tuple(config[14]))


def _write_list(value: Any) -> str:
    """Lists and tuples alike."""
    return f"{value!s:.200}".replace("(", "[").replace(")", "]").replace(",]", "]")


def _is_integers(values: Any) -> bool:
    return isinstance(values, list | tuple) and 1 <= len(values) <= 8 and all(type(value) is int for value in values)


def _read_sample_rate(value: Any, source: str) -> int:
    rate = SAMPLE_RATES.get(value) if isinstance(value, str) else value
    if type(rate) is not int or rate not in SAMPLE_RATES.values():
        raise UserError(
            "“{source}” has a sample rate that RVC doesn't have: {rate}.", source=source, rate=f"{value!s:.20}"
        )
    return rate


def _describe_training(loaded: Mapping[str, Any]) -> str:
    for key, unit in (("info", ""), ("epoch", "epoch"), ("iteration", "epoch")):
        value = loaded.get(key)
        if isinstance(value, str | int) and str(value).isprintable():
            return f"{str(value).removesuffix(unit):.40}{unit}"
    return ""
