"""Render the example recordings: a song with vocals, a spoken line and a sung line. All synthetic and free.

    python examples/make_examples.py [FOLDER]

The song is the exact sum of vocals and accompaniment in 16-bit integers, so that the accompaniment follows by
subtraction: tests/data contains the vocals.
"""

import sys
from pathlib import Path

import numpy as np
import soundfile
from singing import Note, sing

from vc_core.audio import Audio
from vc_core.speech.espeak import speak

RATE = 44_100
BEAT_SECONDS = 60 / 84
BARS = 8
TAIL_SECONDS = 1.2
SECONDS = BARS * 4 * BEAT_SECONDS + TAIL_SECONDS

# An original tune. One note for each vowel: pitch (MIDI), and length in beats; 0 is a rest.
LINES = [
    ("morning light is on the sea", [(64, 1), (64, 1), (67, 1), (69, 0.5), (67, 0.5), (64, 1), (62, 2.5), (0, 0.5)]),
    ("all the waves come home to me", [(60, 1), (62, 1), (64, 1), (67, 0.5), (69, 0.5), (67, 1), (64, 2.5), (0, 0.5)]),
    ("let it go and let it stay", [(69, 1), (71, 1), (72, 1), (71, 0.5), (69, 0.5), (67, 1), (69, 2.5), (0, 0.5)]),
    ("we will sing another day", [(67, 1), (64, 1), (65, 1), (64, 0.5), (62, 0.5), (62, 1), (60, 2.5), (0, 0.5)]),
]
CHORDS = ["C", "G", "Am", "F"] * 2
TRIADS = {"C": (48, 52, 55), "G": (43, 47, 50), "Am": (45, 48, 52), "F": (41, 45, 48)}


def sung_part() -> Audio:
    """The vocals: one line every two bars."""
    lines = []
    for count, (text, melody) in enumerate(LINES):
        # Start late, which leaves time for the first consonants.
        at = 0.15
        notes = []
        for pitch, beats in melody:
            if pitch:
                notes.append(Note(pitch, at, beats * BEAT_SECONDS * 0.98))
            at += beats * BEAT_SECONDS
        last = count == len(LINES) - 1
        speech = speak(text, words_per_minute=140, pitch=60, liveliness=20)
        line = sing(speech, notes, seconds=8 * BEAT_SECONDS + (TAIL_SECONDS if last else 0.0))
        lines.append(line.resample(RATE).samples[0])
    return Audio(0.9 * np.concatenate(lines)[None] / max(np.abs(line).max() for line in lines), RATE)


def band_part(generator: np.random.Generator) -> Audio:
    """The accompaniment: plucked chords left and right, bass, kick and hat."""
    frames = round(SECONDS * RATE)
    band = np.zeros((2, frames))
    for bar, name in enumerate(CHORDS):
        triad = TRIADS[name]
        for eighth in range(8):
            start = (bar * 4 + eighth / 2) * BEAT_SECONDS + generator.normal(0, 0.004)
            tone = (*triad, triad[1] + 12)[(0, 1, 2, 3, 2, 1, 2, 1)[eighth]] + 12
            left = (0.85, 0.25)[eighth % 2]
            _place(band, start, 0.16 * generator.uniform(0.8, 1.1) * _pluck(tone, 1.6), (left, 1.1 - left))
        for beat in range(4):
            when = (bar * 4 + beat) * BEAT_SECONDS
            if beat % 2 == 0:
                _place(band, when, 0.3 * _pluck(triad[0] - 12, 1.2, brightness=0.35), (0.7, 0.7))
                _place(band, when, 0.5 * _kick(), (0.7, 0.7))
            _place(band, when + BEAT_SECONDS / 2, 0.05 * _hat(generator), (0.5, 0.8))
    _place(band, BARS * 4 * BEAT_SECONDS, 0.3 * _pluck(48, 1.2), (0.7, 0.7))
    return Audio(band.astype(np.float32), RATE)


def _place(band: np.ndarray, start_seconds: float, sound: np.ndarray, left_right: tuple[float, float]) -> None:
    start = max(0, round(start_seconds * RATE))
    sound = sound[: band.shape[1] - start]
    band[:, start : start + len(sound)] += np.outer(left_right, sound)


def _pluck(midi: float, seconds: float, brightness: float = 0.6) -> np.ndarray:
    """A plucked string: harmonics that decay faster the higher they are."""
    times = np.arange(round(seconds * RATE)) / RATE
    hertz = 440 * 2 ** ((midi - 69) / 12)
    harmonics = np.arange(1, int(min(12, 8000 / hertz)) + 1)
    parts = [
        brightness ** (n - 1)
        * np.sin(2 * np.pi * hertz * n * times * (1 + 0.0002 * n))
        * np.exp(-times * (1.5 + 1.1 * n))
        for n in harmonics
    ]
    return np.sum(parts, axis=0) * _soft_ends(len(times), 0.002, 0.15)


def _kick() -> np.ndarray:
    times = np.arange(round(0.25 * RATE)) / RATE
    sweep = 2 * np.pi * np.cumsum(45 + 90 * np.exp(-times * 40)) / RATE
    return np.sin(sweep) * np.exp(-times * 14) * _soft_ends(len(times), 0.001, 0.05)


def _hat(generator: np.random.Generator) -> np.ndarray:
    frames = round(0.05 * RATE)
    hiss = np.diff(generator.standard_normal(frames + 1))
    return hiss * np.exp(-np.arange(frames) / RATE * 90) * _soft_ends(frames, 0.0005, 0.01)


def _soft_ends(frames: int, rise_seconds: float, fall_seconds: float) -> np.ndarray:
    rise = np.minimum(np.arange(frames) / (rise_seconds * RATE), 1)
    return rise * np.minimum((frames - np.arange(frames)) / (fall_seconds * RATE), 1)


def in_a_room(vocals: Audio, generator: np.random.Generator) -> Audio:
    """Add a few early reflections in stereo to a mono voice."""
    dry = vocals.samples[0]
    wet = np.stack([0.75 * dry, 0.75 * dry])
    for side in (0, 1):
        for delay in generator.uniform(0.011, 0.06, 5):
            shift = round(delay * RATE)
            wet[side, shift:] += 0.12 * np.exp(-delay * 20) * dry[:-shift]
    return vocals.with_samples(wet.astype(np.float32))


def in_16_bits(audio: Audio, gain: float) -> np.ndarray:
    return np.round(audio.samples.T * gain * 32767).astype(np.int16)


def main(folder: Path, stems_folder: Path) -> None:
    generator = np.random.default_rng(7)
    sung = sung_part()
    band = band_part(generator)
    frames = min(sung.frames, band.frames)
    vocals = in_16_bits(in_a_room(sung.slice(0, frames), generator), 0.55)
    accompaniment = in_16_bits(band.slice(0, frames), 0.5)
    spoken = speak(
        "The quick answer is often wrong. Take a breath, and tell me again what you heard.", voice="en-us+m3"
    )
    line_frames = round(8 * BEAT_SECONDS * RATE)
    folder.mkdir(exist_ok=True)
    stems_folder.mkdir(exist_ok=True, parents=True)
    soundfile.write(folder / "song.flac", vocals + accompaniment, RATE, compression_level=1.0)
    soundfile.write(stems_folder / "song_vocals.flac", vocals, RATE, compression_level=1.0)
    soundfile.write(folder / "sung_line.flac", in_16_bits(sung.slice(0, line_frames), 0.6), RATE, compression_level=1.0)
    soundfile.write(
        folder / "spoken_line.flac", in_16_bits(spoken.audio, 0.8), spoken.audio.sample_rate, compression_level=1.0
    )


if __name__ == "__main__":
    here = Path(__file__).parent
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else here, here.parent / "tests" / "data")
