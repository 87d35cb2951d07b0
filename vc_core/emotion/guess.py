"""Arousal of a voice from its pitch range and speaking rate: excited, sad, or neither.

More can't be estimated without knowing the speaker: mean pitch, level and brightness depend mostly on the speaker and
the recording. Happiness and anger are both wide and fast, so only their common arousal is estimated.
"""

import numpy as np

from vc_core.audio import Audio
from vc_core.emotion.base import NEUTRAL
from vc_core.emotion.tempo import find_pauses
from vc_core.signal.pitch import Pitch, find_voiced_segments
from vc_core.signal.world import HOP_SECONDS

USUAL_SEMITONES, USUAL_SEGMENTS_PER_SECOND = 2.0, 2.8
"""Standard deviation of F0, and voiced segments per second of speech."""
LIVELY_LOG_RANGE, LIVELY_LOG_RATE = 0.4, 0.2
"""Log distance of these from usual in excited speech, and of opposite sign in sad speech."""
SURE = 0.75
"""Least arousal for a guess other than neutral: a wrong guess does more harm than none."""
SHORTEST_VOICED_SECONDS = 1.0


def estimate_arousal(audio: Audio, pitch: Pitch) -> float:
    """0 neutral, 1 excited, -1 sad."""
    if pitch.voiced.sum() * HOP_SECONDS < SHORTEST_VOICED_SECONDS:
        return 0.0
    semitones = 12 * np.log2(pitch.hertz[pitch.voiced]).std()
    spoken_seconds = (~find_pauses(audio, pitch.frames)).sum() * HOP_SECONDS
    segments_per_second = len(find_voiced_segments(pitch)) / spoken_seconds
    range_score = np.log(max(semitones, 0.1) / USUAL_SEMITONES) / LIVELY_LOG_RANGE
    rate_score = np.log(segments_per_second / USUAL_SEGMENTS_PER_SECOND) / LIVELY_LOG_RATE
    return float((range_score + rate_score) / 2)


def recognise_emotion(audio: Audio, pitch: Pitch) -> str:
    found = estimate_arousal(audio, pitch)
    if abs(found) < SURE:
        return NEUTRAL
    return "excited" if found > 0 else "sad"
