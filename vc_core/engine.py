"""An engine: one way to do a task, such as separation by Spleeter. Each task keeps its engines in one dict by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Generic, TypeVar

from vc_core.errors import UserError
from vc_core.progress import Progress

Options = TypeVar("Options")
Model = TypeVar("Model")

LEASE_LOADING_SECONDS, MAX_LEASE_SECONDS = 20, 120


def _no_check() -> None: ...


def _no_download(options: Any) -> int:
    return 0


def _no_preparation(options: Any, progress: Progress) -> None: ...


@dataclass(frozen=True)
class Engine(Generic[Options, Model]):
    """Declared in the engine's own file, which imports torch and the like only inside `load`.

    `Options` is what must be known to load it: options of the task, a voice, the settings of a training.
    """

    name: str
    """In the shell, in the API and on voice cards. The page's words for it are `engine_<name>` and `notice_<name>`."""
    label: str
    load: Callable[[Options, str], Model]
    """Load the model on a device; it does not change afterwards, so that one serves all sessions."""
    notice: str = ""
    """What a user must know before relying on it."""
    package: str = ""
    """The optional Python package that it needs, by its import name,"""
    install: str = ""
    """and by its name for pip."""
    check_environment: Callable[[], None] = _no_check
    """Raise a `UserError` if anything else is missing, such as a virtual environment."""
    download_megabytes: Callable[[Options], int] = _no_download
    """The size of the files that have yet to be downloaded."""
    prepare: Callable[[Options, Progress], None] = _no_preparation
    """Download everything that `load` needs. It runs outside the device queue and outside a GPU lease."""
    gpu_speed: float = 0.0
    """Seconds of sound that any GPU processes in one second; 0 if the engine makes no use of a GPU."""

    def check_installed(self) -> None:
        """Raise a `UserError` that says what to install."""
        if self.package and find_spec(self.package) is None:
            raise UserError(
                "“{label}” is not installed here: pip install '{package}'", label=self.label, package=self.install
            )
        self.check_environment()

    def is_installed(self) -> bool:
        try:
            self.check_installed()
        except UserError:
            return False
        return True


def estimate_lease_seconds(sound_seconds: float, *engines: Engine[Any, Any]) -> int:
    """The GPU time to ask of ZeroGPU for loading and for this much sound; 0 if a GPU is of no use to any of them."""
    speeds = [engine.gpu_speed for engine in engines if engine.gpu_speed]
    if not speeds:
        return 0
    return round(min(LEASE_LOADING_SECONDS + sum(sound_seconds / speed for speed in speeds), MAX_LEASE_SECONDS))


AnyEngine = TypeVar("AnyEngine", bound=Engine[Any, Any])


def by_name(*engines: AnyEngine) -> dict[str, AnyEngine]:
    return {engine.name: engine for engine in engines}


def find_engine(engines: Mapping[str, AnyEngine], name: str) -> AnyEngine:
    if name not in engines:
        raise UserError("There is no engine “{name}” here. There are: {known}.", name=name, known=", ".join(engines))
    return engines[name]
