"""The interface of live conversion: settings and `LiveStream`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from vc_core.audio import Audio
from vc_core.conversion.base import ConversionOptions
from vc_core.errors import Message, UserError
from vc_core.options import check_options, option

SHORTEST_BLOCK_SECONDS, LONGEST_BLOCK_SECONDS = 0.01, 0.04
LOOK_AHEADS: dict[float, tuple[int, ...]] = {0.0: (0, 0, 0), 0.02: (1, 0, 0), 0.04: (1, 1, 0)}
"""Seconds to future frames of each layer of the content encoder, which was trained with each of these."""


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    block_seconds: float = option(
        0.02, Message("block in seconds"), lowest=SHORTEST_BLOCK_SECONDS, highest=LONGEST_BLOCK_SECONDS, step=0.01
    )
    """How much audio the caller feeds at once; the output doesn't depend on it, the delay does."""
    look_ahead_seconds: float = option(0.02, Message("look-ahead in seconds"), lowest=0, highest=max(LOOK_AHEADS))
    """One of LOOK_AHEADS, for instant voices: more is clearer and later."""
    sample_rate: int | None = None
    """Of the output; None for the voice's. Instant voices need a multiple of 100 Hz."""

    def __post_init__(self) -> None:
        check_options(self)
        if self.look_ahead_seconds not in LOOK_AHEADS:
            known = ", ".join(f"{seconds:g}" for seconds in LOOK_AHEADS)
            raise UserError(
                "There is no look-ahead of {value:g} s. There are: {known}.", value=self.look_ahead_seconds, known=known
            )


class LiveStream(ABC):
    """One stream of one session. Output sample i is at the time i / sample_rate of the input."""

    sample_rate: int
    """Of the output, which is mono."""
    delay_seconds: float
    """Longest time from an input sample to its output, computing excluded: look-ahead and waiting for the block."""
    block_seconds: float
    """In which the caller should feed."""
    work_seconds: float = 0.0
    """Computing time of the last block."""
    options: ConversionOptions
    """May be replaced at any time; key, formants and breath change with the next block."""

    @abstractmethod
    def feed(self, block: Audio) -> Iterator[Audio]:
        """The converted blocks that are ready. The iterator must be consumed."""

    @abstractmethod
    def finish(self) -> Iterator[Audio]:
        """The remaining blocks; the whole output is as long as the input."""
