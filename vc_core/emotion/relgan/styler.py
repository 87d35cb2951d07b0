"""RelGAN emotion: converts spectral codes by the generator, and prosody by the statistics of each emotion."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from vc_core.audio import Audio
from vc_core.emotion.base import EmotionStyler, StyleOptions
from vc_core.emotion.guess import recognise_emotion
from vc_core.emotion.profiles import Profile
from vc_core.emotion.rules import resynthesise_with_profile
from vc_core.errors import UserError
from vc_core.progress import Progress, silent, subprogress
from vc_core.signal.pitch import Pitch
from vc_core.signal.world import HOP_SECONDS, estimate_world_pitch, extract_world_features
from vc_core.signal.world_codes import (
    CODE_SAMPLE_RATE,
    Codes,
    encode_features,
    find_audible_frames,
    resample_for_networks,
)
from vc_core.voices.emotion_model import MODEL_FILE, EmotionModel, load_emotion_model
from vc_core.voices.library import read_card

SHIPPED = Path(__file__).parents[1] / MODEL_FILE
"""Folder of the shipped model, trained by `starters/emotion`."""
SPEAKING_RATE_LIMITS = (0.25, 4.0)
"""The result is at most four times as long as the recording, whatever the model states."""
AVERAGED_SECONDS = 60.0
"""The speaker's mean is taken over at most this, from the middle of the recording."""


class Relgan(EmotionStyler):
    def __init__(self, model: EmotionModel) -> None:
        self._model = model
        self.emotions = model.emotions

    def restyle(
        self, audio: Audio, emotion: str, intensity: float, options: StyleOptions, *, progress: Progress
    ) -> Audio:
        pitch = estimate_world_pitch(audio, progress=subprogress(progress, 0.0, 0.2))
        here, there = self._model.statistics[options.source], self._model.statistics[emotion]
        factors = np.exp(intensity * (np.array(there.prosody) - np.array(here.prosody)))
        pitch_factor, range_factor, rate_factor, _, power = map(float, factors)
        rate_factor = float(np.clip(rate_factor, *SPEAKING_RATE_LIMITS))
        profile = Profile(pitch_factor, range_factor, rate_factor, level_db=10 * float(np.log10(power)))
        change = partial(
            self._model.convert_features,
            mean=_compute_mean_code(audio, pitch),
            source=options.source,
            target=emotion,
            intensity=intensity,
        )
        return resynthesise_with_profile(
            audio, pitch, profile, change, options, progress=subprogress(progress, 0.2, 1.0)
        )

    def recognise_emotion(self, audio: Audio, *, progress: Progress = silent) -> str:
        guessed = recognise_emotion(audio, estimate_world_pitch(audio, progress=progress))
        return guessed if guessed in self.emotions else "neutral"


def _compute_mean_code(audio: Audio, pitch: Pitch) -> Codes:
    """Mean spectral code of the audible frames, shape (CODE_DIMENSIONS,)."""
    frames = round(AVERAGED_SECONDS / HOP_SECONDS)
    first = max(0, (pitch.frames - frames) // 2)
    last = min(pitch.frames, first + frames)
    hop = CODE_SAMPLE_RATE * HOP_SECONDS
    resampled = resample_for_networks(audio).slice(round(first * hop), round(last * hop))
    excerpt = replace(pitch, hertz=pitch.hertz[first:last], confidence=pitch.confidence[first:last])
    features = extract_world_features(resampled, excerpt)
    return np.asarray(encode_features(features)[find_audible_frames(features)].mean(axis=0), np.float32)


def load_relgan(folder: Path) -> Relgan:
    """The model in a folder: the shipped one, or one trained by `vc train relgan`."""
    if folder != SHIPPED.parent and (card := read_card(folder)).engine != "relgan":
        raise UserError("“{model}” is no model of emotions.", model=card.name)
    return Relgan(load_emotion_model(folder / MODEL_FILE))
