"""Training settings of the instant engine; no torch import, for the shell's help."""

from dataclasses import dataclass
from pathlib import Path

from vc_core.errors import UserError

STARTS = ("plain", "meta")
START_SUFFIX = ".safetensors"
META_START_FILE = Path(__file__).parents[2] / "starters" / "instant" / "meta.safetensors"
"""Made by starters/instant/train_meta.py."""


@dataclass(frozen=True)
class InstantSettings:
    steps: int = 100
    seed: int = 1
    start: str = "plain"
    """What the training begins with: plain, meta (made by meta-learning), or a file of `vc train start`."""
    learning_rate: float = 1e-3
    excerpts: int = 8
    """In each step."""
    excerpt_seconds: float = 1.0
    start_share: float = 0.5
    """Of the start's weights in the voice; the rest are the trained ones. Training on a minute of one speaker brings
    more likeness, and forgets how others say things: with a part of the start more words survive."""
    judged_steps: int = 0
    """The last so many steps add an adversarial loss, and take twice as long."""

    def __post_init__(self) -> None:
        if not 0 <= self.start_share < 1:
            raise UserError("The share of the start is from 0 to less than 1.")
        if self.start == "meta" and not META_START_FILE.is_file():
            raise UserError(
                "The start “meta” does not come with this version. Choose plain, or a file of `vc train start`."
            )
        if self.start in STARTS:
            return
        if not self.start.endswith(START_SUFFIX):
            raise UserError(
                "There is no start “{start}”. There are {known}, and files of `vc train start`, which end in {suffix}.",
                start=self.start,
                known=", ".join(STARTS),
                suffix=START_SUFFIX,
            )
        if not Path(self.start).is_file():
            raise UserError("There is no file “{file}”.", file=self.start)
