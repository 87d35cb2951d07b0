"""Live conversion: `open_live` gives the stream of a voice's engine."""

import numpy as np

from vc_core.audio import Audio
from vc_core.conversion.base import ConversionOptions, Converter
from vc_core.conversion.streaming.base import LOOK_AHEADS, LiveSettings, LiveStream
from vc_core.conversion.streaming.windowed import WindowedStream

__all__ = ["LOOK_AHEADS", "LiveSettings", "LiveStream", "open_live"]

WARM_UP_SECONDS, WARM_UP_BLOCKS = 0.02, 8


def open_live(
    converter: Converter,
    options: ConversionOptions = ConversionOptions(),
    settings: LiveSettings = LiveSettings(),
) -> LiveStream:
    """A streaming engine for instant voices, windows of a second for the others."""
    if converter.voice.card.engine == "instant":
        from vc_core.conversion.streaming.instant import InstantStream  # late: torch is slow to import

        warm_up(InstantStream(converter.voice, options, settings))
        return InstantStream(converter.voice, options, settings)
    return WindowedStream(converter, options, settings)


def warm_up(stream: LiveStream) -> None:
    """What is first called takes longer, and a block of the microphone must not."""
    silence = Audio(np.zeros((1, round(WARM_UP_SECONDS * stream.sample_rate)), np.float32), stream.sample_rate)
    for _ in range(WARM_UP_BLOCKS):
        for _ in stream.feed(silence):
            pass
