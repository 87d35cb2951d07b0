"""Accompaniment played by sampled instruments: General MIDI sound fonts through FluidSynth.

It needs Debian's fluidsynth, fluid-soundfont-gm (MIT) and, for the test split only, timgm6mb-soundfont (GPL).
"""

import struct
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from starters.separator import music
from starters.separator.drums import PATTERNS
from starters.separator.effects import (
    RATE,
    Generator,
    Sound,
    apply_held_out_reverb,
    apply_pan,
    apply_reverb,
    log_uniform,
    measure_active_level,
)
from starters.separator.music import Note, Score

FONTS = Path("/usr/share/sounds/sf2")
TICKS_PER_SECOND = 960
DRUM_CHANNEL = 9
DRUM_KEYS = {
    "kick": (35, 36), "snare": (37, 38, 39, 40), "hat": (42, 44, 46), "tom": (41, 43, 45, 47, 48, 50),
    "cymbal": (49, 51, 52, 53, 55, 57, 59), "shaker": (54, 69, 70, 82), "block": (56, 60, 62, 64, 67, 75, 76, 77),
}  # fmt: skip
TEST_PROGRAMS = frozenset((3, 5, 12, 18, 21, 25, 30, 33, 38, 41, 48, 57, 66, 71, 74, 79, 81, 90, 104))
VOICES_AND_NOISES = frozenset((52, 53, 54, 85, 91, *range(120, 128)))
"""Choirs would have to count as vocals; the last are birds and telephones."""


@dataclass(frozen=True)
class SampledBand:
    """Programs of General MIDI and progressions of one split of the corpus; the splits share none."""

    fonts: tuple[str, ...]
    programs: frozenset[int]
    kits: tuple[int, ...]
    progressions: tuple[tuple[int, ...], ...]
    reverb: Callable[..., Sound] = apply_reverb

    def choose(self, layer: str, generator: Generator) -> int:
        """A program that suits the layer; half of the melodies have one whose notes last."""
        if layer == "melody" and generator.random() < 0.5:
            span = [*range(16, 24), 29, 30, *range(40, 45), *range(48, 52), *range(56, 96), 109, 110, 111]
        else:
            span = list(range(32, 40)) if layer == "bass" else [*range(32), *range(40, 120)]
        return int(generator.choice([number for number in span if number in self.programs]))


TRAINING = SampledBand(
    ("FluidR3_GM.sf2",),
    frozenset(range(128)) - TEST_PROGRAMS - VOICES_AND_NOISES,
    (0, 16, 25, 32, 48),
    music.TRAINING.progressions,
)
TEST = SampledBand(
    ("FluidR3_GM.sf2", "TimGM6mb.sf2"), TEST_PROGRAMS, (8, 24, 40), music.TEST.progressions, apply_held_out_reverb
)


def band_layers(band: SampledBand, generator: Generator, seconds: float) -> dict[str, Sound]:
    """Render the layers, each of shape (2, frames) and about equally loud."""
    score = music.draw_score(generator, seconds, band.progressions)
    font = FONTS / str(generator.choice(band.fonts))
    layers = {}
    for name in music.draw_layers(generator):
        if name == "drums":
            track = _write_beat(score, generator, int(generator.choice(band.kits)))
        else:
            notes = music.NOTES[name](score, generator)
            track = _write_notes(notes, score, generator, band.choose(name, generator), glides=name == "melody")
        sound = _spread(_play(track, font, score.frames), generator, name)
        sound = music.apply_effects(sound, generator, name, band.reverb)
        layers[name] = 0.1 * sound / (measure_active_level(sound) + 1e-9)
    return layers


def _spread(sound: Sound, generator: Generator, name: str) -> Sound:
    """Leave the font's stereo, or make it mono and pan it."""
    if generator.random() < 0.5:
        return sound
    return apply_pan(sound.mean(axis=0), generator.normal(0, 0.05) if name == "bass" else generator.uniform(-0.8, 0.8))


Events = list[tuple[float, bytes]]
"""Seconds and MIDI messages."""


def _write_beat(score: Score, generator: Generator, kit: int) -> Events:
    events: Events = [(0.0, bytes((0xC0 | DRUM_CHANNEL, kit)))]
    chance = {"kick": 0.9, "snare": 0.85, "hat": 0.8, "tom": 0.25, "cymbal": 0.4, "shaker": 0.25, "block": 0.2}
    swing = generator.choice([0.0, generator.uniform(0, 0.3)])
    for name, keys in DRUM_KEYS.items():
        if generator.random() > chance[name]:
            continue
        pattern, key = str(generator.choice(PATTERNS[name])), int(generator.choice(keys))
        loudness = generator.uniform(60, 115)
        for step in range(int(score.frames / RATE / score.step_seconds) + 1):
            if pattern[step % 16] == "x" and generator.random() > 0.04:
                at = (step + swing * (step % 2)) * score.step_seconds + abs(generator.normal(0, 0.003))
                velocity = int(np.clip(loudness * generator.uniform(0.7, 1.1), 1, 127))
                events += _note(DRUM_CHANNEL, key, velocity, at, at + 0.2)
    return events


def _write_notes(notes: list[Note], score: Score, generator: Generator, program: int, *, glides: bool) -> Events:
    """With `glides`: vibrato, and some notes that slide from the one before."""
    events: Events = [(0.0, bytes((0xC0, program)))]
    loudness = generator.uniform(60, 115)
    if glides and generator.random() < 0.6:
        events.append((0.0, bytes((0xB0, 1, int(generator.integers(20, 128))))))
    for note in notes:
        at = max(0.0, note.step * score.step_seconds + generator.normal(0, 0.006))
        key = int(np.clip(note.midi, 0, 127))
        velocity = int(np.clip(loudness * note.gain * generator.uniform(0.85, 1.1), 1, 127))
        events += _note(0, key, velocity, at, at + max(0.05, note.steps * score.step_seconds))
    if glides and generator.random() < 0.4:
        for before, note in pairwise(notes):
            if 0 < abs(before.midi - note.midi) <= 2 and generator.random() < 0.5:
                seconds = log_uniform(generator, 0.05, 0.2)
                for share in np.linspace(0, 1, 9):
                    bend = round(8192 + (before.midi - note.midi) / 2 * (1 - share) * 8191)
                    at = note.step * score.step_seconds + share * seconds
                    events.append((at, bytes((0xE0, bend & 127, min(bend >> 7, 127)))))
    return events


def _note(channel: int, key: int, velocity: int, start: float, end: float) -> Events:
    return [(start, bytes((0x90 | channel, key, velocity))), (end, bytes((0x80 | channel, key, 0)))]


def _play(events: Events, font: Path, frames: int) -> Sound:
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder, "score.mid"), Path(folder, "sound.wav")
        score.write_bytes(_as_midi_file(events))
        words = ("fluidsynth", "-n", "-i", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(RATE), "-O", "float")
        command = [*words, "-o", "synth.dynamic-sample-loading=1", "-T", "wav", "-F", str(sound), str(font), str(score)]
        subprocess.run(command, check=True, capture_output=True)
        samples, _ = soundfile.read(sound, frames=frames, always_2d=True)
    return np.pad(samples.T, ((0, 0), (0, frames - len(samples))))


def _as_midi_file(events: Events) -> bytes:
    """A standard MIDI file of one track, at half a second per quarter note."""
    track, now = b"", 0
    for seconds, message in sorted(events, key=lambda event: event[0]):
        tick = round(seconds * TICKS_PER_SECOND)
        track += _as_variable_length(tick - now) + message
        now = tick
    track += _as_variable_length(TICKS_PER_SECOND) + b"\xff\x2f\x00"
    header = struct.pack(">4sLHHH", b"MThd", 6, 0, 1, TICKS_PER_SECOND // 2)
    return header + struct.pack(">4sL", b"MTrk", len(track)) + track


def _as_variable_length(number: int) -> bytes:
    digits = [number & 127]
    while number := number >> 7:
        digits.append(128 | number & 127)
    return bytes(reversed(digits))
