"""Find pitch: the methods a person can choose from."""

from functools import lru_cache

from vc_core.errors import UserError
from vc_core.pitch_methods.base import Method, Pitch, PitchChoice, PitchSearch, Track
from vc_core.pitch_methods.crepe import load_crepe
from vc_core.pitch_methods.fcpe import load_fcpe
from vc_core.pitch_methods.praat import find_by_praat
from vc_core.pitch_methods.rmvpe import load_rmvpe, prepare_rmvpe, rmvpe_download_megabytes
from vc_core.pitch_methods.world import find_by_dio, find_by_harvest
from vc_core.progress import Progress, silent

__all__ = [
    "DEFAULT_METHOD",
    "METHODS",
    "Method",
    "Pitch",
    "PitchChoice",
    "PitchSearch",
    "Track",
    "choose_pitch_method",
    "load_pitch_method",
    "prepare_pitch_method",
]

METHODS: dict[str, PitchChoice] = {
    "dio": PitchChoice("Dio", lambda device: find_by_dio, notice="The fastest. For a voice alone, without noise."),
    "harvest": PitchChoice(
        "Harvest",
        lambda device: find_by_harvest,
        notice="Misses less of a voice than Dio, and hears some where there is none; many times slower.",
    ),
    "fcpe": PitchChoice(
        "FCPE",
        load_fcpe,
        notice="The surest of those that need no download, through noise too, and still fast.",
        module="torchfcpe",
        install="torchfcpe",
    ),
    "rmvpe": PitchChoice(
        "RMVPE",
        load_rmvpe,
        notice="Made for singing with music around it; most voices of others were trained with it.",
        download_megabytes=rmvpe_download_megabytes,
        prepare=prepare_rmvpe,
    ),
    "crepe": PitchChoice(
        "CREPE",
        lambda device: load_crepe("full", device),
        notice="Sure, and very slow without a GPU.",
        module="torchcrepe",
        install="torchcrepe",
    ),
    "crepe-tiny": PitchChoice(
        "CREPE, small",
        lambda device: load_crepe("tiny", device),
        notice="Less sure than CREPE, and faster.",
        module="torchcrepe",
        install="torchcrepe",
    ),
    "praat": PitchChoice(
        "Praat",
        lambda device: find_by_praat,
        notice="Fast and exact, and misses what is soft. An extra, under the GPL.",
        module="parselmouth",
        install="vc-core[praat]",
    ),
}
"""Another method is one file, and one entry here."""
DEFAULT_METHOD = "dio"


def choose_pitch_method(name: str) -> PitchChoice:
    if name not in METHODS:
        raise UserError(f"There is no way to find pitch called “{name}”. There are: {', '.join(METHODS)}.")
    return METHODS[name]


def prepare_pitch_method(name: str, *, progress: Progress = silent) -> None:
    """Download what the method needs and doesn't have; before a turn on the device, since it may take long."""
    choose_pitch_method(name).prepare(progress)


@lru_cache(maxsize=2)
def load_pitch_method(name: str, device: str = "cpu") -> Method:
    """The method, ready to use; the last ones stay in memory."""
    choice = choose_pitch_method(name)
    if not choice.is_installed():
        raise UserError(f"“{choice.label}” is not installed here: pip install '{choice.install}'")
    return choice.load(device)
