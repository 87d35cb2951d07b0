"""Separate vocals: the engines a person can choose from."""

from functools import lru_cache
from pathlib import Path

from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.separation.base import SavedStem, Separator, SeparatorChoice, SeparatorOptions, Stems
from vc_core.separation.demucs import demucs_download_megabytes, demucs_is_installed, load_demucs, prepare_demucs
from vc_core.separation.spleeter_original import load_original, missing_original
from vc_core.separation.spleeter_sources import (
    checkpoint_folder,
    download_megabytes,
    prepare_checkpoint,
    prepare_weights,
    weights_path,
)

__all__ = [
    "DEFAULT_SEPARATOR",
    "SEPARATORS",
    "SavedStem",
    "Separator",
    "SeparatorChoice",
    "SeparatorOptions",
    "Stems",
    "choose",
    "load_separator",
    "prepare_separator",
]

STARTER_WEIGHTS = Path(__file__).parent / "starter.safetensors"


def _unet(weights: Path, options: SeparatorOptions, device: str) -> Separator:
    # Not at the top: torch is slow to import, and the shell's help needs none of it.
    from vc_core.separation.spleeter import Spleeter
    from vc_core.separation.spleeter_weights import load_nets

    return Spleeter(load_nets(weights), device, treble=options.treble)


def _repet(options: SeparatorOptions, device: str) -> Separator:
    from vc_core.separation.repet import Repet

    return Repet()


def _original(options: SeparatorOptions, device: str) -> Separator:
    return load_original(checkpoint_folder(), options.stems, options.treble, uses_gpu=device.startswith("cuda"))


def _prepare_original(options: SeparatorOptions, progress: Progress) -> None:
    if missing := missing_original():
        raise UserError(missing)
    prepare_checkpoint(options.stems, progress=progress)


SEPARATORS: dict[str, SeparatorChoice] = {
    "starter": SeparatorChoice(
        "Starter model",
        lambda options, device: _unet(STARTER_WEIGHTS, options, device),
        notice="Comes with the app. It was trained on synthetic sound: often cleaner than the preview, at times not.",
        has_treble=True,
        gpu_speed=20.0,
    ),
    "spleeter": SeparatorChoice(
        "Spleeter",
        lambda options, device: _unet(weights_path(options.stems), options, device),
        notice="Deezer's models, trained on real songs. Fast.",
        stem_counts=(2, 4, 5),
        has_treble=True,
        download_megabytes=lambda options: download_megabytes(options.stems),
        prepare=lambda options, progress: prepare_weights(options.stems, progress=progress),
        gpu_speed=20.0,
    ),
    "demucs": SeparatorChoice(
        "Demucs",
        lambda options, device: load_demucs("htdemucs", options.stems, device),
        notice="Much cleaner than Spleeter, and many times slower without a GPU.",
        stem_counts=(2, 4),
        is_installed=demucs_is_installed,
        download_megabytes=lambda options: demucs_download_megabytes("htdemucs", options.stems),
        prepare=lambda options, progress: prepare_demucs("htdemucs", options.stems, progress=progress),
        gpu_speed=10.0,
    ),
    "demucs-ft": SeparatorChoice(
        "Demucs, fine-tuned",
        lambda options, device: load_demucs("htdemucs_ft", options.stems, device),
        notice="The cleanest. For four parts it takes four times as long as Demucs.",
        stem_counts=(2, 4),
        is_installed=demucs_is_installed,
        download_megabytes=lambda options: demucs_download_megabytes("htdemucs_ft", options.stems),
        prepare=lambda options, progress: prepare_demucs("htdemucs_ft", options.stems, progress=progress),
        gpu_speed=3.0,
    ),
    "spleeter-original": SeparatorChoice(
        "Spleeter, the original package",
        _original,
        notice="Deezer's own program, for comparison: the same parts, more slowly and with more memory.",
        stem_counts=(2, 4, 5),
        has_treble=True,
        is_installed=lambda: not missing_original(),
        prepare=_prepare_original,
    ),
    "repet": SeparatorChoice(
        "Quick preview, no model",
        _repet,
        notice="A preview: it works without any model, and leaves some of the music in the vocals.",
    ),
}
"""Another engine is one file and one entry here."""
DEFAULT_SEPARATOR = "repet"


def choose(name: str, options: SeparatorOptions) -> SeparatorChoice:
    """The engine of that name, if it can do what is asked."""
    if name not in SEPARATORS:
        raise UserError(f"There is no way to separate called “{name}”. There are: {', '.join(SEPARATORS)}.")
    SEPARATORS[name].check(options)
    return SEPARATORS[name]


def prepare_separator(name: str, options: SeparatorOptions, *, progress: Progress = silent) -> None:
    """Download what the engine needs and doesn't have; before a turn on the device, since it may take long."""
    choose(name, options).prepare(options, progress)


@lru_cache(maxsize=1)
def load_separator(name: str, device: str, options: SeparatorOptions = SeparatorOptions()) -> Separator:
    """The engine, ready to use; the last one stays in memory."""
    return choose(name, options).load(options, device)
