"""What a person can choose for so-vits voices, beside what every engine offers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from vc_core.errors import UserError

Precision = Literal["exact", "fast"]
PRECISIONS: dict[Precision, str] = {
    "exact": "Exact",
    "fast": "Fast: half the precision where the processor has it, about twice the speed",
}


@dataclass(frozen=True)
class SoVitsOptions:
    speaker: str = ""
    """One of the voice's singers by name; empty for the one chosen when it was taken in."""
    blend: tuple[tuple[str, float], ...] = ()
    """Singers and how much of each; empty for the one speaker."""
    predicted_pitch: bool = False
    """Let the voice decide the melody from the words. For speech only: it doesn't sing what was sung."""
    noise_scale: float = 0.4
    """More is livelier and rougher, less is plainer."""
    silence_db: float = -60.0
    """Beside the loud moments of the song: what is quieter becomes silence."""
    cluster_ratio: float = 0.0
    """How much of what is said comes from the voice's clusters: clearer likeness, less clear words."""
    retrieval_ratio: float = 0.0
    """The same from the most alike moments of the recordings the voice was trained on."""
    protection: float = 0.5
    """How much of both is kept away from consonants and breaths."""
    loudness_ratio: float = 1.0
    """1 gives each moment the loudness it is sung with, 0 that which the voice makes of it."""
    diffusion_depth: int = 0
    """How many of the diffusion's steps the sound goes back and is drawn anew; 0 leaves it out."""
    diffusion_speedup: int = 10
    """How many steps are done at once."""
    precision: Precision = "exact"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise UserError(f"There is no precision “{self.precision}”. There are: {', '.join(PRECISIONS)}.")
        for name in ("cluster_ratio", "retrieval_ratio", "protection", "loudness_ratio"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"The {name.replace('_', ' ')} is a number from 0 to 1.")
        if not 0 <= self.noise_scale <= 2:
            raise UserError("The noise scale is a number from 0 to 2.")
        if not -120 <= self.silence_db <= 0:
            raise UserError("The silence threshold is a number from -120 to 0 dB.")
        if not 0 <= self.diffusion_depth <= 1000 or not 1 <= self.diffusion_speedup <= 100:
            raise UserError("Diffusion goes back 0 to 1000 steps, and does 1 to 100 of them at once.")
        if any(not 0 <= share <= 1 for _, share in self.blend) or (self.blend and not any(w for _, w in self.blend)):
            raise UserError("Shares of a blend are numbers from 0 to 1, and not all of them 0.")


TUNABLE: dict[str, Any] = {field.name: field.default for field in fields(SoVitsOptions)}
"""What can be set by name, and its default."""


def tuned(settings: Sequence[str], usual: SoVitsOptions = SoVitsOptions()) -> SoVitsOptions:
    """The usual but for `name=value` each; a blend is written `blend=Ann:0.7,Ben:0.3`."""
    chosen: dict[str, Any] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in TUNABLE:
            raise UserError(f"So-vits voices have no setting “{name}”. They have: {', '.join(TUNABLE)}.")
        try:
            chosen[name] = _read(value.strip(), TUNABLE[name])
        except ValueError as error:
            raise UserError(f"“{value}” can't be the {name.replace('_', ' ')}.") from error
    return replace(usual, **chosen)


def _read(text: str, like: Any) -> Any:
    if isinstance(like, bool):
        return ("no", "yes").index(text) == 1
    if isinstance(like, tuple):
        pairs = [part.rpartition(":") for part in text.split(",")]
        return tuple((singer.strip(), float(share)) for singer, _, share in pairs)
    return type(like)(text)
