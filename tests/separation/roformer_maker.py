"""Tiny RoFormers with seeded weights in the published format: a checkpoint with its names, and its yaml."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from vc_core.models.roformer.mel_bands import make_mel_bands

BS_BANDS = (*[2] * 24, *[4] * 12, *[12] * 8, *[24] * 8, *[48] * 8, 128, 129)
"""The usual ones."""


@dataclass(frozen=True)
class Kind:
    family: str = "mel"
    """`mel` or `bs`."""
    instruments: tuple[str, ...] = ("vocals", "other")
    target: str | None = "vocals"
    channels: int = 2
    width: int = 16
    depth: int = 2
    heads: int = 2
    head_width: int = 8
    time_layers: int = 1
    frequency_layers: int = 1
    linear_layers: int = 0
    mask_depth: int = 2
    expansion: int = 2
    bands: int = 60
    """Of the mel family; a list of another length is made for `bs` unless it is 62."""
    fft_size: int = 2048
    hop: int = 441
    chunk: int = 44_100
    overlap: int = 2
    skips: bool = False
    half: bool = False
    seed: int = 0

    @property
    def stems(self) -> int:
        return 1 if self.target else len(self.instruments)

    @property
    def bins_of_bands(self) -> tuple[int, ...]:
        if self.family == "mel":
            return tuple(stop - start for start, stop in make_mel_bands(self.bands, 44_100, self.fft_size))
        if self.fft_size == 2048:
            return BS_BANDS
        return (*[8] * 8, self.fft_size // 2 + 1 - 64)

    @property
    def mask_layers(self) -> int:
        return self.mask_depth + (self.family == "mel")


MEL = Kind()
MEL_MANY = replace(
    MEL, instruments=("drums", "bass", "other", "vocals"), target=None, time_layers=2, mask_depth=1, hop=512, bands=48
)
BS = Kind("bs", hop=512)
BS_MANY = replace(BS, instruments=("bass", "drums", "other", "vocals", "guitar", "piano"), target=None, depth=3)
BS_MANY = replace(BS_MANY, frequency_layers=2, mask_depth=3, fft_size=1024, hop=256, seed=1)
VOCAL_STEP_MODELS = {
    "lead": replace(MEL, instruments=("karaoke", "other"), target="karaoke"),
    "dereverb": replace(MEL, instruments=("noreverb", "reverb"), target="noreverb"),
    "denoise": replace(MEL, instruments=("dry", "other"), target="dry"),
}


def make_tensors(kind: Kind) -> dict[str, torch.Tensor]:
    """By the published names."""
    draw = torch.Generator().manual_seed(kind.seed)
    tensors: dict[str, torch.Tensor] = {}

    def linear(name: str, inputs: int, outputs: int, *, bias: bool = True) -> None:
        tensors[f"{name}.weight"] = torch.randn(outputs, inputs, generator=draw) * 1.5 / inputs**0.5
        if bias:
            tensors[f"{name}.bias"] = torch.randn(outputs, generator=draw) * 0.3

    def norm(name: str, width: int) -> None:
        tensors[f"{name}.gamma"] = 1 + 0.2 * torch.randn(width, generator=draw)

    def transformer(name: str, layers: int, *, is_linear: bool = False) -> None:
        inner = kind.heads * kind.head_width
        for at in range(layers):
            attention, forward = f"{name}.layers.{at}.0", f"{name}.layers.{at}.1.net"
            norm(f"{attention}.norm", kind.width)
            if is_linear:
                tensors[f"{attention}.temperature"] = 0.3 * torch.randn(kind.heads, 1, 1, generator=draw)
                linear(f"{attention}.to_qkv.0", kind.width, 3 * inner, bias=False)
                linear(f"{attention}.to_out.1", inner, kind.width, bias=False)
            else:
                rotary = 10_000.0 ** (-torch.arange(0, kind.head_width, 2) / kind.head_width)
                tensors[f"{attention}.rotary_embed.freqs"] = rotary
                linear(f"{attention}.to_qkv", kind.width, 3 * inner, bias=False)
                linear(f"{attention}.to_gates", kind.width, kind.heads)
                linear(f"{attention}.to_out.0", inner, kind.width, bias=False)
            norm(f"{forward}.0", kind.width)
            linear(f"{forward}.1", kind.width, 4 * kind.width)
            linear(f"{forward}.4", 4 * kind.width, kind.width)
        if kind.family == "mel":
            norm(f"{name}.norm", kind.width)

    widths = [2 * kind.channels * bins for bins in kind.bins_of_bands]
    for block in range(kind.depth):
        layers = [kind.time_layers, kind.frequency_layers]
        if kind.linear_layers:
            layers.insert(0, kind.linear_layers)
        for axis, count in enumerate(layers):
            is_linear = bool(kind.linear_layers) and axis == 0
            transformer(f"layers.{block}.{axis}", count, is_linear=is_linear)
    if kind.family == "bs":
        norm("final_norm", kind.width)
    for band, width in enumerate(widths):
        norm(f"band_split.to_features.{band}.0", width)
        linear(f"band_split.to_features.{band}.1", width, kind.width)
    for stem in range(kind.stems):
        for band, width in enumerate(widths):
            inner = kind.width * kind.expansion
            sizes = [kind.width, *[inner] * (kind.mask_layers - 1), 2 * width]
            for at, (inputs, outputs) in enumerate(zip(sizes, sizes[1:], strict=False)):
                linear(f"mask_estimators.{stem}.to_freqs.{band}.0.{2 * at}", inputs, outputs)
    return {name: value.half() for name, value in tensors.items()} if kind.half else tensors


def make_config(kind: Kind) -> dict[str, Any]:
    model: dict[str, Any] = {
        "dim": kind.width, "depth": kind.depth, "stereo": kind.channels == 2, "num_stems": kind.stems,
        "time_transformer_depth": kind.time_layers, "freq_transformer_depth": kind.frequency_layers,
        "linear_transformer_depth": kind.linear_layers, "dim_head": kind.head_width, "heads": kind.heads,
        "attn_dropout": 0, "ff_dropout": 0.1, "flash_attn": False, "dim_freqs_in": kind.fft_size // 2 + 1,
        "stft_n_fft": kind.fft_size, "stft_hop_length": kind.hop, "stft_win_length": kind.fft_size,
        "stft_normalized": False, "mask_estimator_depth": kind.mask_depth, "mlp_expansion_factor": kind.expansion,
        "zero_dc": False, "skip_connection": kind.skips,
        "multi_stft_resolutions_window_sizes": (4096, 2048, 1024, 512, 256),
    }  # fmt: skip
    model |= {"num_bands": kind.bands, "sample_rate": 44_100} if kind.family == "mel" else {}
    if kind.family == "bs":
        model["freqs_per_bands"] = kind.bins_of_bands
    return {
        "audio": {"chunk_size": kind.chunk, "hop_length": 1024, "sample_rate": 44_100},
        "model": model,
        "training": {"instruments": list(kind.instruments), "target_instrument": kind.target, "lr": "5e-05"},
        "inference": {"batch_size": 2, "num_overlap": kind.overlap},
    }


def write_model(folder: Path, kind: Kind = MEL, name: str = "tiny", *, nested: str = "") -> Path:
    """Writes `name.ckpt` and `name.yaml`, and returns the former."""
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    tensors = make_tensors(kind)
    torch.save({nested: tensors, "epoch": 3} if nested else tensors, folder / f"{name}.ckpt")
    # With its tuples, as training programs write it.
    (folder / f"{name}.yaml").write_text(yaml.dump(make_config(kind)))
    return folder / f"{name}.ckpt"
