"""Emotion by a network that learned it from recordings, and by the averages of what it learned from."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from vc_core.audio import Audio
from vc_core.emotion.base import EmotionStyler, StyleOptions
from vc_core.emotion.guess import guess_emotion
from vc_core.emotion.profiles import Profile
from vc_core.emotion.rules import remade
from vc_core.emotion_model import MODEL_FILE, EmotionModel, load_emotion_model
from vc_core.errors import UserError
from vc_core.pitch import Pitch
from vc_core.progress import Progress, part_of, silent
from vc_core.voices import Voice
from vc_core.world import HOP_SECONDS, analyse, find_world_pitch
from vc_core.world_codes import RATE, Codes, audible, code, heard_by_networks

SHIPPED = Path(__file__).parent / MODEL_FILE
"""The one that comes with the app; `starters/emotion` made it."""
AVERAGED_SECONDS = 60.0
"""A minute says how somebody sounds; of longer recordings, one from the middle."""


class Relgan(EmotionStyler):
    def __init__(self, model: EmotionModel) -> None:
        self._model = model
        self.emotions = model.emotions

    def restyle(
        self, audio: Audio, emotion: str, intensity: float, options: StyleOptions, *, progress: Progress
    ) -> Audio:
        pitch = find_world_pitch(audio, progress=part_of(progress, 0.0, 0.2))
        here, there = self._model.manners[options.source], self._model.manners[emotion]
        factors = np.exp(intensity * (np.array(there.prosody) - np.array(here.prosody)))
        pitch_factor, range_factor, rate_factor, _, power = map(float, factors)
        way = Profile(pitch_factor, range_factor, rate_factor, level_db=10 * float(np.log10(power)))
        colour = partial(
            self._model.coloured,
            mean=_mean_code(audio, pitch),
            source=options.source,
            target=emotion,
            intensity=intensity,
        )
        return remade(audio, pitch, way, colour, options, progress=part_of(progress, 0.2, 1.0))

    def guess(self, audio: Audio, *, progress: Progress = silent) -> str:
        guessed = guess_emotion(audio, find_world_pitch(audio, progress=progress))
        return guessed if guessed in self.emotions else "neutral"


def _mean_code(audio: Audio, pitch: Pitch) -> Codes:
    """How the voice sounds in this recording."""
    frames = round(AVERAGED_SECONDS / HOP_SECONDS)
    first = max(0, (pitch.frames - frames) // 2)
    last = min(pitch.frames, first + frames)
    hop = RATE * HOP_SECONDS
    heard = heard_by_networks(audio).between(round(first * hop), round(last * hop))
    own = replace(pitch, hertz=pitch.hertz[first:last], confidence=pitch.confidence[first:last])
    features = analyse(heard, own)
    return np.asarray(code(features)[audible(features)].mean(axis=0), np.float32)


def load_relgan() -> Relgan:
    return Relgan(load_emotion_model(SHIPPED))


def load_own(model: Voice) -> Relgan:
    """What `vc train relgan` has made."""
    if model.card.engine != "relgan":
        raise UserError(f"“{model.name}” is no model of emotions.")
    return Relgan(load_emotion_model(model.folder / MODEL_FILE))
