"""Shallow diffusion of so-vits-svc 4.1: what a voice made is drawn anew, and a vocoder makes sound of it.

Two networks come with it, `model_*.pt` and NSF-HiFiGAN; both are kept beside the voice.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor
from torch.nn import functional

from vc_core.conversion.so_vits_config import LARGEST_CONFIG_BYTES, SoVitsConfig
from vc_core.errors import UserError
from vc_core.models.mel_diffusion import DiffusionShape, MelDiffusion
from vc_core.models.nsf_hifigan import Generator, GeneratorShape, as_2d, with_channels_last, with_norms_folded
from vc_core.weights import fill, load_tensors

DIFFUSION_FILE, VOCODER_FILE, SETTINGS_FILE = "diffusion.safetensors", "vocoder.safetensors", "diffusion.json"
QUIETEST = 1e-5
KEPT_BUFFERS = ("betas", "spec_min", "spec_max")


@dataclass(frozen=True)
class DiffusionSettings:
    """What the configs of both networks know."""

    rates: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    window: int
    low_hz: float
    high_hz: float
    deepest: int
    """From no further back was it trained to lead here."""


@dataclass(frozen=True, eq=False)
class ShallowDiffusion:
    network: MelDiffusion
    vocoder: Generator
    settings: DiffusionSettings
    sample_rate: int

    @property
    def mels(self) -> int:
        return self.vocoder.shape.inputs

    def mel(self, sound: Tensor) -> Tensor:
        """The log mel of (1, frames) of whole hops, of shape (1, mels, hops)."""
        # Not at the top: librosa is slow to import, and few voices have a diffusion.
        from librosa.filters import mel

        settings, hop = self.settings, self.vocoder.shape.hop
        beyond = settings.window - hop
        padded = functional.pad(sound[:, None], (beyond // 2, beyond - beyond // 2), mode="reflect")[:, 0]
        window = torch.hann_window(settings.window, device=sound.device)
        spectrum = torch.stft(padded, settings.window, hop, window=window, center=False, return_complex=True)
        bands = mel(
            sr=self.sample_rate, n_fft=settings.window, n_mels=self.mels, fmin=settings.low_hz, fmax=settings.high_hz
        )
        return torch.log((torch.from_numpy(bands).to(sound.device) @ spectrum.abs()).clamp_min(QUIETEST))


def load_diffusion(folder: Path, config: SoVitsConfig, heard_width: int, device: str) -> ShallowDiffusion | None:
    if not (folder / DIFFUSION_FILE).is_file():
        return None
    values = json.loads((folder / SETTINGS_FILE).read_bytes())
    settings = _settings(values, values, config)
    tensors = load_tensors(folder / DIFFUSION_FILE), load_tensors(folder / VOCODER_FILE)
    return build_diffusion(*tensors, settings, config, heard_width, device)


def build_diffusion(
    network_tensors: Mapping[str, Tensor],
    vocoder_tensors: Mapping[str, Tensor],
    settings: DiffusionSettings,
    config: SoVitsConfig,
    heard_width: int,
    device: str = "cpu",
) -> ShallowDiffusion:
    """Both networks with their weights; `UserError` says what doesn't fit."""
    shape = _diffusion_shape(network_tensors)
    if shape.heard_width != heard_width:
        raise UserError(f"The diffusion hears {shape.heard_width} numbers where the voice hears {heard_width}.")
    network = MelDiffusion(shape)
    fill(network, network_tensors, source="the diffusion's model")
    vocoder = Generator(_vocoder_shape(vocoder_tensors, settings))
    fill(vocoder, as_2d(dict(vocoder_tensors)), source="the vocoder's model")
    if vocoder.shape.hop != config.hop or vocoder.shape.inputs != shape.mels:
        raise UserError("The vocoder does not fit the voice or the diffusion: its hop or its mels are others.")
    network.to(device).eval().requires_grad_(False)
    with_channels_last(vocoder).to(device).eval().requires_grad_(False)
    return ShallowDiffusion(network, vocoder, settings, config.sample_rate)


def read_diffusion(
    files: tuple[Path, Path, Path, Path], config: SoVitsConfig, heard_width: int
) -> tuple[dict[str, Tensor], dict[str, Tensor], str]:
    """The tensors of `model_*.pt` and of the vocoder, and the settings of both, from untrusted files.

    `files` are the model, its yaml, the vocoder and its json.
    """
    model, model_config, vocoder, vocoder_config = files
    settings = _settings(_values(vocoder_config), _values(model_config), config)
    loaded, decoded = load_tensors(model), load_tensors(vocoder)
    network = {
        name: value.float()
        for name, value in _tensors(loaded.get("model", loaded), model).items()
        if name.startswith("decoder.denoise_fn.") or not name.startswith("decoder.") or name.endswith(KEPT_BUFFERS)
    }
    folded = with_norms_folded(_tensors(decoded.get("generator", decoded), vocoder))
    build_diffusion(network, folded, settings, config, heard_width)
    return network, folded, json.dumps(asdict(settings), indent=2)


def _tensors(values: Any, path: Path) -> dict[str, Tensor]:
    if not isinstance(values, dict) or not all(isinstance(value, Tensor) for value in values.values()):
        raise UserError(f"“{path.name}” holds more than weights, or none.")
    return {str(name): value for name, value in values.items()}


def _values(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_CONFIG_BYTES:
            raise UserError(f"“{path.name}” is too large to be a config.")
        values = yaml.safe_load(path.read_bytes())  # which reads JSON too
    except FileNotFoundError:
        raise UserError(f"There is no config “{path.name}”.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"“{path.name}” is not a config that can be read.") from error
    return values if isinstance(values, dict) else {}


def _settings(vocoder: dict[str, Any], model: dict[str, Any], config: SoVitsConfig) -> DiffusionSettings:
    """From the two configs as they are published, or from what was kept of them."""
    try:
        if "rates" in vocoder:
            kept = vocoder | {"rates": tuple(vocoder["rates"]), "dilations": tuple(map(tuple, vocoder["dilations"]))}
            return _checked(DiffusionSettings(**kept))
        if vocoder["sampling_rate"] != config.sample_rate:
            raise ValueError("the vocoder has another sample rate")
        steps = model.get("model", {})
        return _checked(
            DiffusionSettings(
                rates=tuple(vocoder["upsample_rates"]),
                dilations=tuple(map(tuple, vocoder["resblock_dilation_sizes"])),
                window=vocoder["n_fft"],
                low_hz=float(vocoder["fmin"]),
                high_hz=float(vocoder["fmax"]),
                deepest=steps.get("k_step_max") or steps.get("timesteps") or 1000,
            )
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"The configs of the diffusion make no sense ({error!s:.80}).") from error


def _checked(settings: DiffusionSettings) -> DiffusionSettings:
    numbers = [*settings.rates, *(d for row in settings.dilations for d in row), settings.window, settings.deepest]
    if not all(isinstance(number, int) and 1 <= number <= 8192 for number in numbers):
        raise ValueError("a size is none")
    if not 0 <= settings.low_hz < settings.high_hz <= 96_000 or not 1 <= len(settings.rates) <= 8:
        raise ValueError("frequencies or rates are none")
    return settings


def _diffusion_shape(tensors: Mapping[str, Tensor]) -> DiffusionShape:
    try:
        layers = {
            int(m[1]) for name in tensors if (m := re.match(r"decoder\.denoise_fn\.residual_layers\.(\d+)", name))
        }
        mels, channels = tensors["decoder.denoise_fn.output_projection.weight"].shape[:2]
        return DiffusionShape(
            heard_width=tensors["unit_embed.weight"].shape[1],
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


def _vocoder_shape(tensors: Mapping[str, Tensor], settings: DiffusionSettings) -> GeneratorShape:
    try:
        is_doubled = "resblocks.0.convs1.0.weight" in tensors
        conv = "convs1" if is_doubled else "convs"
        blocks = len(settings.dilations)
        return GeneratorShape(
            inputs=tensors["conv_pre.weight"].shape[1],
            channels=tensors["conv_pre.weight"].shape[0],
            rates=settings.rates,
            kernels=tuple(tensors[f"ups.{at}.weight"].shape[2] for at in range(len(settings.rates))),
            block_kernels=tuple(tensors[f"resblocks.{at}.{conv}.0.weight"].shape[2] for at in range(blocks)),
            block_dilations=settings.dilations,
            is_doubled=is_doubled,
        )
    except (KeyError, IndexError) as error:
        raise UserError("This is no NSF-HiFiGAN vocoder, or its config is another's.") from error


def singer_numbers(config: SoVitsConfig, shares: tuple[tuple[str, float], ...]) -> list[tuple[int, float]]:
    total = float(np.sum([share for _, share in shares]))
    return [(config.speakers[name], share / total) for name, share in shares]
