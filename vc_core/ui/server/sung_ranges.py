"""The pitch ranges of songs that were analysed: the page says which voices suit them, and nothing is analysed again."""

from collections import OrderedDict
from functools import cache
from pathlib import Path
from threading import Lock

RangeHz = tuple[float, float]
MAX_SONGS = 500


class SungRanges:
    """The latest songs of all sessions, by path: Gradio's uploads are in folders named by a hash of their content."""

    def __init__(self) -> None:
        self._ranges: OrderedDict[Path, tuple[RangeHz, bool]] = OrderedDict()
        self._lock = Lock()

    def remember(self, song: Path | str, range_hz: RangeHz | None, *, is_whole: bool = True) -> None:
        """An excerpt's range never replaces that of the whole song."""
        with self._lock:
            _, knows_whole = self._ranges.get(Path(song), (None, False))
            if range_hz is None or (knows_whole and not is_whole):
                return
            self._ranges[Path(song)] = (range_hz, is_whole)
            self._ranges.move_to_end(Path(song))
            if len(self._ranges) > MAX_SONGS:
                self._ranges.popitem(last=False)

    def recall(self, song: Path | str | None) -> RangeHz | None:
        """None if it was not analysed yet."""
        with self._lock:
            range_hz, _ = self._ranges.get(Path(song), (None, False)) if song else (None, False)
            return range_hz


@cache
def get_sung_ranges() -> SungRanges:
    """Those of this server."""
    return SungRanges()
