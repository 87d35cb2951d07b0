"""Synthetic accompaniment: layers of drums, bass, harmony and melody over a chord progression."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from starters.separator import drums, held_out_instruments, instruments
from starters.separator.effects import (
    RATE,
    Generator,
    Sound,
    apply_chorus,
    apply_compression,
    apply_echo,
    apply_equaliser,
    apply_pan,
    apply_reverb,
    log_uniform,
    measure_active_level,
)
from starters.separator.instruments import Instrument

LAYERS = ("drums", "bass", "harmony", "melody")
SHAPES = ((0, 2, 4), (0, 2, 4, 7), (0, 2, 4, 6), (0, 4), (0, 4, 9))
"""Chords: degrees above their root."""
MODES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 5, 7, 9, 10))


@dataclass(frozen=True)
class Band:
    """Instruments and progressions of one split of the corpus; the splits share none."""

    instruments: tuple[Callable[[Generator], Instrument], ...]
    kit: Callable[[Generator], drums.Kit]
    progressions: tuple[tuple[int, ...], ...]
    """Degrees of the scale, from 0."""


TRAINING = Band(
    (
        instruments.guitar, instruments.guitar, instruments.fm, instruments.analog, instruments.analog,
        instruments.organ, instruments.piano, instruments.piano, instruments.bar, instruments.wind,
        instruments.bowed, instruments.breeze, *6 * (instruments.stack,),
    ),
    drums.draw_kit,
    (
        (0, 4, 5, 3), (0, 5, 3, 4), (5, 3, 0, 4), (0, 3, 4, 3), (1, 4, 0), (0, 3), (0, 6, 3), (0, 2, 3, 4), (0,),
        (3, 4, 2, 5), (0, 5, 1, 4), (5, 4, 3, 4), (0, 3, 0, 4), (0, 4), (0, 6, 5, 4), (2, 5, 1, 4), (0, 1, 3, 0),
    ),
)  # fmt: skip
TEST = Band(
    (
        held_out_instruments.clarinet,
        held_out_instruments.accordion,
        held_out_instruments.bent_phase,
        held_out_instruments.ring,
        held_out_instruments.harp,
    ),
    drums.draw_held_out_kit,
    ((0, 2, 5, 4), (3, 0, 4, 5), (0, 4, 1, 3), (5, 1, 3, 0), (0, 6, 0, 4), (0, 3, 5, 4)),
)


@dataclass(frozen=True)
class Score:
    """Tempo, key and chords of one track."""

    frames: int
    step_seconds: float
    """A sixteenth."""
    chord_steps: int
    root: int
    mode: tuple[int, ...]
    progression: tuple[int, ...]

    def midi(self, degree: int, octave: int = 0) -> int:
        return self.root + self.mode[degree % 7] + 12 * (degree // 7 + octave)

    def chords(self) -> list[tuple[int, int]]:
        """Step and degree of each."""
        steps = int(self.frames / RATE / self.step_seconds)
        starts = range(0, steps, self.chord_steps)
        return [(step, self.progression[turn % len(self.progression)]) for turn, step in enumerate(starts)]


@dataclass(frozen=True)
class Note:
    step: float
    steps: float
    midi: int
    gain: float = 1.0


def band_layers(band: Band, generator: Generator, seconds: float) -> dict[str, Sound]:
    """Render the layers, each of shape (2, frames) and about equally loud."""
    score = draw_score(generator, seconds, band.progressions)
    layers = {}
    for name in draw_layers(generator):
        if name == "drums":
            sound = drums.render_beat(band.kit(generator), generator, score.frames, score.step_seconds)
        else:
            sound = _render_layer(NOTES[name](score, generator), band, generator, score, sways=name == "melody")
        sound = apply_effects(sound, generator, name)
        layers[name] = 0.1 * sound / (measure_active_level(sound) + 1e-9)
    return layers


def draw_score(generator: Generator, seconds: float, progressions: tuple[tuple[int, ...], ...]) -> Score:
    return Score(
        frames=round(seconds * RATE),
        step_seconds=15 / log_uniform(generator, 60, 180),
        chord_steps=int(generator.choice([8, 12, 16, 16, 32])),
        root=int(generator.integers(45, 57)),
        mode=MODES[generator.integers(len(MODES))],
        progression=progressions[generator.integers(len(progressions))],
    )


def draw_layers(generator: Generator) -> list[str]:
    """Which of `LAYERS` play."""
    chance = {"drums": 0.75, "bass": 0.8, "harmony": 0.9, "melody": 0.6}
    return [name for name in LAYERS if generator.random() < chance[name]] or ["harmony"]


def apply_effects(sound: Sound, generator: Generator, name: str, reverb: Callable[..., Sound] = apply_reverb) -> Sound:
    sound = apply_equaliser(sound, generator, spread_db=3)
    if generator.random() < 0.4:
        sound = apply_compression(sound, generator)
    if name == "melody" and generator.random() < 0.3:
        sound = apply_echo(sound, generator)
    if name != "bass" and generator.random() < 0.6:
        sound = reverb(sound, generator, wet=log_uniform(generator, 0.05, 0.8))
    return sound


def _render_layer(notes: list[Note], band: Band, generator: Generator, score: Score, *, sways: bool) -> Sound:
    """Render notes on one or two instruments in unison, at random stereo positions."""
    stereo = np.zeros((2, score.frames))
    for _ in range(generator.choice([1, 2], p=[0.7, 0.3])):
        play = band.instruments[generator.integers(len(band.instruments))](generator)
        mono = _render_notes(notes, play, score)
        if sways and generator.random() < 0.6:
            mono = _apply_vibrato(mono, generator)
        is_chorus = generator.random() < 0.4
        sound = apply_chorus(mono, generator) if is_chorus else apply_pan(mono, generator.uniform(-0.8, 0.8))
        stereo += sound / (measure_active_level(sound) + 1e-9)
    return stereo


def _render_notes(notes: list[Note], play: Instrument, score: Score) -> Sound:
    mono = np.zeros(score.frames)
    made: dict[tuple[int, int], Sound] = {}
    for note in notes:
        kind = (note.midi, round(note.steps * 4))
        if kind not in made:
            sound = play(440 * 2 ** ((note.midi - 69) / 12), note.steps * score.step_seconds)
            made[kind] = sound / (np.abs(sound).max() + 1e-9)
        at = round(note.step * score.step_seconds * RATE)
        heard = made[kind][: max(0, score.frames - at)]
        mono[at : at + len(heard)] += note.gain * heard
    return mono


def _apply_vibrato(mono: Sound, generator: Generator) -> Sound:
    """Apply vibrato by resampling at a modulated speed."""
    frames = np.arange(len(mono))
    speed, semitones = generator.uniform(3, 7), generator.uniform(0.1, 0.8)
    swing = semitones / 12 * np.log(2) * RATE / (2 * np.pi * speed)
    return np.interp(frames + swing * np.sin(2 * np.pi * speed * frames / RATE), frames, mono)


def _bass_notes(score: Score, generator: Generator) -> list[Note]:
    gap = int(generator.choice([1, 2, 2, 4, 4, 8]))
    hold = gap * generator.uniform(0.4, 1.0)
    moves = generator.choice([0, 0, 4, 7, 2], score.chord_steps)
    rests = generator.random(score.chord_steps) < generator.choice([0.0, 0.3])
    return [
        Note(step + offset, hold, score.midi(degree + (0 if offset == 0 else int(moves[offset])), -1))
        for step, degree in score.chords()
        for offset in range(0, score.chord_steps, gap)
        if offset == 0 or not rests[offset]
    ]


def _harmony_notes(score: Score, generator: Generator) -> list[Note]:
    shape = SHAPES[generator.integers(len(SHAPES))]
    manner = generator.choice(["held", "struck", "broken"])
    gap = int(generator.choice([2, 4, 4, 8])) if manner != "broken" else int(generator.choice([1, 2, 2]))
    octave = int(generator.choice([0, 0, 1]))
    strum = generator.choice([0.0, 0.15])
    order = generator.permutation(len(shape))
    notes = []
    for step, degree in score.chords():
        pitches = [score.midi(degree + int(part), octave) for part in shape]
        if manner == "held":
            notes += [Note(step + strum * turn, score.chord_steps * 0.97, midi) for turn, midi in enumerate(pitches)]
        for turn, offset in enumerate(range(0, score.chord_steps, gap) if manner != "held" else ()):
            if manner == "broken":
                notes.append(Note(step + offset, gap * 1.5, pitches[order[turn % len(order)]]))
            else:
                gain = 1.0 if offset % 8 == 0 else 0.7
                notes += [Note(step + offset + strum * at, gap * 0.8, midi, gain) for at, midi in enumerate(pitches)]
    return notes


def _melody_notes(score: Score, generator: Generator) -> list[Note]:
    """Draw a random walk on the scale, with rests, in the range of singing voices."""
    notes: list[Note] = []
    step, degree = 0.0, int(generator.integers(0, 14))
    lengths = generator.choice([1, 2, 3, 4, 6, 8], 3)
    end = score.frames / RATE / score.step_seconds
    octave = int(generator.choice([-1, 0, 0, 1]))
    while step < end:
        steps = float(generator.choice(lengths))
        if generator.random() > 0.2:
            notes.append(Note(step, steps * 0.95, score.midi(degree, octave), generator.uniform(0.6, 1)))
        degree = int(np.clip(degree + generator.choice([-4, -2, -1, -1, 0, 1, 1, 2, 4]), 0, 16))
        step += steps
    return notes


NOTES = {"bass": _bass_notes, "harmony": _harmony_notes, "melody": _melody_notes}
