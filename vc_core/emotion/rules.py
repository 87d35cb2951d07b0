"""Rule-based emotion: F0, speaking rate, level, brightness and formants are changed by acoustic profiles."""

from dataclasses import replace

import numpy as np

from vc_core.audio import Audio
from vc_core.emotion.base import EmotionEngine, EmotionStyler, StyleOptions
from vc_core.emotion.guess import recognise_emotion
from vc_core.emotion.profiles import PROFILES, Profile
from vc_core.emotion.tempo import change_speaking_rate, keep_timing
from vc_core.progress import Progress, silent, subprogress
from vc_core.signal.pitch import Pitch
from vc_core.signal.world import (
    FloatArray,
    WorldFeatures,
    estimate_world_pitch,
    interpolate_log_pitch,
    interpolate_pitch,
)
from vc_core.signal.world_windows import FeatureChange, ResynthesisPlan, resynthesise

BRIGHT_HZ = 1_500.0
FORMANTS_HZ = (0.0, 600.0, 1_800.0, 3_500.0)
"""Anchors of the formant warp: 0, the first and the second formant, and the frequency above which nothing moves."""
WIDEST = np.log(2.4)
"""Limit of log F0 around its mean, so that a wide range does not amplify pitch errors."""
PITCH_LIMITS_HZ = (50.0, 1_200.0)
JITTER_SEED = 7


class Rules(EmotionStyler):
    emotions = tuple(PROFILES)

    def __init__(self, pitch_method: str = "dio") -> None:
        self._pitch_method = pitch_method

    def restyle(
        self, audio: Audio, emotion: str, intensity: float, options: StyleOptions, *, progress: Progress
    ) -> Audio:
        profile = PROFILES[options.source].compute_change(PROFILES[emotion], intensity)
        pitch = estimate_world_pitch(audio, self._pitch_method, progress=subprogress(progress, 0.0, 0.2))
        return resynthesise_with_profile(
            audio, pitch, profile, make_feature_change(profile), options, progress=subprogress(progress, 0.2, 1.0)
        )

    def recognise_emotion(self, audio: Audio, *, progress: Progress = silent) -> str:
        return recognise_emotion(audio, estimate_world_pitch(audio, self._pitch_method, progress=progress))


def resynthesise_with_profile(
    audio: Audio, pitch: Pitch, profile: Profile, change: FeatureChange, options: StyleOptions, *, progress: Progress
) -> Audio:
    """Resynthesis: `profile` sets F0, speaking rate, jitter and consonant level, `change` the other features."""
    if options.is_singing:
        profile = replace(profile, pitch=1.0, pitch_range=1.0, speaking_rate=1.0, jitter=0.0)
    changes_tempo = options.changes_tempo and profile.speaking_rate != 1.0
    timing = change_speaking_rate(audio, pitch, profile.speaking_rate) if changes_tempo else keep_timing(audio, pitch)
    hertz = interpolate_pitch(_shift_pitch(pitch.hertz.astype(np.float64), profile), timing.source_frames)
    plan = ResynthesisPlan(
        pitch,
        _add_jitter(hertz, profile.jitter),
        timing.source_frames,
        timing.frames,
        change=change,
        passthrough=timing.passthrough,
        passthrough_gain=10 ** (profile.level_db / 20),
    )
    return resynthesise(audio, plan, progress=progress)


def _shift_pitch(hertz: FloatArray, profile: Profile) -> FloatArray:
    curve, voiced = interpolate_log_pitch(hertz)
    if not voiced.any():
        return hertz
    mean = curve[voiced].mean()
    deviation = np.clip((curve - mean) * profile.pitch_range, -WIDEST, WIDEST)
    return np.where(voiced, np.clip(np.exp(mean + deviation) * profile.pitch, *PITCH_LIMITS_HZ), 0.0)


def _add_jitter(hertz: FloatArray, jitter: float) -> FloatArray:
    """Seeded, so that intensities can be compared."""
    if jitter <= 0:  # jitter is only added, never removed
        return hertz
    return np.asarray(hertz * np.exp(jitter * np.random.default_rng(JITTER_SEED).standard_normal(len(hertz))))


def make_feature_change(profile: Profile) -> FeatureChange:
    """Changes of the spectral envelope and aperiodicity in each frame."""

    def change(features: WorldFeatures) -> WorldFeatures:
        frequencies = features.frequencies
        gain_db = profile.level_db + profile.brightness_db * _compute_shelf(frequencies)
        envelope = _shift_formants(features.envelope, frequencies, profile) * 10 ** (gain_db / 10)
        aperiodicity = np.clip(features.aperiodicity * profile.breathiness, 0.0, 1.0)
        return replace(features, envelope=envelope, aperiodicity=aperiodicity)

    return change


def _compute_shelf(frequencies: FloatArray) -> FloatArray:
    """High shelf from 0 to 1, ½ at BRIGHT_HZ."""
    return 1 / (1 + (BRIGHT_HZ / np.maximum(frequencies, 1.0)) ** 4)


def _shift_formants(envelope: FloatArray, frequencies: FloatArray, profile: Profile) -> FloatArray:
    if profile.first_formant == profile.second_formant == 1.0:
        return envelope
    zero, first, second, fixed = FORMANTS_HZ
    moved = (zero, first * profile.first_formant, second * profile.second_formant, fixed, frequencies[-1])
    source = np.interp(frequencies, moved, (*FORMANTS_HZ, frequencies[-1])) / frequencies[1]
    low = np.minimum(source.astype(int), envelope.shape[1] - 2)
    fraction = source - low
    return np.asarray(envelope[:, low] * (1 - fraction) + envelope[:, low + 1] * fraction)


ENGINE = EmotionEngine(
    "rules",
    "Rules",
    load=lambda model, device: Rules(),
    notice="Works without a model: pitch, speed, loudness and voice quality as phonetics describes each emotion.",
)
