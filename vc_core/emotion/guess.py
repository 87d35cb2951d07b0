"""Guess from how lively and how fast a voice speaks what mood it is in already: aroused, subdued, or neither.

More can't be told without knowing the speaker: how high, loud and bright a voice is says first whose it is, and how it
was recorded. Happiness and anger are both wide and fast, so what is guessed is what they share.
"""

import numpy as np

from vc_core.audio import Audio
from vc_core.emotion.base import NEUTRAL
from vc_core.emotion.tempo import pauses
from vc_core.pitch import Pitch, voiced_stretches
from vc_core.world import HOP_SECONDS

USUAL_SEMITONES, USUAL_STRETCHES_PER_SECOND = 2.0, 2.8
"""Deviation of the pitch, and how often the voice sets in while somebody speaks."""
LIVELY_LOG_RANGE, LIVELY_LOG_RATE = 0.4, 0.2
"""How far above the usual these are in excited speech, and below it in sad speech."""
SURE = 0.75
"""Part of that way from which on it is taken for sure: a wrong guess does more harm than none."""
SHORTEST_VOICED_SECONDS = 1.0


def arousal(audio: Audio, pitch: Pitch) -> float:
    """0 as usual, 1 excited, -1 sad."""
    if pitch.voiced.sum() * HOP_SECONDS < SHORTEST_VOICED_SECONDS:
        return 0.0
    semitones = 12 * np.log2(pitch.hertz[pitch.voiced]).std()
    spoken_seconds = (~pauses(audio, pitch.frames)).sum() * HOP_SECONDS
    stretches = len(voiced_stretches(pitch)) / spoken_seconds
    liveliness = np.log(max(semitones, 0.1) / USUAL_SEMITONES) / LIVELY_LOG_RANGE
    haste = np.log(stretches / USUAL_STRETCHES_PER_SECOND) / LIVELY_LOG_RATE
    return float((liveliness + haste) / 2)


def guess_emotion(audio: Audio, pitch: Pitch) -> str:
    found = arousal(audio, pitch)
    if abs(found) < SURE:
        return NEUTRAL
    return "excited" if found > 0 else "sad"
