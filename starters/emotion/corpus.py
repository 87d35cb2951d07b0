"""The corpus of the emotion model: synthetic voices that say the same sentences in six moods.

    python -m starters.emotion.corpus FOLDER

Half of it is performed by the synthesisers' own controls of pitch, liveliness and speed, after figures of phonetics,
and half by our rules of phonetics. Nobody felt anything: what can be learned from it is what the figures say.
"""

import subprocess
import sys
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import sosfilt

from starters.instant.sentences import choose_text
from starters.separator.effects import Generator
from vc_core.audio import Audio
from vc_core.emotion import load_styler
from vc_core.espeak import speak
from vc_core.progress import Progress, silent
from vc_core.reading import read_audio

FOLDER = Path(tempfile.gettempdir()) / "starter-emotion-corpus"
SENTENCES = 16
SPEAKERS = (
    "en-us+m2", "en-us+m4", "en-us+m6", "en-us+m7", "en-us+f1", "en-us+f3", "en-gb-x-rp+klatt", "en-us+Alicia",
    "en-us+anika", "slt", "awb", "kal16",
)  # fmt: skip
"""Of espeak-ng, and without a + of flite. Those of `bench/emotion.py` are not among them, nor are its sentences."""
BRIGHT_HZ = 1_500.0
VARIATION = 0.08
"""Deviation of the logarithm of each figure from one sentence to the next."""


@dataclass(frozen=True)
class Performance:
    """Factors on pitch, its range and speed, and decibels of level and of what lies above 1.5 kHz."""

    pitch: float = 1.0
    pitch_range: float = 1.0
    rate: float = 1.0
    level_db: float = 0.0
    brightness_db: float = 0.0


PERFORMANCES = {
    "neutral": Performance(),
    # Means of what Burkhardt, Cahn, Emofilt, Murray and Arnott, and Juslin and Laukka give, where they agree roughly.
    "happy": Performance(1.45, 1.9, 1.20, 2, 3),
    "angry": Performance(1.20, 1.9, 1.22, 6, 6),
    "sad": Performance(0.94, 0.6, 0.72, -5, -9),
    "fear": Performance(1.80, 1.2, 1.30, 0, -1),
    "surprise": Performance(1.35, 1.9, 1.08, 4, 2),
}
_FLITE_MEAN_HZ = {"slt": 180.0, "awb": 120.0, "kal16": 105.0}
_FLITE_DEVIATION_HZ = 18.0


def fill(folder: Path, *, sentences: int = SENTENCES, progress: Progress = silent) -> None:
    """A folder for each mood; what is there already stays."""
    for at, speaker in enumerate(SPEAKERS):
        for number in range(sentences):
            progress((at + number / sentences) / len(SPEAKERS), f"{speaker} {number}")
            generator = np.random.default_rng([3, at, number])
            text = choose_text("en", generator)
            for mood in PERFORMANCES:
                path = folder / mood / f"{speaker.split('+')[-1].lower()}_{number:02}.flac"
                if not path.is_file():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    audio = said(text, speaker, mood, generator, by_rules=number % 2 == 1)
                    soundfile.write(path, audio.samples[0], audio.sample_rate)
    progress(1.0, "Done")


def said(text: str, speaker: str, mood: str, generator: Generator, *, by_rules: bool) -> Audio:
    if by_rules:
        plain = performed(text, speaker, _varied(Performance(), generator))
        loud = load_styler("rules").style(plain, mood, 1.0)
    else:
        loud = performed(text, speaker, _varied(PERFORMANCES[mood], generator))
    return loud.with_samples(np.clip(0.5 * loud.samples, -1.0, 1.0))  # as loud as angry voices are, there is room


def performed(text: str, speaker: str, how: Performance) -> Audio:
    audio = _by_espeak(text, speaker, how) if "+" in speaker else _by_flite(text, speaker, how)
    return brightened(audio, how.brightness_db, how.level_db)


def _varied(how: Performance, generator: Generator) -> Performance:
    factors = np.exp(VARIATION * generator.standard_normal(3))
    decibels = generator.standard_normal(2)
    pitch, pitch_range, rate, level, bright = astuple(how)
    return Performance(
        pitch * factors[0], pitch_range * factors[1], rate * factors[2], level + decibels[0], bright + decibels[1]
    )


def _by_espeak(text: str, voice: str, how: Performance) -> Audio:
    # Its pitch goes up an octave over 50 of its steps, and its liveliness is in hertz, not in semitones.
    pitch, liveliness = 45 + 50 * np.log2(how.pitch), 50 * how.pitch_range * how.pitch
    steps = [round(float(np.clip(value, 0, 99))) for value in (pitch, liveliness)]
    return speak(text, voice=voice, words_per_minute=round(160 * how.rate), pitch=steps[0], liveliness=steps[1]).audio


def _by_flite(text: str, voice: str, how: Performance) -> Audio:
    mean = _FLITE_MEAN_HZ[voice] * how.pitch
    settings = {
        "int_f0_target_mean": mean,
        "int_f0_target_stddev": _FLITE_DEVIATION_HZ * how.pitch * how.pitch_range,
        "duration_stretch": 1 / how.rate,
    }
    arguments = [part for name, value in settings.items() for part in ("--setf", f"{name}={value:.3f}")]
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, *arguments, "-t", text, "-o", file.name], check=True)
        return read_audio(file.name)


def brightened(audio: Audio, brightness_db: float, level_db: float) -> Audio:
    """A high shelf after R. Bristow-Johnson's cookbook, and a gain."""
    gain = 10 ** (brightness_db / 40)
    turn = 2 * np.pi * BRIGHT_HZ / audio.sample_rate
    slope = np.sin(turn) / np.sqrt(2) * 2 * np.sqrt(gain)
    up, down, middle = gain + 1, gain - 1, np.cos(turn)
    above = [gain * (up + down * middle + slope), -2 * gain * (down + up * middle), gain * (up + down * middle - slope)]
    below = [up - down * middle + slope, 2 * (down - up * middle), up - down * middle - slope]
    samples = sosfilt(np.array([above + below]) / below[0], audio.samples) * 10 ** (level_db / 20)
    return audio.with_samples(samples.astype(np.float32))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    fill(folder, progress=lambda fraction, message: print(f"{fraction:4.0%} {message}", flush=True))


if __name__ == "__main__":
    main()
