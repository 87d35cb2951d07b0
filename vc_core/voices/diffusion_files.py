"""Files of shallow diffusion: settings from untrusted configs, the vocoder NSF-HiFiGAN, and both added to a voice."""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vc_core.errors import UserError
from vc_core.home import get_studio_home
from vc_core.voices.so_vits_files import DIFFUSION_FILE, SETTINGS_FILE, VOCODER_FILE

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_CONFIG_BYTES = 1_000_000
MODEL_CONFIG_FILE = "diffusion_config.json"
"""Written by a training: the yaml of so-vits-svc 4.1, as JSON."""
SAMPLE_RATE, HOP_SAMPLES, FFT_SIZE, MELS, LOW_HZ, HIGH_HZ = 44_100, 512, 2048, 128, 40.0, 16_000.0
"""Of the mel spectrograms that are trained on, which are those of NSF-HiFiGAN at 44.1 kHz."""


@dataclass(frozen=True)
class DiffusionSettings:
    """From the configs of both networks; `diffusion.json` stores these field names."""

    rates: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    window: int
    low_hz: float
    high_hz: float
    deepest: int
    """Most diffusion steps it was trained for."""

    def dump_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


def read_values(path: Path) -> dict[str, Any]:
    """A config in YAML or JSON."""
    import yaml

    try:
        if path.stat().st_size > LARGEST_CONFIG_BYTES:
            raise UserError("“{file}” is too large to be a config.", file=path.name)
        values = yaml.safe_load(path.read_bytes())  # which reads JSON too
    except FileNotFoundError:
        raise UserError("There is no config “{file}”.", file=path.name) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError("“{file}” is not a config that can be read.", file=path.name) from error
    return values if isinstance(values, dict) else {}


def parse_diffusion_settings(vocoder: dict[str, Any], model: dict[str, Any], sample_rate: int) -> DiffusionSettings:
    """From the two published configs, or from our own `diffusion.json`."""
    try:
        if "rates" in vocoder:
            stored = vocoder | {"rates": tuple(vocoder["rates"]), "dilations": tuple(map(tuple, vocoder["dilations"]))}
            return _check(DiffusionSettings(**stored))
        if vocoder["sampling_rate"] != sample_rate:
            raise ValueError("the vocoder has another sample rate")
        return _check(
            DiffusionSettings(
                rates=tuple(vocoder["upsample_rates"]),
                dilations=tuple(map(tuple, vocoder["resblock_dilation_sizes"])),
                window=vocoder["n_fft"],
                low_hz=float(vocoder["fmin"]),
                high_hz=float(vocoder["fmax"]),
                deepest=parse_model_depth(model),
            )
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError("The configs of the diffusion make no sense ({reason:.80}).", reason=str(error)) from error


def parse_model_depth(config: dict[str, Any]) -> int:
    steps = config.get("model", {})
    return steps.get("k_step_max") or steps.get("timesteps") or 1000


def _check(settings: DiffusionSettings) -> DiffusionSettings:
    numbers = [*settings.rates, *(d for row in settings.dilations for d in row), settings.window, settings.deepest]
    if not all(isinstance(number, int) and 1 <= number <= 8192 for number in numbers):
        raise ValueError("a size is none")
    if not 0 <= settings.low_hz < settings.high_hz <= 96_000 or not 1 <= len(settings.rates) <= 8:
        raise ValueError("frequencies or rates are none")
    return settings


def read_vocoder_tensors(path: Path) -> "dict[str, Tensor]":
    """NSF-HiFiGAN's weights from an untrusted file, weight norm folded in."""
    from vc_core.checkpoints.weights import load_tensors
    from vc_core.models.weight_norm import fold_weight_norm

    loaded = load_tensors(path)
    return fold_weight_norm(select_tensors(loaded.get("generator", loaded), path))


def select_tensors(values: Any, path: Path) -> "dict[str, Tensor]":
    from torch import Tensor

    if not isinstance(values, dict) or not all(isinstance(value, Tensor) for value in values.values()):
        raise UserError("“{file}” holds more than weights, or none.", file=path.name)
    return {str(name): value for name, value in values.items()}


def get_vocoder_folder() -> Path:
    """Where the user puts NSF-HiFiGAN, whose licence is not for everybody."""
    return get_studio_home() / "models" / "nsf_hifigan"


def find_vocoder(voice: Path) -> "tuple[dict[str, Tensor], DiffusionSettings]":
    """The vocoder in the voice's folder, or the user's; raises `UserError` if it is missing or another one."""
    folder = get_vocoder_folder()
    model, config = folder / "model", folder / "config.json"
    if (voice / VOCODER_FILE).is_file():
        model, config = voice / VOCODER_FILE, voice / SETTINGS_FILE
    if not model.is_file() or not config.is_file():
        raise UserError(
            "It needs the vocoder NSF-HiFiGAN for 44.1 kHz: put its files “{model}” and “{config}” into {folder}.",
            model=model.name,
            config=config.name,
            folder=str(folder),
        )
    tensors = read_vocoder_tensors(model)
    settings = parse_diffusion_settings(read_values(config), {}, SAMPLE_RATE)
    inputs = tensors["conv_pre.weight"].shape[1] if "conv_pre.weight" in tensors else 0
    found = (inputs, prod(settings.rates), settings.window, settings.low_hz, settings.high_hz)
    if found != (MELS, HOP_SAMPLES, FFT_SIZE, LOW_HZ, HIGH_HZ):
        raise UserError(
            "“{file}” is another vocoder: diffusion is trained for the one with {mels} mel bands from {low:g} to "
            "{high:g} Hz.",
            file=model.name,
            mels=MELS,
            low=LOW_HZ,
            high=HIGH_HZ,
        )
    return tensors, settings


def add_diffusion(made: Path, voice: Path) -> None:
    """Add what a training has exported, and the vocoder if the voice has none."""
    from safetensors.torch import save_file

    vocoder, settings = find_vocoder(voice)
    trained = parse_model_depth(read_values(made / MODEL_CONFIG_FILE))
    if not (voice / VOCODER_FILE).is_file():
        save_file({name: value.contiguous() for name, value in vocoder.items()}, voice / VOCODER_FILE)
    shutil.copyfile(made / DIFFUSION_FILE, voice / DIFFUSION_FILE)
    (voice / SETTINGS_FILE).write_text(replace(settings, deepest=trained).dump_json())
