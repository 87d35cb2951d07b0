"""The starter model: a small U-Net that comes with the app, trained on synthetic sound by `starters/separator`."""

from pathlib import Path

from vc_core.separation.base import SeparationEngine, Separator, SeparatorOptions

WEIGHTS = Path(__file__).with_name("starter.safetensors")


def load_starter(options: SeparatorOptions, device: str) -> Separator:
    # Not at the top: torch is slow to import, and the shell's help does not need it.
    from vc_core.separation.spleeter.separator import Spleeter
    from vc_core.separation.spleeter.weights import load_nets

    return Spleeter(load_nets(WEIGHTS), device, treble=options.treble)


ENGINE = SeparationEngine(
    "starter",
    "Starter model",
    load=load_starter,
    notice="Comes with the app. It was trained on synthetic sound: often cleaner than the preview, at times not.",
    has_treble=True,
    gpu_speed=20.0,
    quality=1,
    guessed_speed=0.06,
)
