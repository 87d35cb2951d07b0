"""Spoken sentences for the bench of emotion: some voices to learn from, and others, with other sentences, to judge."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import sosfilt

from vc_core.audio import Audio
from vc_core.files.reading import read_audio
from vc_core.speech.espeak import speak

TRAINING_VOICES = ("en-us+m3", "en-us+f2", "en+m1", "en-us+f4")
TRAINING_SENTENCES = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It is easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "The box was thrown beside the parked truck.",
    "The hogs were fed chopped corn and garbage.",
    "Four hours of steady work faced us.",
    "A large size in stockings is hard to sell.",
)
TEST_VOICES = ("en-us+m5", "en+f5")
FLITE_VOICE = "rms"
TEST_SENTENCES = (
    "The boy was there when the sun rose.",
    "A rod is used to catch pink salmon.",
    "The source of the huge river is the clear spring.",
    "Kick the ball straight and follow through.",
    "Help the woman get back to her feet.",
    "A pot of tea helps to pass the evening.",
    "Smoky fires lack flame and heat.",
    "The soft cushion broke the man's fall.",
)
NEUTRAL_WORDS_PER_MINUTE = 160
BRIGHT_HZ = 1_500.0


@dataclass(frozen=True)
class Published:
    """A profile as one author gives it, not as the rules have tamed it."""

    pitch: float
    pitch_range: float
    speaking_rate: float
    level_db: float
    brightness_db: float


PUBLISHED = {
    "happy": Published(1.5, 2.0, 1.20, 2, 3),  # Burkhardt's joy
    "angry": Published(1.1, 2.0, 1.19, 6, 6),  # Murray and Arnott, and effort as Juslin and Laukka have it
    "sad": Published(0.95, 0.6, 0.71, -5, -9),  # Cahn, and Emofilt's length
    "fear": Published(2.0, 1.2, 1.30, 0, 0),  # Burkhardt, as far up as the synthesiser goes
    "surprise": Published(1.3, 1.9, 1.10, 4, 2),  # Cahn
}
NEUTRAL = Published(1.0, 1.0, 1.0, 0, 0)


def perform(text: str, voice: str, how: Published) -> Audio:
    """Perform with the synthesiser's own controls and a filter, independent of the evaluated engines."""
    speech = speak(
        text,
        voice=voice,
        words_per_minute=round(NEUTRAL_WORDS_PER_MINUTE * how.speaking_rate),
        pitch=round(np.clip(45 + 50 * np.log2(how.pitch), 0, 99)),
        liveliness=round(np.clip(50 * how.pitch_range * how.pitch, 0, 100)),  # in hertz, not in semitones
    ).audio
    return _filtered(speech, how)


@dataclass(frozen=True)
class Spoken:
    voice: str
    text: str
    audio: Audio

    @property
    def is_flite(self) -> bool:
        return self.voice == FLITE_VOICE


def render_test_speech() -> Iterator[Spoken]:
    """Neutral sentences of held-out voices, also of another synthesiser if it is installed."""
    for voice in TEST_VOICES:
        for text in TEST_SENTENCES:
            yield Spoken(voice, text, perform(text, voice, NEUTRAL))
    if shutil.which("flite"):
        with tempfile.TemporaryDirectory() as folder:
            for text in TEST_SENTENCES:
                path = Path(folder) / "spoken.wav"
                subprocess.run(["flite", "-voice", FLITE_VOICE, "-t", text, "-o", str(path)], check=True)
                yield Spoken(FLITE_VOICE, text, read_audio(path))


def _filtered(audio: Audio, how: Published) -> Audio:
    """Apply a high-shelf filter (R. Bristow-Johnson's cookbook) and a gain."""
    gain = 10 ** (how.brightness_db / 40)
    turn = 2 * np.pi * BRIGHT_HZ / audio.sample_rate
    slope = np.sin(turn) / np.sqrt(2) * 2 * np.sqrt(gain)
    up, down, middle = gain + 1, gain - 1, np.cos(turn)
    above = [gain * (up + down * middle + slope), -2 * gain * (down + up * middle), gain * (up + down * middle - slope)]
    below = [up - down * middle + slope, 2 * (down - up * middle), up - down * middle - slope]
    samples = sosfilt(np.array([above + below]) / below[0], audio.samples) * 10 ** (how.level_db / 20)
    return audio.with_samples(samples.astype(np.float32))
