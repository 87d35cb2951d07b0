"""What every way to add emotion does: a voice goes in with an emotion and an intensity, and comes out with it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.progress import Progress, part_of, silent

NEUTRAL = "neutral"
GUESS = "guess"
"""As a source: listen for the emotion that the voice has."""
HIGHEST_INTENSITY = 1.5
"""Beyond 1, the full emotion, it is overdone."""


@dataclass(frozen=True)
class StyleOptions:
    source: str = NEUTRAL
    """The emotion that is in the voice; what is changed is the way from there to the wanted one."""
    changes_tempo: bool = True
    is_singing: bool = False
    """Melody and beat stay as they are."""


class EmotionStyler(ABC):
    """An engine; it never changes after it is loaded, so that one can serve all visitors."""

    emotions: tuple[str, ...]
    """Those it can give, the neutral one among them."""

    @abstractmethod
    def restyle(
        self, audio: Audio, emotion: str, intensity: float, options: StyleOptions, *, progress: Progress
    ) -> Audio:
        """The voice with an emotion other than its own, and an intensity above 0."""

    def guess(self, audio: Audio, *, progress: Progress = silent) -> str:
        """The emotion in a voice; neutral where an engine can't tell."""
        return NEUTRAL

    def style(
        self,
        audio: Audio,
        emotion: str,
        intensity: float,
        options: StyleOptions = StyleOptions(),
        *,
        progress: Progress = silent,
    ) -> Audio:
        """At intensity 0, and where the voice has the emotion already, the very samples that were given.

        With the tempo changed the result has another length. It may go beyond full scale: what writes it limits it.
        """
        self._check(emotion, options.source)
        if not 0.0 <= intensity <= HIGHEST_INTENSITY:
            raise UserError(f"The intensity goes from 0 to {HIGHEST_INTENSITY:g}, and can't be {intensity:g}.")
        if intensity == 0.0 or not audio.samples.any():
            progress(1.0, "Done")
            return audio
        known = replace(options, source=self._source(audio, options, part_of(progress, 0.0, 0.1)))
        if known.source == emotion:
            progress(1.0, "Done")
            return audio
        return self.restyle(audio, emotion, intensity, known, progress=part_of(progress, 0.1, 1.0))

    def _source(self, audio: Audio, options: StyleOptions, progress: Progress) -> str:
        if options.source != GUESS:
            return options.source
        # A melody says nothing of who sings it.
        return NEUTRAL if options.is_singing else self.guess(audio, progress=progress)

    def _check(self, emotion: str, source: str) -> None:
        for name in (emotion, source):
            if name not in self.emotions and (name, name) != (source, GUESS):
                raise UserError(f"There is no emotion called “{name}” here. There are: {', '.join(self.emotions)}.")


@dataclass(frozen=True)
class StylerChoice:
    """A way to add emotion that a person can choose."""

    label: str
    load: Callable[[str], EmotionStyler]
    """Makes it ready, on a device."""
    notice: str = ""
    """What must be known before one relies on it."""
