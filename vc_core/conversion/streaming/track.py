"""Values of a stream by their position in it; those that were read may be dropped."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


class Track:
    """One number for each frame."""

    def __init__(self, values: Sequence[float] = ()) -> None:
        self._values: Values = np.asarray(values, np.float64)
        self._first = 0

    @property
    def frames(self) -> int:
        """All that were ever appended."""
        return self._first + len(self._values)

    def append(self, values: Sequence[float] | Values) -> None:
        self._values = np.concatenate([self._values, values])

    def read(self, first: int, stop: int) -> Values:
        """Frames from `first` up to `stop`; before the beginning, the first value."""
        if first < 0:
            return np.concatenate([np.full(-first, self.read(0, 1)[0]), self.read(0, stop)])
        if not self._first <= first <= stop <= self.frames:
            raise ValueError(f"frames {first} to {stop} of {self._first} to {self.frames}")
        return self._values[first - self._first : stop - self._first]

    def drop_before(self, first: int) -> None:
        dropped = max(0, first - self._first)
        self._values, self._first = self._values[dropped:], self._first + dropped
