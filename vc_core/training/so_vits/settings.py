"""Training settings of so-vits voices, k-means clusters and diffusion; no torch import, for the shell's help."""

import re
from dataclasses import dataclass
from math import ceil
from typing import Literal

from vc_core.engine import find_engine
from vc_core.errors import UserError
from vc_core.signal.pitch_methods import DEFAULT_METHOD, METHODS

Template = Literal["so-vits-svc-4.0v1", "so-vits-svc-4.0v1-legacy", "quickvc"]
"""Templates of so-vits-svc-fork: its default, one for older programs, and one with faster inference."""
MOST_DEVICES = 16
MOST_FRAMES = 200_000
"""More than half an hour."""
DISCRIMINATORS = 6
"""The networks in so-vits-svc's discriminator: one on the waveform (multi-scale) and five on periods."""


@dataclass(frozen=True)
class SoVitsSettings:
    steps: int = 10_000
    seed: int = 0
    template: Template = "so-vits-svc-4.0v1"
    """Network of so-vits-svc-fork: its default, one for older programs, or one with faster inference."""
    start: Literal["pretrained", "scratch"] = "pretrained"
    """From scratch it takes a hundred times as long, and hours of recordings."""
    start_revision: str = ""
    """Commit of the pretrained weights' repo; the newest by default, which is noted on the voice's card."""
    start_generator_sha256: str = ""
    """Expected hash of the pretrained generator; by default it is only noted on the card."""
    start_judges_sha256: str = ""
    """Expected hash of the pretrained discriminator."""
    batch_size: int = 16
    """Clips in a step; 0 for as many as fit into the free memory."""
    devices: int = 1
    """GPUs that share each batch (data parallelism); several on a CPU only serve as a test."""
    learning_rate: float = 1e-4
    lr_decay: float = 0.999875
    """Factor on the learning rate after each epoch."""
    precision: Literal["full", "bf16", "fp16"] = "full"
    """Half precision is faster on GPUs: bf16, or fp16 on older ones."""
    pitch_method: str = DEFAULT_METHOD
    keep_ckpts: int = 1
    """Number of checkpoints in the format of so-vits-svc-fork to keep in the run; each takes 1.1 GB."""
    clusters: int = 0
    """k-means clusters of the content features to export with the voice; 0 for none."""
    retrieval_frames: int = 10_000
    """Frames of the recordings to export with the voice, for feature retrieval; 0 for none."""
    width: float = 1.0
    """Of the channels of the published networks; narrower ones only serve as a test."""
    judges: int = DISCRIMINATORS
    """Networks in the discriminator; fewer are faster."""

    def __post_init__(self) -> None:
        find_engine(METHODS, self.pitch_method)
        for digest in (self.start_generator_sha256, self.start_judges_sha256):
            if digest and not re.fullmatch("[0-9a-f]{64}", digest):
                raise UserError("A SHA-256 has 64 digits from 0 to 9 and a to f.")
        if not re.fullmatch(r"[\w-]*", self.start_revision, re.ASCII):
            raise UserError("The revision is a commit, a branch or a tag, without slashes.")
        if not 1 <= self.devices <= MOST_DEVICES:
            raise UserError("A training has 1 to {most} devices.", most=MOST_DEVICES)
        if min(self.batch_size, self.keep_ckpts, self.clusters, self.retrieval_frames) < 0:
            raise UserError("The batch size, clusters, frames and checkpoints to keep can't be negative.")
        if not (0 < self.learning_rate <= 0.1 and 0 < self.lr_decay <= 1):
            raise UserError("The learning rate is above 0 and at most 0.1, and its decay above 0 and at most 1.")
        if not 0.05 <= self.width <= 1 or not 1 <= self.judges <= DISCRIMINATORS:
            raise UserError("The width is from 0.05 to 1, and there are 1 to {judges} judges.", judges=DISCRIMINATORS)
        if self.start == "pretrained" and (self.width < 1 or self.judges < DISCRIMINATORS):
            raise UserError("Only the full width and all judges can start from what is pretrained. Start from scratch.")


@dataclass(frozen=True)
class KMeansSettings:
    steps: int = 200
    seed: int = 0
    template: Template = "so-vits-svc-4.0v1"
    """Follows from the voice."""
    speaker: str = ""
    """Whose clusters they are, if the voice has several singers."""
    clusters: int = 2000
    """More are clearer, and fewer are closer to the voice."""
    batch_size: int = 4096
    """Frames in a step."""
    pitch_method: str = DEFAULT_METHOD
    """The same as the voice's, so that its cached features can be used."""

    def __post_init__(self) -> None:
        if not 1 <= self.clusters <= 50_000 or self.batch_size < 1:
            raise UserError("There can be 1 to 50,000 clusters, and a step needs at least one moment.")


@dataclass(frozen=True)
class RetrievalSettings:
    steps: int = 1
    """The table is made in one."""
    seed: int = 0
    """Nothing is random."""
    template: Template = "so-vits-svc-4.0v1"
    """Follows from the voice."""
    speaker: str = ""
    """Whose frames they are, if the voice has several singers."""
    frames: int = 20_000
    """In the table; of longer recordings every so many."""
    pitch_method: str = DEFAULT_METHOD
    """The same as the voice's, so that its cached features can be used."""

    def __post_init__(self) -> None:
        if not 1 <= self.frames <= MOST_FRAMES:
            raise UserError("There can be 1 to {most:,} frames.", most=MOST_FRAMES)


@dataclass(frozen=True)
class DiffusionSettings:
    steps: int = 20_000
    seed: int = 0
    template: Template = "so-vits-svc-4.0v1"
    """Follows from the voice."""
    batch_size: int = 16
    """Excerpts in a step."""
    excerpt_seconds: float = 2.0
    learning_rate: float = 2e-4
    deepest: int = 1000
    """The most noise steps (k_step_max); 200 trains faster, and limits the depth at inference."""
    layers: int = 20
    """Residual layers of the denoising network."""
    channels: int = 512
    """Of the denoising network."""
    pitch_method: str = DEFAULT_METHOD
    """The same as the voice's, so that its cached features can be used."""

    def __post_init__(self) -> None:
        if not 1 <= self.deepest <= 1000:
            raise UserError("It learns to lead here from 1 to 1000 steps back.")
        if not 0.2 <= self.excerpt_seconds <= 20 or self.batch_size < 1:
            raise UserError("Excerpts last 0.2 to 20 seconds, and a step hears at least one.")
        if not (1 <= self.layers <= 100 and 8 <= self.channels <= 4096 and self.channels % 2 == 0):
            raise UserError("There are 1 to 100 layers, with an even number of channels from 8 to 4096.")


def count_steps_per_epoch(clips: int, batch_size: int) -> int:
    """The last step of an epoch may have fewer clips."""
    return ceil(clips / batch_size)


def describe_steps(clips: int, batch_size: int, epochs: int) -> str:
    """Explain the number of steps to the user."""
    epoch_steps = count_steps_per_epoch(clips, batch_size)
    steps = epoch_steps * epochs
    return (
        f"{clips:,} clips, batch {batch_size} → {epoch_steps:,} steps an epoch; "
        f"{epochs:,} epochs = {steps:,} steps, plus one in so-vits-svc-fork's own count, which begins at 1."
    )
