"""Corpus of the emotion model: recordings of natural speech, moved to five emotions by WORLD.

    python -m starters.emotion.corpus RECORDINGS FOLDER

RECORDINGS is the folder that starters.instant.starter_voices filled. Half of the recordings are moved by our emotion
rules, half by published styles of speaking, each varied a little. So a model can learn no more than these figures.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from starters.instant.starter_voices import STARTER_VOICES
from starters.separator.effects import Generator
from vc_core.audio import Audio
from vc_core.emotion.base import StyleOptions
from vc_core.emotion.profiles import PROFILES, Profile
from vc_core.emotion.rules import make_feature_change, resynthesise_with_profile
from vc_core.files.reading import read_audio
from vc_core.progress import Progress, silent
from vc_core.signal.world import estimate_world_pitch

RECORDINGS = 5
"""Of each voice."""
VARIATION, VARIATION_DB = 0.08, 1.0
"""Standard deviations between recordings: of the logarithm of each factor, and of each gain."""
HEADROOM = 0.5
"""Angry voices are loud."""

STYLES = {
    # Means of what Burkhardt, Cahn, Emofilt, Murray and Arnott, and Juslin and Laukka give, where they agree roughly.
    "happy": Profile(1.45, 1.9, 1.20, 2, 3),
    "angry": Profile(1.20, 1.9, 1.22, 6, 6),
    "sad": Profile(0.94, 0.6, 0.72, -5, -9),
    "fear": Profile(1.80, 1.2, 1.30, 0, -1),
    "surprise": Profile(1.35, 1.9, 1.08, 4, 2),
}


def fill(recordings: Path, folder: Path, *, progress: Progress = silent) -> None:
    """Make the missing files, in a folder for each emotion."""
    for at, voice in enumerate(STARTER_VOICES):
        paths = sorted((recordings / voice.folder_name).glob("*.flac"))[:RECORDINGS]
        for number, path in enumerate(paths):
            progress((at + number / RECORDINGS) / len(STARTER_VOICES), f"{voice.name} {number}")
            generator, audio = np.random.default_rng([3, at, number]), read_audio(path)
            for emotion in ("neutral", *STYLES):
                target = folder / emotion / f"{voice.folder_name}_{number:02}.flac"
                profile = draw_profile(emotion, generator, by_rules=number % 2 == 1)
                if not target.is_file():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    moved = move_to_emotion(audio, profile)
                    soundfile.write(target, np.clip(HEADROOM * moved.samples[0], -1, 1), moved.sample_rate)
    progress(1.0, "Done")


def draw_profile(emotion: str, generator: Generator, *, by_rules: bool) -> Profile:
    profile = (PROFILES if by_rules else STYLES).get(emotion, Profile())
    pitch, pitch_range, speaking_rate = np.exp(VARIATION * generator.standard_normal(3))
    level_db, brightness_db = VARIATION_DB * generator.standard_normal(2)
    return replace(
        profile,
        pitch=profile.pitch * pitch,
        pitch_range=profile.pitch_range * pitch_range,
        speaking_rate=profile.speaking_rate * speaking_rate,
        level_db=profile.level_db + level_db,
        brightness_db=profile.brightness_db + brightness_db,
    )


def move_to_emotion(audio: Audio, profile: Profile) -> Audio:
    change = make_feature_change(profile)
    return resynthesise_with_profile(
        audio, estimate_world_pitch(audio), profile, change, StyleOptions(), progress=silent
    )


def main() -> None:
    fill(*map(Path, sys.argv[1:3]), progress=lambda fraction, message: print(f"{fraction:4.0%} {message}", flush=True))


if __name__ == "__main__":
    main()
