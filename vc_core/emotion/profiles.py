"""How emotions sound, next to the same person's neutral voice: figures from phonetics, tamed for resynthesis.

A synthesis of F. Burkhardt's Emofilt, J. Murray and L. Arnott, S. Mozziconacci, J. Cahn and M. Schröder. Where they
disagree both are here: sadness is quiet sorrow, and `despair` is its crying kind; fear keeps its range, and `panic`
widens it. Each is tamed about evenly, or its direction would become another's: a joy whose pitch is tamed more than its
range is a surprise. `calm` and `excited` follow from Schröder's formulas for arousal and valence.
"""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Profile:
    """Factors on the neutral voice, and what is added to it; these are all 1 and 0 for the neutral one."""

    pitch: float = 1.0
    pitch_range: float = 1.0
    """On the deviation of log pitch from its mean."""
    rate: float = 1.0
    level_db: float = 0.0
    brightness_db: float = 0.0
    """Of what lies above 1.5 kHz."""
    first_formant: float = 1.0
    second_formant: float = 1.0
    jitter: float = 0.0
    """Deviation of neighbouring periods, relative to their length."""
    breathiness: float = 1.0

    def toward(self, target: "Profile", intensity: float) -> "Profile":
        """What leads from a voice with this profile so far toward the target; factors as powers, the rest in parts.

        So twice half the way is the whole way, and the way back undoes it.
        """
        changes = {}
        for field in fields(self):
            here, there = getattr(self, field.name), getattr(target, field.name)
            is_factor = field.default == 1.0
            changes[field.name] = (there / here) ** intensity if is_factor else (there - here) * intensity
        return Profile(**changes)


PROFILES: dict[str, Profile] = {
    "neutral": Profile(),
    "happy": Profile(1.35, 1.5, 1.20, 2, 3, 1.04, 1.04),
    "angry": Profile(1.20, 1.6, 1.15, 6, 6, 1.06, 1.0, 0.015, 0.8),
    "sad": Profile(0.92, 0.7, 0.80, -5, -6, 1.0, 1.0, 0.01, 1.3),
    "fear": Profile(1.60, 1.1, 1.15, 0, -1, 1.0, 1.0, 0.015, 1.2),
    "surprise": Profile(1.30, 1.8, 1.05, 3, 2),
    "disgust": Profile(0.90, 1.1, 0.85, -1, -2, 1.0, 1.0, 0.01, 1.1),
    "bored": Profile(0.85, 0.6, 0.75, -4, -4, 1.0, 1.0, 0.0, 1.15),
    "calm": Profile(0.94, 0.75, 0.88, -3, -3, 1.0, 1.0, 0.0, 1.1),
    "excited": Profile(1.27, 1.6, 1.20, 4, 3, 1.02, 1.02),
    "despair": Profile(1.30, 0.75, 0.88, 0, 1, 1.0, 1.0, 0.025, 1.2),
    "panic": Profile(1.65, 1.4, 1.25, 3, 1, 1.0, 1.0, 0.02, 1.2),
}
