"""Vocal tracks: phrases of one voice with pauses, possibly doubled or in harmony, with effects."""

from collections.abc import Callable

import numpy as np

from starters.separator.effects import (
    RATE,
    Generator,
    Sound,
    apply_compression,
    apply_echo,
    apply_equaliser,
    apply_pan,
    apply_saturation,
    log_uniform,
)
from starters.separator.voices import (
    Singers,
    analyse_voice,
    extend_treble,
    make_singing,
    scale_formants,
    synthesise_voice,
    to_corpus_rate,
    vary_speech,
)

Phrase = Callable[[], list[Sound]]
"""Renders the next phrase: the lead voice and its companions, all of the same length."""
NATURAL_RATE = 24_000
"""The sample rate of natural speech; it sings in its own range, and synthetic voices in any."""
INTERVALS = (-12, -5, -4, -3, 0, 0, 0, 3, 4, 5, 7, 12)


def vocal_track(cast: Singers, generator: Generator, seconds: float) -> Sound:
    """Stereo, at any level."""
    companions = int(generator.choice([0, 1, 2, 3], p=[0.7, 0.15, 0.1, 0.05]))
    phrase = _performer(cast, generator, companions)
    parts = _concatenate_phrases(phrase, generator, round(seconds * RATE), companions)
    lead = apply_equaliser(parts[0], generator)
    stereo = apply_pan(lead, generator.normal(0, 0.04) if generator.random() < 0.85 else generator.uniform(-0.6, 0.6))
    for part in parts[1:]:
        late = np.roll(part, round(generator.uniform(0, 0.03) * RATE))
        gain = generator.uniform(0.2, 0.8)
        stereo += gain * apply_pan(apply_equaliser(late, generator), generator.uniform(-0.9, 0.9))
    if generator.random() < 0.5:
        stereo = apply_compression(stereo, generator)
    if generator.random() < 0.1:
        stereo = apply_saturation(stereo, log_uniform(generator, 1, 6))
    if generator.random() < 0.15:
        stereo = apply_echo(stereo, generator)
    if generator.random() < 0.75:
        stereo = cast.reverb(stereo, generator, wet=log_uniform(generator, 0.05, 0.7))
    return stereo


def _performer(cast: Singers, generator: Generator, companions: int) -> Phrase:
    say = cast.choose_speaker(generator)
    manner = generator.choice(["as it is", "spoken", "sung"], p=[0.12, 0.2, 0.68])
    size = float(np.clip(generator.normal(1.02, 0.12), 0.75, 1.35))
    breathiness = log_uniform(generator, 0.7, 1.6)
    # Higher voices mostly have higher formants.
    middle_hz = log_uniform(generator, 100, 480) * size**1.5
    stretch = log_uniform(generator, 1.2, 7)
    intervals = [float(generator.choice(INTERVALS)) + generator.normal(0, 0.12) for _ in range(companions)]

    def phrase() -> list[Sound]:
        spoken, rate = say(generator)
        if manner == "as it is":
            return [to_corpus_rate(spoken, rate)] * (1 + companions)
        features = analyse_voice(spoken, rate)
        own_middle_hz = middle_hz
        if rate >= NATURAL_RATE and (features.pitch > 0).any():
            features = extend_treble(features, generator)
            own_middle_hz = 1.2 * np.median(features.pitch[features.pitch > 0]) * (middle_hz / 220) ** 0.65
        features = scale_formants(features, size, breathiness)
        if manner == "spoken" or not (features.pitch > 0).any():
            features = vary_speech(features, generator)
        else:
            features = make_singing(features, generator, own_middle_hz, stretch)
        return [synthesise_voice(features, transposed=interval) for interval in (0.0, *intervals)]

    return phrase


def _concatenate_phrases(phrase: Phrase, generator: Generator, frames: int, companions: int) -> list[Sound]:
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
