"""A vocal track: phrases of one voice with pauses, perhaps doubled or in harmony, through a mixing desk."""

from collections.abc import Callable

import numpy as np

from starters.separator.effects import (
    RATE,
    Generator,
    Sound,
    compressed,
    echoed,
    equalised,
    in_a_room,
    log_uniform,
    placed,
    saturated,
)
from starters.separator.voices import (
    Cast,
    choose_speaker,
    put_together,
    say,
    spoken_otherwise,
    sung,
    take_apart,
    to_corpus_rate,
    with_other_throat,
)

Phrase = Callable[[], list[Sound]]
"""Makes the next phrase: the voice itself, and those that sing along, each of the same length."""
INTERVALS = (-12, -5, -4, -3, 0, 0, 0, 3, 4, 5, 7, 12)


def vocal_track(cast: Cast, generator: Generator, seconds: float) -> Sound:
    """Stereo, at any level."""
    companions = int(generator.choice([0, 1, 2, 3], p=[0.7, 0.15, 0.1, 0.05]))
    phrase = _performer(cast, generator, companions)
    parts = _strung_together(phrase, generator, round(seconds * RATE), companions)
    lead = equalised(parts[0], generator)
    stereo = placed(lead, generator.normal(0, 0.04) if generator.random() < 0.85 else generator.uniform(-0.6, 0.6))
    for part in parts[1:]:
        late = np.roll(part, round(generator.uniform(0, 0.03) * RATE))
        stereo += generator.uniform(0.2, 0.8) * placed(equalised(late, generator), generator.uniform(-0.9, 0.9))
    if generator.random() < 0.5:
        stereo = compressed(stereo, generator)
    if generator.random() < 0.1:
        stereo = saturated(stereo, log_uniform(generator, 1, 6))
    if generator.random() < 0.15:
        stereo = echoed(stereo, generator)
    if generator.random() < 0.75:
        stereo = in_a_room(stereo, generator, wet=log_uniform(generator, 0.05, 0.7))
    return stereo


def _performer(cast: Cast, generator: Generator, companions: int) -> Phrase:
    voice, language = choose_speaker(cast, generator)
    manner = generator.choice(["as it is", "spoken", "sung"], p=[0.12, 0.2, 0.68])
    size = float(np.clip(generator.normal(1.02, 0.12), 0.75, 1.35))
    breathiness = log_uniform(generator, 0.7, 1.6)
    # Higher voices mostly have smaller throats.
    middle_hz = log_uniform(generator, 100, 480) * size**1.5
    stretch = log_uniform(generator, 1.2, 7)
    intervals = [float(generator.choice(INTERVALS)) + generator.normal(0, 0.12) for _ in range(companions)]

    def phrase() -> list[Sound]:
        spoken, rate = say(cast, voice, language, generator)
        if manner == "as it is":
            return [to_corpus_rate(spoken, rate)] * (1 + companions)
        throat = with_other_throat(take_apart(spoken, rate), size, breathiness)
        if manner == "spoken" or not (throat.pitch > 0).any():
            throat = spoken_otherwise(throat, generator)
        else:
            throat = sung(throat, generator, middle_hz, stretch)
        return [put_together(throat, transposed=interval) for interval in (0.0, *intervals)]

    return phrase


def _strung_together(phrase: Phrase, generator: Generator, frames: int, companions: int) -> list[Sound]:
    parts = [np.zeros(frames) for _ in range(1 + companions)]
    pause = log_uniform(generator, 0.08, 1.2)
    at = round(generator.uniform(-1.0, 1.0) * RATE)
    while at < frames:
        sounds = phrase()
        gain = 10 ** (generator.normal(0, 2) / 20) * 0.1 / (np.sqrt(np.mean(sounds[0] ** 2)) + 1e-6)
        for part, sound in zip(parts, sounds, strict=True):
            heard = sound[max(0, -at) : frames - at]
            part[max(0, at) : max(0, at) + len(heard)] += gain * heard
        at += len(sounds[0]) + round(pause * generator.uniform(0.3, 2) * RATE)
    return parts
