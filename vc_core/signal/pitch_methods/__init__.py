"""Pitch (F0) estimation: the methods a user can choose from."""

from functools import lru_cache

from vc_core.device import choose_device
from vc_core.engine import by_name, find_engine
from vc_core.progress import Progress, silent
from vc_core.signal.pitch_methods import crepe, fcpe, praat, rmvpe, world
from vc_core.signal.pitch_methods.base import FrameValues, Pitch, PitchEngine, PitchEstimator, PitchSettings

__all__ = [
    "COVER_METHOD",
    "DEFAULT_METHOD",
    "METHODS",
    "FrameValues",
    "Pitch",
    "PitchEngine",
    "PitchEstimator",
    "PitchSettings",
    "choose_pitch_device",
    "load_pitch_method",
    "prepare_pitch_method",
]

METHODS: dict[str, PitchEngine] = by_name(
    world.DIO,
    world.HARVEST,
    fcpe.ENGINE,
    rmvpe.ENGINE,
    crepe.CREPE,
    crepe.CREPE_TINY,
    praat.ENGINE,
)
"""Another method is one file, and one line here."""
DEFAULT_METHOD = "dio"
COVER_METHOD = "fcpe"
"""Residues of the music after separation mislead the faster methods."""


def prepare_pitch_method(name: str, *, progress: Progress = silent) -> None:
    """Download what the method needs and doesn't have; before a turn on the device, since it may take long."""
    find_engine(METHODS, name).prepare(None, progress)


def choose_pitch_device(name: str) -> str:
    """The chosen GPU for a network, otherwise the CPU; on other devices the networks have never run."""
    device = choose_device() if find_engine(METHODS, name).is_network else "cpu"
    return device if device.startswith("cuda") else "cpu"


@lru_cache(maxsize=2)
def load_pitch_method(name: str, device: str = "cpu") -> PitchEstimator:
    """The method, ready to use; the last ones stay in memory."""
    engine = find_engine(METHODS, name)
    engine.check_installed()
    return engine.load(None, device)
