"""Synthetic recordings by emotion: vowels whose pitch and brightness depend on the emotion."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
HERTZ = {"happy": 1.4, "neutral": 1.0, "sad": 0.85}
BRIGHTNESS = {"happy": 0.5, "neutral": 1.0, "sad": 2.0}
FORMANTS = ((700, 1_200), (300, 2_300), (350, 800), (500, 1_700))


def vowels(emotion: str, seed: int, *, seconds: float = 1.2, hertz: float = 120.0, tract: float = 1.0) -> np.ndarray:
    """Four vowels in random order, each with a Hann envelope."""
    generator = np.random.default_rng(seed)
    frames = round(seconds / len(FORMANTS) * RATE)
    times = np.arange(frames) / RATE
    sounds = []
    for first, second in generator.permutation(FORMANTS):
        pitch = hertz * HERTZ[emotion] * generator.uniform(0.9, 1.1)
        harmonics = np.arange(1, int(7_000 / pitch)) * pitch
        levels = sum(1 / (1 + ((harmonics - formant * tract) / 150) ** 2) for formant in (first, second)) + 0.01
        levels = levels * (harmonics / 1_000) ** (-0.5 * BRIGHTNESS[emotion])
        wave = (levels[:, None] * np.sin(2 * np.pi * harmonics[:, None] * times + harmonics[:, None])).sum(axis=0)
        sounds.append(wave * np.hanning(frames))
    wave = np.concatenate(sounds) + 0.003 * generator.standard_normal(frames * len(FORMANTS))
    return 0.3 * wave / np.abs(wave).max()


def write_emotions(folder: Path, *, speakers: int = 2, each: int = 2) -> Path:
    for emotion in HERTZ:
        (folder / emotion).mkdir(parents=True)
        for speaker in range(speakers):
            for number in range(each):
                tract, seed = 1 + 0.15 * speaker, 100 * speaker + number
                sound = vowels(emotion, seed, hertz=110.0 + 60 * speaker, tract=tract)
                soundfile.write(folder / emotion / f"s{speaker}_{number}.wav", sound, RATE)
    return folder


def write_two_speakers(folder: Path, *, each: int = 3) -> Path:
    for speaker, name in enumerate(("Ann", "Bob")):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            sound = vowels("neutral", 10 * speaker + number, hertz=200.0 - 90 * speaker, tract=1.15 - 0.25 * speaker)
            soundfile.write(folder / name / f"{number}.wav", sound, RATE)
    return folder
