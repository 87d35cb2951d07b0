"""Separation by Spleeter: Deezer's models in torch, and the original package in an environment of its own."""

from vc_core.separation.base import SeparationEngine, Separator, SeparatorOptions
from vc_core.separation.spleeter.original import check_original, load_original
from vc_core.separation.spleeter.sources import (
    estimate_download_megabytes,
    get_checkpoint_folder,
    get_weights_path,
    prepare_checkpoint,
    prepare_weights,
)


def _load(options: SeparatorOptions, device: str) -> Separator:
    # Not at the top: torch is slow to import, and the shell's help does not need it.
    from vc_core.separation.spleeter.separator import Spleeter
    from vc_core.separation.spleeter.weights import load_nets

    return Spleeter(load_nets(get_weights_path(options.stems)), device, treble=options.treble)


def _load_original(options: SeparatorOptions, device: str) -> Separator:
    return load_original(get_checkpoint_folder(), options.stems, options.treble, device=device)


ENGINE = SeparationEngine(
    "spleeter",
    "Spleeter",
    load=_load,
    notice="Deezer's models, trained on real songs. Fast.",
    download_megabytes=lambda options: estimate_download_megabytes(options.stems),
    prepare=lambda options, progress: prepare_weights(options.stems, progress=progress),
    gpu_speed=20.0,
    quality=4,
    guessed_speed=0.03,
    stem_counts=(2, 4, 5),
    has_treble=True,
)
ORIGINAL = SeparationEngine(
    "spleeter-original",
    "Spleeter, the original package",
    load=_load_original,
    notice="Deezer's own program, for comparison: the same parts, more slowly and with more memory.",
    check_environment=check_original,
    prepare=lambda options, progress: prepare_checkpoint(options.stems, progress=progress),
    stem_counts=(2, 4, 5),
    has_treble=True,
)
