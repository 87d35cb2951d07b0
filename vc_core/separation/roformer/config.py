"""Read the yaml config that belongs to a RoFormer checkpoint, as data: Python tuples, and no other Python objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from vc_core.errors import UserError
from vc_core.models.roformer.shape import Stft

LARGEST_CONFIG_BYTES = 100_000
TUPLE_TAG = "tag:yaml.org,2002:python/tuple"
DEFAULT_OVERLAP, LARGEST_OVERLAP = 2, 16
SAMPLE_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
LARGEST_FFT, LONGEST_SECONDS, SHORTEST_HOPS = 16_384, 60, 8
MOST_INSTRUMENTS, MOST_BANDS = 16, 1024
USUAL_STFT = Stft()
UNSUPPORTED = ("use_pope", "use_hyperace", "use_shared_bias", "freq_range")
"""Settings of variants with other networks."""


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases")  # a small file with them can describe a huge value
        return super().compose_node(parent, index)


def _make_tuple(loader: _Loader, node: yaml.SequenceNode) -> tuple[Any, ...]:
    return tuple(loader.construct_sequence(node))


_Loader.add_constructor(TUPLE_TAG, _make_tuple)


@dataclass(frozen=True)
class RoformerConfig:
    """What the weights don't show, and what the config states about them."""

    instruments: tuple[str, ...]
    """In the order of the mask estimators."""
    target: str = ""
    """The only one that is estimated, if it is only one; the other instrument is the residual."""
    sample_rate: int = 44_100
    stft: Stft = USUAL_STFT
    chunk_samples: int = 352_800
    overlap: int = DEFAULT_OVERLAP
    """Windows over each sample."""
    skips: bool = False
    stated: Mapping[str, Any] = field(default_factory=dict)
    """Sizes of the network, by their names in the config."""

    @property
    def estimated(self) -> tuple[str, ...]:
        return (self.target,) if self.target else self.instruments


def read_config(path: Path) -> RoformerConfig:
    """Raises `UserError` for everything that is not the config of a RoFormer."""
    if path.stat().st_size > LARGEST_CONFIG_BYTES:
        raise UserError("“{file}” is too large to be a config.", file=path.name)
    try:
        loaded = yaml.load(path.read_bytes(), _Loader)
    except yaml.constructor.ConstructorError as error:
        raise UserError(
            "“{file}” was refused: it names Python objects, which could run code. Only tuples are read.", file=path.name
        ) from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError) as error:
        raise UserError("“{file}” is not a yaml file that can be read.", file=path.name) from error
    try:
        return _parse(loaded)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            "“{file}” is not the config of a RoFormer ({reason:.80}).", file=path.name, reason=str(error)
        ) from error


def _parse(loaded: Any) -> RoformerConfig:
    if not isinstance(loaded, dict):
        raise ValueError("it has no settings")
    model, training, audio, inference = (_section(loaded, name) for name in ("model", "training", "audio", "inference"))
    if not model:
        raise ValueError("it has no model")
    for name in UNSUPPORTED:
        if model.get(name):
            raise ValueError(f"{name} is another kind of network")
    sample_rate = _integer(model if "sample_rate" in model else audio, "sample_rate", 44_100, 1, 96_000)
    if sample_rate not in SAMPLE_RATES:
        raise ValueError(f"a sample rate of {sample_rate} Hz")
    stft = _read_stft(model)
    shortest, longest = SHORTEST_HOPS * stft.hop_samples + stft.fft_size, LONGEST_SECONDS * sample_rate
    chunks = inference if "chunk_size" in inference else audio
    return RoformerConfig(
        instruments=_read_instruments(training),
        target=_text(training.get("target_instrument") or ""),
        sample_rate=sample_rate,
        stft=stft,
        chunk_samples=_integer(chunks, "chunk_size", 8 * sample_rate, shortest, longest),
        overlap=_integer(inference, "num_overlap", DEFAULT_OVERLAP, 1, LARGEST_OVERLAP),
        skips=_switch(model, "skip_connection", False),
        stated=_read_stated(model),
    )


def _section(loaded: dict[Any, Any], name: str) -> dict[Any, Any]:
    section = loaded.get(name) or {}
    if not isinstance(section, dict):
        raise ValueError(f"{name} is no section")
    return section


def _read_stft(model: Mapping[str, Any]) -> Stft:
    fft_size = _integer(model, "stft_n_fft", 2048, 64, LARGEST_FFT)
    window = _integer(model, "stft_win_length", min(2048, fft_size), 32, fft_size)
    return Stft(
        fft_size=fft_size,
        window_samples=window,
        hop_samples=_integer(model, "stft_hop_length", 512, 16, window // 2),
        normalised=_switch(model, "stft_normalized", False),
        zero_dc=_switch(model, "zero_dc", True),
    )


def _read_instruments(training: Mapping[str, Any]) -> tuple[str, ...]:
    instruments = training.get("instruments")
    if not isinstance(instruments, list | tuple) or not 1 <= len(instruments) <= MOST_INSTRUMENTS:
        raise ValueError("it names no instruments")
    return tuple(map(_text, instruments))


def _read_stated(model: Mapping[str, Any]) -> dict[str, Any]:
    """Whole numbers, switches, and the bands."""
    stated: dict[str, Any] = {name: value for name, value in model.items() if isinstance(value, int)}
    bands = model.get("freqs_per_bands")
    if bands is not None:
        if not isinstance(bands, list | tuple) or len(bands) > MOST_BANDS or not all(type(one) is int for one in bands):
            raise ValueError("freqs_per_bands is no list of numbers")
        stated["freqs_per_bands"] = tuple(bands)
    return stated


def _integer(section: Mapping[str, Any], name: str, default: int, lowest: int, highest: int) -> int:
    value = section.get(name)
    value = default if value is None else value
    if type(value) is not int or not lowest <= value <= highest:
        raise ValueError(f"{name} is {value!s:.20}")
    return value


def _switch(section: Mapping[str, Any], name: str, default: bool) -> bool:
    value = section.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {value!s:.20}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 <= len(value) <= 40 or not value.isprintable():
        raise ValueError(f"an instrument {value!s:.20}")
    return value
