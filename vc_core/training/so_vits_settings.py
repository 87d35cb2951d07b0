"""What can be chosen when a so-vits voice is trained; light, so that the shell's help can read it."""

import re
from dataclasses import dataclass
from math import ceil
from typing import Literal

from vc_core.errors import UserError
from vc_core.pitch_methods import DEFAULT_METHOD, choose_pitch_method

Template = Literal["so-vits-svc-4.0v1", "so-vits-svc-4.0v1-legacy", "quickvc"]
"""so-vits-svc-fork's own; the first is its default, the second is for older programs, the third sings faster."""
MOST_DEVICES = 16
JUDGES = 6
"""Of so-vits-svc's discriminator: one hears the sound as it is, five hear it in periods."""


@dataclass(frozen=True)
class SoVitsSettings:
    steps: int = 10_000
    seed: int = 0
    template: Template = "so-vits-svc-4.0v1"
    start: Literal["pretrained", "scratch"] = "pretrained"
    """From scratch it takes a hundred times as long, and hours of recordings."""
    start_revision: str = ""
    """The commit of the repo that it starts from; without one, what is there now is taken and noted on the card."""
    start_generator_sha256: str = ""
    start_judges_sha256: str = ""
    """The hashes that both files must have; no file is known by its hash here, so without them they are only noted."""
    batch_size: int = 16
    """Clips in a step; 0 for as many as fit into the free memory."""
    devices: int = 1
    """Graphics cards that share each batch; on a CPU it only serves for trying it out."""
    learning_rate: float = 1e-4
    lr_decay: float = 0.999875
    """What the rate is multiplied by after each epoch."""
    precision: Literal["full", "bf16", "fp16"] = "full"
    pitch_method: str = DEFAULT_METHOD
    keep_ckpts: int = 1
    """So many of the checkpoints that so-vits-svc-fork reads are kept in the run; each takes 1.1 GB."""
    clusters: int = 0
    """Of what was said, kept with the voice; 0 for none."""
    width: float = 1.0
    """Of the published networks; narrower ones are only for trying things out."""
    judges: int = JUDGES
    """Fewer are quicker and less strict."""

    def __post_init__(self) -> None:
        choose_pitch_method(self.pitch_method)
        for digest in (self.start_generator_sha256, self.start_judges_sha256):
            if digest and not re.fullmatch("[0-9a-f]{64}", digest):
                raise UserError("A SHA-256 has 64 digits from 0 to 9 and a to f.")
        if not re.fullmatch(r"[\w-]*", self.start_revision, re.ASCII):
            raise UserError("The revision is a commit, a branch or a tag, without slashes.")
        if not 1 <= self.devices <= MOST_DEVICES:
            raise UserError(f"A training has 1 to {MOST_DEVICES} devices.")
        if self.batch_size < 0 or self.keep_ckpts < 0 or self.clusters < 0:
            raise UserError("The batch size, clusters and checkpoints to keep can't be negative.")
        if not (0 < self.learning_rate <= 0.1 and 0 < self.lr_decay <= 1):
            raise UserError("The learning rate is above 0 and at most 0.1, and its decay above 0 and at most 1.")
        if not 0.05 <= self.width <= 1 or not 1 <= self.judges <= JUDGES:
            raise UserError(f"The width is from 0.05 to 1, and there are 1 to {JUDGES} judges.")
        if self.start == "pretrained" and (self.width < 1 or self.judges < JUDGES):
            raise UserError("Only the full width and all judges can start from what is pretrained. Start from scratch.")


def steps_per_epoch(clips: int, batch_size: int) -> int:
    """How many it takes to hear every clip once; the last one may hear fewer."""
    return ceil(clips / batch_size)


def count_steps(clips: int, batch_size: int, epochs: int) -> str:
    """The arithmetic of a training, for people."""
    an_epoch = steps_per_epoch(clips, batch_size)
    steps = an_epoch * epochs
    return (
        f"{clips:,} clips, batch {batch_size} → {an_epoch:,} steps an epoch; "
        f"{epochs:,} epochs = {steps:,} steps, plus one in so-vits-svc-fork's own count, which begins at 1."
    )
