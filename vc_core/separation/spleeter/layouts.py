"""The published Spleeter models of Deezer: stems, activation and hash of each."""

from dataclasses import dataclass
from typing import Literal

RELEASE = "https://github.com/deezer/spleeter/releases/download/v1.4.0"


@dataclass(frozen=True)
class SpleeterModel:
    """One of the published models."""

    stem_names: tuple[str, ...]
    """In the order of the networks in the checkpoint."""
    activation: Literal["relu", "elu"]
    exclusive: bool
    sha256: str
    """SHA-256 of the official archive."""

    @property
    def name(self) -> str:
        return f"{len(self.stem_names)}stems"

    @property
    def megabytes(self) -> int:
        """Approximate size of the official archive."""
        return 37 * len(self.stem_names)


MODELS = {
    2: SpleeterModel(
        ("vocals", "accompaniment"), "relu", False, "f3a90b39dd2874269e8b05a48a86745df897b848c61f3958efc80a39152bd692"
    ),
    4: SpleeterModel(
        ("vocals", "drums", "bass", "other"),
        "elu",
        False,
        "3adb4a50ad4eb18c7c4d65fcf4cf2367a07d48408a5eb7d03cd20067429dfaa8",
    ),
    5: SpleeterModel(
        ("vocals", "piano", "drums", "bass", "other"),
        "elu",
        True,
        "25a1e87eb5f75cc72a4d2d5467a0a50ac75f05611f877c278793742513cc7218",
    ),
}
STEM_NAMES = {name for model in MODELS.values() for name in model.stem_names}
