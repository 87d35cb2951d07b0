"""Instruments of the test split, with other synthesis methods than those of the training split."""

import numpy as np

from starters.separator.effects import RATE, Generator, Sound, log_uniform
from starters.separator.instruments import Instrument, apply_filter, make_envelope


def clarinet(generator: Generator) -> Instrument:
    """A saturated sine wave."""
    bend, brightness = generator.uniform(1, 4), log_uniform(generator, 1_500, 5_000)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, min(0.05, seconds / 2), 0.08)
        times = np.arange(len(envelope)) / RATE
        return apply_filter(np.tanh(bend * envelope * np.sin(2 * np.pi * hertz * times)), brightness) * envelope

    return play


def accordion(generator: Generator) -> Instrument:
    """Two detuned pulse trains that beat."""
    beat, sharpness = generator.uniform(1.5, 6), generator.uniform(4, 12)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, min(0.06, seconds / 2), 0.08)
        times = np.arange(len(envelope)) / RATE
        reeds = [np.exp(sharpness * (np.cos(2 * np.pi * (hertz + side) * times) - 1)) for side in (-beat / 2, beat / 2)]
        return (reeds[0] + reeds[1] - np.mean(reeds[0] + reeds[1])) * envelope

    return play


def bent_phase(generator: Generator) -> Instrument:
    """Phase distortion synthesis that decays during the note."""
    fall, most = log_uniform(generator, 0.1, 1.5), generator.uniform(0.3, 0.46)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, 0.005, 0.2, 0.5, 0.6)
        times = np.arange(len(envelope)) / RATE
        knee = 0.5 - most * np.exp(-times / fall)
        phase = (hertz * times) % 1
        bent = np.where(phase < knee, 0.5 * phase / knee, 0.5 + 0.5 * (phase - knee) / (1 - knee))
        return -np.cos(2 * np.pi * bent) * envelope

    return play


def ring(generator: Generator) -> Instrument:
    """Ring modulation: metallic tones."""
    ratio, decay = generator.uniform(1.3, 5.7), log_uniform(generator, 1, 5)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds + 0.3, 0.002, 0.3)
        times = np.arange(len(envelope)) / RATE
        product = np.sin(2 * np.pi * hertz * times) * (0.4 + np.sin(2 * np.pi * hertz * ratio * times))
        return product * np.exp(-decay * times) * envelope

    return play


def harp(generator: Generator) -> Instrument:
    """A plucked string whose partials follow from the plucking position."""
    place, decay = generator.uniform(0.08, 0.45), log_uniform(generator, 0.5, 2)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds + 0.4, 0.002, 0.3)
        times = np.arange(len(envelope)) / RATE
        sound = np.zeros(len(times))
        for count in range(1, int(np.clip(8_000 / hertz, 2, 20))):
            weight = np.sin(np.pi * count * place) / count**2
            sound += weight * np.sin(2 * np.pi * hertz * count * times) * np.exp(-decay * count**0.7 * times)
        return 2 * sound * envelope

    return play
