"""Emotion by rules, without a model: a voice's pitch, speed, level and colour are moved as phonetics describes it."""

from dataclasses import replace

import numpy as np

from vc_core.audio import Audio
from vc_core.emotion.base import EmotionStyler, StyleOptions
from vc_core.emotion.guess import guess_emotion
from vc_core.emotion.profiles import PROFILES, Profile
from vc_core.emotion.tempo import same_timing, with_rate
from vc_core.pitch import Pitch
from vc_core.progress import Progress, part_of, silent
from vc_core.world import Values, WorldFeatures, find_world_pitch, log_pitch, pitch_at
from vc_core.world_windows import Change, Plan, remake

BRIGHT_HZ = 1_500.0
FORMANTS_HZ = (0.0, 600.0, 1_800.0, 3_500.0)
"""Where the formants that move are about; above the last nothing moves."""
WIDEST = np.log(2.4)
"""So far from its mean log pitch never goes: a wide range would otherwise turn slips into shrieks."""
PITCH_LIMITS_HZ = (50.0, 1_200.0)
JITTER_SEED = 7


class Rules(EmotionStyler):
    emotions = tuple(PROFILES)

    def __init__(self, pitch_method: str = "dio") -> None:
        self._pitch_method = pitch_method

    def restyle(
        self, audio: Audio, emotion: str, intensity: float, options: StyleOptions, *, progress: Progress
    ) -> Audio:
        way = PROFILES[options.source].toward(PROFILES[emotion], intensity)
        pitch = find_world_pitch(audio, self._pitch_method, progress=part_of(progress, 0.0, 0.2))
        return remade(audio, pitch, way, _colouring(way), options, progress=part_of(progress, 0.2, 1.0))

    def guess(self, audio: Audio, *, progress: Progress = silent) -> str:
        return guess_emotion(audio, find_world_pitch(audio, self._pitch_method, progress=progress))


def remade(
    audio: Audio, pitch: Pitch, way: Profile, change: Change, options: StyleOptions, *, progress: Progress
) -> Audio:
    """A voice anew: `way` says its pitch, speed, roughness and how loud its consonants are, `change` all else."""
    if options.is_singing:
        way = replace(way, pitch=1.0, pitch_range=1.0, rate=1.0, jitter=0.0)
    changes_tempo = options.changes_tempo and way.rate != 1.0
    timing = with_rate(audio, pitch, way.rate) if changes_tempo else same_timing(audio, pitch)
    hertz = pitch_at(_moved_pitch(pitch.hertz.astype(np.float64), way), timing.taken_from)
    plan = Plan(
        pitch,
        _with_jitter(hertz, way.jitter),
        timing.taken_from,
        timing.frames,
        change=change,
        kept=timing.kept,
        kept_gain=10 ** (way.level_db / 20),
    )
    return remake(audio, plan, progress=progress)


def _moved_pitch(hertz: Values, way: Profile) -> Values:
    curve, voiced = log_pitch(hertz)
    if not voiced.any():
        return hertz
    mean = curve[voiced].mean()
    deviation = np.clip((curve - mean) * way.pitch_range, -WIDEST, WIDEST)
    return np.where(voiced, np.clip(np.exp(mean + deviation) * way.pitch, *PITCH_LIMITS_HZ), 0.0)


def _with_jitter(hertz: Values, jitter: float) -> Values:
    """Always the same jitter, so that intensities can be compared."""
    if jitter <= 0:  # on the way from a rough voice to a smooth one; what is rough stays so
        return hertz
    return np.asarray(hertz * np.exp(jitter * np.random.default_rng(JITTER_SEED).standard_normal(len(hertz))))


def _colouring(way: Profile) -> Change:
    """What a way changes in the envelope and the breath of each frame."""

    def colour(features: WorldFeatures) -> WorldFeatures:
        frequencies = features.frequencies
        gain_db = way.level_db + way.brightness_db * _shelf(frequencies)
        envelope = _with_formants(features.envelope, frequencies, way) * 10 ** (gain_db / 10)
        breath = np.clip(features.aperiodicity * way.breathiness, 0.0, 1.0)
        return replace(features, envelope=envelope, aperiodicity=breath)

    return colour


def _shelf(frequencies: Values) -> Values:
    """From 0 to 1, and one half where it is bright."""
    return 1 / (1 + (BRIGHT_HZ / np.maximum(frequencies, 1.0)) ** 4)


def _with_formants(envelope: Values, frequencies: Values, way: Profile) -> Values:
    if way.first_formant == way.second_formant == 1.0:
        return envelope
    zero, first, second, fixed = FORMANTS_HZ
    moved = (zero, first * way.first_formant, second * way.second_formant, fixed, frequencies[-1])
    source = np.interp(frequencies, moved, (*FORMANTS_HZ, frequencies[-1])) / frequencies[1]
    low = np.minimum(source.astype(int), envelope.shape[1] - 2)
    part = source - low
    return np.asarray(envelope[:, low] * (1 - part) + envelope[:, low + 1] * part)
