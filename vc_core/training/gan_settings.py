"""What a person can choose when RelGAN or CycleGAN learn; the pages and the shell read the defaults."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RelganSettings:
    steps: int = 20_000
    seed: int = 0
    width: float = 0.25
    """Of the published networks: 1 needs a graphics card, and on two cores ⅛ is enough to wait for."""
    batch: int = 8
    frames: int = 128
    """Of 5 ms, in each piece that is learned from."""
    rate: float = 2e-4
    judge_rate: float = 1e-4
    average: float = 0.999
    """How slowly the weights that are kept follow those that learn."""
    linear: float = 1.0
    """How much it matters that half an intensity is half the change."""
    mode_seeking: float = 0.0
    triangle: float = 0.0
    backward: float = 0.0


@dataclass(frozen=True)
class CycleganSettings:
    steps: int = 20_000
    seed: int = 0
    width: float = 0.25
    batch: int = 4
    frames: int = 128
    rate: float = 2e-4
    judge_rate: float = 1e-4
    average: float = 0.999
    identity_steps: int = 10_000
    """So long a voice that is the target's already must stay as it is; later it may."""
    masked_frames: int = 0
    """Up to so many frames are hidden, to be filled in (MaskCycleGAN): 32 is usual."""
