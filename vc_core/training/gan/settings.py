"""Training settings of RelGAN and CycleGAN; no torch import, for the shell's help."""

from dataclasses import dataclass

from vc_core.errors import UserError

NARROWEST, FEWEST_FRAMES, FRAMES_DIVIDE_BY = 0.01, 16, 4
"""Generators halve time twice, and discriminators three times."""


@dataclass(frozen=True)
class RelganSettings:
    steps: int = 20_000
    seed: int = 0
    width: float = 0.25
    """Of the channels of the published networks: 1 needs a GPU, and ⅛ is practical on two CPU cores."""
    batch: int = 8
    """Excerpts in a step, each in three emotions."""
    frames: int = 128
    """In each training excerpt; a frame is 5 ms."""
    rate: float = 2e-4
    """Learning rate of the generator."""
    judge_rate: float = 1e-4
    """Learning rate of the discriminator."""
    average: float = 0.999
    """Decay of the exponential moving average of the generator's weights, which is exported."""
    linear: float = 1.0
    """Loss weight: half the intensity should be half the change."""
    mode_seeking: float = 0.0
    """Loss weight: different inputs should give different outputs."""
    triangle: float = 0.0
    """Loss weight: a change to the target, a third emotion and back to the source should cancel out."""
    backward: float = 0.0
    """Loss weight: a change and its opposite should cancel out."""

    def __post_init__(self) -> None:
        _check(self)
        if min(self.linear, self.mode_seeking, self.triangle, self.backward) < 0:
            raise UserError("Loss weights can't be negative.")


@dataclass(frozen=True)
class CycleganSettings:
    steps: int = 20_000
    seed: int = 0
    width: float = 0.25
    """Of the channels of the published networks: 1 needs a GPU, and ⅛ is practical on two CPU cores."""
    batch: int = 4
    """Excerpts of each speaker in a step."""
    frames: int = 128
    """In each training excerpt; a frame is 5 ms."""
    rate: float = 2e-4
    """Learning rate of the generators."""
    judge_rate: float = 1e-4
    """Learning rate of the discriminators."""
    average: float = 0.999
    """Decay of the exponential moving average of the generators' weights, which is exported."""
    identity_steps: int = 10_000
    """The identity loss counts for so many steps."""
    masked_frames: int = 0
    """Up to so many frames are masked, to be filled in (MaskCycleGAN): 32 is usual."""

    def __post_init__(self) -> None:
        _check(self)
        if not 0 <= self.masked_frames <= self.frames or self.identity_steps < 0:
            raise UserError("Masked frames are from 0 to all frames of an excerpt, and steps can't be negative.")


def _check(settings: RelganSettings | CycleganSettings) -> None:
    if not NARROWEST <= settings.width <= 1:
        raise UserError("The width is a number from {narrowest:g} to 1.", narrowest=NARROWEST)
    if settings.batch < 1 or settings.frames < FEWEST_FRAMES or settings.frames % FRAMES_DIVIDE_BY:
        raise UserError(
            "A step needs at least one excerpt, of at least {fewest} frames, divisible by {divisor}.",
            fewest=FEWEST_FRAMES,
            divisor=FRAMES_DIVIDE_BY,
        )
    if not (0 < settings.rate <= 0.1 and 0 < settings.judge_rate <= 0.1 and 0 <= settings.average < 1):
        raise UserError("Learning rates are above 0 and at most 0.1, and the average's decay is from 0 to below 1.")
