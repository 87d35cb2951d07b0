"""Capture time of each sample across gaps, so that the page can measure latency from microphone to headphones."""

from collections import deque

TOLERANCE_SECONDS = 0.002
MAX_GAPS = 64


class CaptureTimes:
    """Maps positions in a stream to the capture times that the client stated; the latest gaps are remembered."""

    def __init__(self) -> None:
        self._gaps: deque[tuple[float, float]] = deque(maxlen=MAX_GAPS)
        """Position in the stream, and its capture time, from which both go on in step."""

    def add(self, position_seconds: float, captured_seconds: float) -> None:
        if not self._gaps or abs(self.find(position_seconds) - captured_seconds) > TOLERANCE_SECONDS:
            self._gaps.append((position_seconds, captured_seconds))

    def find(self, position_seconds: float) -> float:
        start, captured = self._gaps[0]
        for gap_start, gap_captured in self._gaps:
            if gap_start <= position_seconds:
                start, captured = gap_start, gap_captured
        return captured + position_seconds - start
