"""Shallow diffusion of so-vits-svc 4.1: the mel of the decoder's output is refined, and vocoded by NSF-HiFiGAN.

It needs two networks, `model_*.pt` and NSF-HiFiGAN; both are stored in the voice's folder.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.conversion.so_vits.config import SoVitsConfig
from vc_core.errors import UserError
from vc_core.models.mel_diffusion import DiffusionShape, MelDiffusion
from vc_core.models.nsf_hifigan import Generator, GeneratorShape, expand_to_2d, use_channels_last
from vc_core.voices.diffusion_files import (
    DiffusionSettings,
    parse_diffusion_settings,
    read_values,
    read_vocoder_tensors,
    select_tensors,
)
from vc_core.voices.so_vits_files import DIFFUSION_FILE, SETTINGS_FILE, VOCODER_FILE

MEL_FLOOR = 1e-5
KEPT_BUFFERS = ("betas", "spec_min", "spec_max")


@dataclass(frozen=True, eq=False)
class ShallowDiffusion:
    network: MelDiffusion
    vocoder: Generator
    settings: DiffusionSettings
    sample_rate: int

    @property
    def mels(self) -> int:
        return self.vocoder.shape.inputs

    def compute_log_mel(self, waveform: Tensor) -> Tensor:
        """(B, samples) of whole hops to (B, mels, frames)."""
        settings, hop = self.settings, self.vocoder.shape.hop
        padding = settings.window - hop
        padded = functional.pad(waveform[:, None], (padding // 2, padding - padding // 2), mode="reflect")[:, 0]
        window = torch.hann_window(settings.window, device=waveform.device)
        spectrum = torch.stft(padded, settings.window, hop, window=window, center=False, return_complex=True)
        filters = _compute_mel_filters(self.sample_rate, settings, self.mels).to(waveform.device)
        return torch.log((filters @ spectrum.abs()).clamp_min(MEL_FLOOR))


@cache
def _compute_mel_filters(sample_rate: int, settings: DiffusionSettings, mels: int) -> Tensor:
    """Mel filterbank of shape (mels, bins)."""
    # Not at the top: librosa is slow to import, and few voices have a diffusion.
    from librosa.filters import mel

    return torch.from_numpy(
        mel(sr=sample_rate, n_fft=settings.window, n_mels=mels, fmin=settings.low_hz, fmax=settings.high_hz)
    )


def load_diffusion(folder: Path, config: SoVitsConfig, content_width: int, device: str) -> ShallowDiffusion | None:
    if not (folder / DIFFUSION_FILE).is_file():
        return None
    values = json.loads((folder / SETTINGS_FILE).read_bytes())
    settings = parse_diffusion_settings(values, values, config.sample_rate)
    tensors = load_tensors(folder / DIFFUSION_FILE), load_tensors(folder / VOCODER_FILE)
    return build_diffusion(*tensors, settings, config, content_width, device)


def build_diffusion(
    network_tensors: Mapping[str, Tensor],
    vocoder_tensors: Mapping[str, Tensor],
    settings: DiffusionSettings,
    config: SoVitsConfig,
    content_width: int,
    device: str = "cpu",
) -> ShallowDiffusion:
    """Both networks with their weights; raises `UserError` if they don't fit the voice."""
    shape = _infer_diffusion_shape(network_tensors)
    if shape.content_width != content_width:
        raise UserError(
            "The diffusion hears {found} numbers where the voice hears {needed}.",
            found=shape.content_width,
            needed=content_width,
        )
    network = MelDiffusion(shape)
    load_weights(network, network_tensors, source="the diffusion's model")
    vocoder = Generator(_infer_vocoder_shape(vocoder_tensors, settings))
    load_weights(vocoder, expand_to_2d(dict(vocoder_tensors)), source="the vocoder's model")
    if vocoder.shape.hop != config.hop or vocoder.shape.inputs != shape.mels:
        raise UserError("The vocoder does not fit the voice or the diffusion: its hop or its mels are others.")
    network.to(device).eval().requires_grad_(False)
    use_channels_last(vocoder).to(device).eval().requires_grad_(False)
    return ShallowDiffusion(network, vocoder, settings, config.sample_rate)


def read_diffusion(
    files: tuple[Path, Path, Path, Path], config: SoVitsConfig, content_width: int
) -> tuple[dict[str, Tensor], dict[str, Tensor], str]:
    """The tensors of `model_*.pt` and of the vocoder, and the settings of both, from untrusted files.

    `files` are the model, its yaml, the vocoder and its json.
    """
    model, model_config, vocoder, vocoder_config = files
    settings = parse_diffusion_settings(read_values(vocoder_config), read_values(model_config), config.sample_rate)
    loaded, folded = load_tensors(model), read_vocoder_tensors(vocoder)
    network = {
        name: value.float()
        for name, value in select_tensors(loaded.get("model", loaded), model).items()
        if name.startswith("decoder.denoise_fn.") or not name.startswith("decoder.") or name.endswith(KEPT_BUFFERS)
    }
    build_diffusion(network, folded, settings, config, content_width)
    return network, folded, settings.dump_json()


def _infer_diffusion_shape(tensors: Mapping[str, Tensor]) -> DiffusionShape:
    try:
        layers = {
            int(m[1]) for name in tensors if (m := re.match(r"decoder\.denoise_fn\.residual_layers\.(\d+)", name))
        }
        mels, channels = tensors["decoder.denoise_fn.output_projection.weight"].shape[:2]
        return DiffusionShape(
            content_width=tensors["unit_embed.weight"].shape[1],
            mels=mels,
            channels=channels,
            hidden=tensors["unit_embed.weight"].shape[0],
            layers=len(layers),
            steps=len(tensors["decoder.betas"]),
            speakers=len(tensors["spk_embed.weight"]) if "spk_embed.weight" in tensors else 0,
            has_shift="aug_shift_embed.weight" in tensors,
            range_width=tensors["decoder.spec_min"].shape[-1],
        )
    except (KeyError, IndexError, ValueError) as error:
        raise UserError(
            "This is no diffusion model of so-vits-svc 4.1 (its name usually begins with model_)."
        ) from error


def _infer_vocoder_shape(tensors: Mapping[str, Tensor], settings: DiffusionSettings) -> GeneratorShape:
    try:
        has_type1_blocks = "resblocks.0.convs1.0.weight" in tensors
        conv = "convs1" if has_type1_blocks else "convs"
        blocks = len(settings.dilations)
        return GeneratorShape(
            inputs=tensors["conv_pre.weight"].shape[1],
            channels=tensors["conv_pre.weight"].shape[0],
            upsample_rates=settings.rates,
            upsample_kernels=tuple(tensors[f"ups.{at}.weight"].shape[2] for at in range(len(settings.rates))),
            block_kernels=tuple(tensors[f"resblocks.{at}.{conv}.0.weight"].shape[2] for at in range(blocks)),
            block_dilations=settings.dilations,
            has_type1_blocks=has_type1_blocks,
        )
    except (KeyError, IndexError) as error:
        raise UserError("This is no NSF-HiFiGAN vocoder, or its config is another's.") from error


def weigh_speakers(config: SoVitsConfig, shares: tuple[tuple[str, float], ...]) -> list[tuple[int, float]]:
    total = float(np.sum([share for _, share in shares]))
    return [(config.speakers[name], share / total) for name, share in shares]
