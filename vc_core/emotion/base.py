"""Base class of the emotion stylers: give a recorded voice an emotion with an intensity."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path

from vc_core.audio import Audio
from vc_core.engine import Engine
from vc_core.errors import UserError
from vc_core.progress import Progress, silent, subprogress

NEUTRAL = "neutral"
GUESS = "guess"
"""As the source emotion: recognise it in the recording."""
HIGHEST_INTENSITY = 1.5
"""1 is the full emotion; beyond it is exaggerated."""


@dataclass(frozen=True)
class StyleOptions:
    source: str = NEUTRAL
    """The emotion of the recording; the change is the difference from it to the target emotion."""
    changes_tempo: bool = True
    is_singing: bool = False
    """Melody and rhythm do not change."""


class EmotionStyler(ABC):
    """A loaded engine; immutable, so that one instance serves all sessions."""

    emotions: tuple[str, ...]
    """Supported target emotions, including `NEUTRAL`."""

    @abstractmethod
    def restyle(
        self, audio: Audio, emotion: str, intensity: float, options: StyleOptions, *, progress: Progress
    ) -> Audio:
        """Apply an emotion other than the source, with an intensity above 0."""

    def recognise_emotion(self, audio: Audio, *, progress: Progress = silent) -> str:
        """Recognise the emotion of a recording; neutral if the engine has no recogniser."""
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
        """Apply an emotion; at intensity 0, or if it is the source emotion, the samples are returned unchanged.

        Changing the tempo changes the length. The result may exceed full scale; the writer limits it.
        """
        self._check_emotions(emotion, options.source)
        if not 0.0 <= intensity <= HIGHEST_INTENSITY:
            raise UserError(
                "The intensity goes from 0 to {highest:g}, and can't be {intensity:g}.",
                highest=HIGHEST_INTENSITY,
                intensity=intensity,
            )
        if intensity == 0.0 or not audio.samples.any():
            progress(1.0, "")
            return audio
        known = replace(options, source=self.find_source(audio, options, subprogress(progress, 0.0, 0.1)))
        if known.source == emotion:
            progress(1.0, "")
            return audio
        return self.restyle(audio, emotion, intensity, known, progress=subprogress(progress, 0.1, 1.0))

    def find_source(self, audio: Audio, options: StyleOptions, progress: Progress = silent) -> str:
        """The emotion that the recording has: as the options say, or as it is recognised."""
        if options.source != GUESS:
            return options.source
        # Pitch does not show the emotion of singing: the melody prescribes it.
        return NEUTRAL if options.is_singing else self.recognise_emotion(audio, progress=progress)

    def _check_emotions(self, emotion: str, source: str) -> None:
        for name in (emotion, source):
            if name not in self.emotions and (name, name) != (source, GUESS):
                raise UserError(
                    "There is no emotion called “{name}” here. There are: {known}.",
                    name=name,
                    known=", ".join(self.emotions),
                )


EmotionEngine = Engine[Path | None, EmotionStyler]
"""Loads a trained model from its folder, or with None the model that comes with the app."""
