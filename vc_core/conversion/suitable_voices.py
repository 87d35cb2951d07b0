"""Which voices suit a song: those whose pitch range is nearest to what is sung."""

from collections.abc import Iterable
from dataclasses import dataclass

from vc_core.conversion.base import compute_distance_semitones
from vc_core.voices.library import Voice


@dataclass(frozen=True)
class SuitableVoice:
    voice: Voice
    shift_semitones: int
    """From the song to the key in which the voice is at home, as the automatic key “semitones” shifts it."""


def rank_voices(voices: Iterable[Voice], sung_hz: tuple[float, float]) -> list[SuitableVoice]:
    """From the nearest voice to the farthest; voices whose card states no range are left out."""
    distances = [
        (compute_distance_semitones(sung_hz, voice.card.pitch_range_hz), voice)
        for voice in voices
        if voice.card.pitch_range_hz is not None
    ]
    distances.sort(key=lambda pair: abs(pair[0]))
    return [SuitableVoice(voice, round(distance)) for distance, voice in distances]
