"""Acoustic profiles of emotions relative to neutral speech: values from phonetics, reduced for resynthesis.

A synthesis of F. Burkhardt's Emofilt, J. Murray and L. Arnott, S. Mozziconacci, J. Cahn and M. Schröder. Where they
disagree both are here: sadness is quiet sorrow, and `despair` is its crying kind; fear keeps its range, and `panic`
widens it. All values of an emotion are reduced about evenly, or it would turn into another: joy with its pitch reduced
more than its range is surprise. `calm` and `excited` follow from Schröder's formulas for arousal and valence.
"""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Profile:
    """Factors and offsets relative to the neutral voice, whose own are all 1 and 0."""

    pitch: float = 1.0
    pitch_range: float = 1.0
    """Factor on the deviation of log F0 from its mean."""
    speaking_rate: float = 1.0
    level_db: float = 0.0
    brightness_db: float = 0.0
    """Gain above 1.5 kHz."""
    first_formant: float = 1.0
    second_formant: float = 1.0
    jitter: float = 0.0
    """Relative standard deviation of periods."""
    breathiness: float = 1.0

    def compute_change(self, target: "Profile", intensity: float) -> "Profile":
        """The change from this profile toward the target: factors as powers, offsets linearly in the intensity.

        So two half changes make a whole one, and the reverse change undoes it.
        """
        changes = {}
        for field in fields(self):
            here, there = getattr(self, field.name), getattr(target, field.name)
            is_factor = field.default == 1.0
            changes[field.name] = (there / here) ** intensity if is_factor else (there - here) * intensity
        return Profile(**changes)


PROFILES: dict[str, Profile] = {
    "neutral": Profile(),
    "happy": Profile(
        pitch=1.35,
        pitch_range=1.5,
        speaking_rate=1.20,
        level_db=2,
        brightness_db=3,
        first_formant=1.04,
        second_formant=1.04,
    ),
    "angry": Profile(
        pitch=1.20,
        pitch_range=1.6,
        speaking_rate=1.15,
        level_db=6,
        brightness_db=6,
        first_formant=1.06,
        jitter=0.015,
        breathiness=0.8,
    ),
    "sad": Profile(
        pitch=0.92, pitch_range=0.7, speaking_rate=0.80, level_db=-5, brightness_db=-6, jitter=0.01, breathiness=1.3
    ),
    "fear": Profile(
        pitch=1.60, pitch_range=1.1, speaking_rate=1.15, level_db=0, brightness_db=-1, jitter=0.015, breathiness=1.2
    ),
    "surprise": Profile(pitch=1.30, pitch_range=1.8, speaking_rate=1.05, level_db=3, brightness_db=2),
    "disgust": Profile(
        pitch=0.90, pitch_range=1.1, speaking_rate=0.85, level_db=-1, brightness_db=-2, jitter=0.01, breathiness=1.1
    ),
    "bored": Profile(pitch=0.85, pitch_range=0.6, speaking_rate=0.75, level_db=-4, brightness_db=-4, breathiness=1.15),
    "calm": Profile(pitch=0.94, pitch_range=0.75, speaking_rate=0.88, level_db=-3, brightness_db=-3, breathiness=1.1),
    "excited": Profile(
        pitch=1.27,
        pitch_range=1.6,
        speaking_rate=1.20,
        level_db=4,
        brightness_db=3,
        first_formant=1.02,
        second_formant=1.02,
    ),
    "despair": Profile(
        pitch=1.30, pitch_range=0.75, speaking_rate=0.88, level_db=0, brightness_db=1, jitter=0.025, breathiness=1.2
    ),
    "panic": Profile(
        pitch=1.65, pitch_range=1.4, speaking_rate=1.25, level_db=3, brightness_db=1, jitter=0.02, breathiness=1.2
    ),
}
