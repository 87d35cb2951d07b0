"""Synthetic instruments, with random parameters for every track."""

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, sosfilt

from starters.separator.effects import RATE, Generator, Sound, apply_saturation, log_uniform

Instrument = Callable[[float, float], Sound]
"""Renders a note from its frequency in Hz and its duration in seconds, with a release after it."""


def _times(seconds: float) -> Sound:
    return np.arange(max(64, round(seconds * RATE))) / RATE


def make_envelope(seconds: float, attack: float, release: float, sustain: float = 1.0, decay: float = 0.2) -> Sound:
    """ADSR envelope."""
    times = _times(seconds + release)
    level = np.minimum(times / attack, 1) * (sustain + (1 - sustain) * np.exp(-np.maximum(times - attack, 0) / decay))
    return level * np.clip((seconds + release - times) / release, 0, 1) ** 2


def apply_filter(sound: Sound, hertz: float, kind: str = "lowpass") -> Sound:
    return sosfilt(butter(2, min(max(hertz, 30.0), 18_000.0), kind, fs=RATE, output="sos"), sound)


def _saw(hertz: float, times: Sound, phase: float = 0.0) -> Sound:
    """Differentiated parabolic wave, which has far less aliasing than a plain sawtooth."""
    ramp = 2 * ((hertz * times + phase) % 1) - 1
    return np.diff(ramp**2, prepend=ramp[0] ** 2) * RATE / (4 * hertz)


def _partials(hertz: float, times: Sound, ratios: Sound, weights: Sound, decays: Sound) -> Sound:
    sound = np.zeros(len(times))
    for ratio, weight, decay in zip(ratios, weights, decays, strict=True):
        if hertz * ratio < 17_000:
            sound += weight * np.sin(2 * np.pi * hertz * ratio * times) * np.exp(-decay * times)
    return sound


def _string(excitation: Sound, hertz: float, frames: int, *, loss: float, dullness: float) -> Sound:
    """Karplus–Strong synthesis, computed one period at a time."""
    # The averaging filter delays by `dullness` samples.
    period = max(4, round(RATE / hertz - dullness))
    sound = np.zeros(frames + 2 * period)
    loop = np.resize(excitation, period) - excitation.mean()
    for start in range(0, frames + period, period):
        sound[start : start + period] = loop
        loop = loss * ((1 - dullness) * loop + dullness * np.roll(loop, 1))
    return sound[:frames]


def guitar(generator: Generator) -> Instrument:
    loss, dullness = 1 - log_uniform(generator, 0.001, 0.02), generator.uniform(0.1, 0.5)
    brightness, drive = (
        log_uniform(generator, 800, 12_000),
        generator.choice([0.0, generator.uniform(3, 30)], p=(0.75, 0.25)),
    )

    def play(hertz: float, seconds: float) -> Sound:
        burst = apply_filter(generator.standard_normal(RATE // 20), brightness)
        envelope = make_envelope(seconds, 0.001, 0.15)
        sound = _string(burst, hertz, len(envelope), loss=loss, dullness=dullness) * envelope
        return apply_filter(apply_saturation(sound, drive), 4_500) if drive else sound

    return play


def fm(generator: Generator) -> Instrument:
    """Electric pianos, bells and brass, by the ratio of the two oscillators."""
    ratio = float(generator.choice([1, 2, 3, 0.5, 4, 7, 1.41, 3.5, 14]))
    index, fall, decay = log_uniform(generator, 0.5, 8), log_uniform(generator, 0.1, 2), log_uniform(generator, 0.3, 3)
    attack, sustain = log_uniform(generator, 0.002, 0.08), generator.uniform(0, 0.7)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, attack, 0.25, sustain, decay)
        times = np.arange(len(envelope)) / RATE
        depth = min(index, 8_000 / (hertz * max(ratio, 1))) * np.exp(-times / fall)
        return np.sin(2 * np.pi * hertz * times + depth * np.sin(2 * np.pi * hertz * ratio * times)) * envelope

    return play


def analog(generator: Generator) -> Instrument:
    """Detuned saws or pulses, brighter at the start than later, or the other way round."""
    voices, width = int(generator.integers(1, 5)), generator.uniform(0.1, 0.5)
    pulse, spread = generator.random() < 0.4, generator.uniform(0.0005, 0.008)
    dark, bright = log_uniform(generator, 200, 2_000), log_uniform(generator, 1_500, 12_000)
    attack, sweep = log_uniform(generator, 0.003, 0.6), log_uniform(generator, 0.05, 1.5)
    rising, sustain = generator.random() < 0.3, generator.uniform(0.3, 1)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, min(attack, seconds / 2), 0.2, sustain)
        times = np.arange(len(envelope)) / RATE
        raw = np.zeros(len(times))
        for phase, detune in zip(generator.random(voices), generator.normal(0, spread, voices), strict=True):
            own = hertz * (1 + detune)
            raw += _saw(own, times, phase) - (_saw(own, times, phase + width) if pulse else 0.0)
        opened = np.exp(-times / sweep)
        opened = 1 - opened if rising else opened
        return (apply_filter(raw, dark) * (1 - opened) + apply_filter(raw, bright) * opened) * envelope / voices

    return play


def organ(generator: Generator) -> Instrument:
    bars = generator.random(9) ** 2
    ratios = np.array([0.5, 1.5, 1, 2, 3, 4, 5, 6, 8])
    rotor, depth, click = generator.uniform(0.8, 7), generator.uniform(0, 0.4), generator.uniform(0, 0.3)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, 0.008, 0.04)
        times = np.arange(len(envelope)) / RATE
        sound = _partials(hertz, times, ratios, bars, np.zeros(9)) * (1 + depth * np.sin(2 * np.pi * rotor * times))
        return (sound + click * generator.standard_normal(len(times)) * np.exp(-times * 200)) * envelope

    return play


def piano(generator: Generator) -> Instrument:
    stiffness, brightness, knock = (
        log_uniform(generator, 1e-5, 8e-4),
        generator.uniform(0.6, 0.9),
        generator.uniform(0, 0.4),
    )
    decay = log_uniform(generator, 0.4, 2.5)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, 0.002, 0.2)
        times = np.arange(len(envelope)) / RATE
        count = np.arange(1, 1 + int(np.clip(9_000 / hertz, 3, 24)))
        ratios = count * np.sqrt(1 + stiffness * count**2)
        weights = brightness**count * (1 + 0.5 * np.cos(count * 2.3))
        sound = _partials(hertz, times, ratios, weights, decay * (0.4 + 0.3 * count))
        hammer = apply_filter(generator.standard_normal(len(times)), 1_500) * np.exp(-times * 60)
        return (sound + knock * hammer) * envelope

    return play


def bar(generator: Generator) -> Instrument:
    """Marimba, vibraphone, glockenspiel, music box: struck bars and bells."""
    ratios = np.array([[1, 3.93, 9.5, 16.7], [1, 2.76, 5.4, 8.9], [1, 4, 10, 13], [1, 2.0, 3.01, 4.2]])
    own = ratios[generator.integers(4)] * generator.normal(1, 0.01, 4)
    weights, decays = 0.6 ** np.arange(4) * generator.uniform(0.3, 1.5, 4), generator.uniform(1, 4, 4) * np.arange(1, 5)
    decays *= log_uniform(generator, 0.5, 4)
    tremolo, depth = generator.uniform(3, 8), generator.choice([0, 0.4])

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds + 0.5, 0.001, 0.3)
        times = np.arange(len(envelope)) / RATE
        return (
            _partials(hertz, times, own, weights, decays) * envelope * (1 + depth * np.sin(2 * np.pi * tremolo * times))
        )

    return play


def wind(generator: Generator) -> Instrument:
    """Flutes and whistles: a few partials and breath around them."""
    weights = np.array([1, generator.uniform(0, 0.6), generator.uniform(0, 0.4), generator.uniform(0, 0.1)])
    breath, attack = log_uniform(generator, 0.01, 0.2), generator.uniform(0.02, 0.15)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, min(attack, seconds / 2), 0.1)
        times = np.arange(len(envelope)) / RATE
        air = generator.standard_normal(len(times))
        band = sosfilt(butter(1, (0.8 * hertz, min(2.5 * hertz, 20_000)), "bandpass", fs=RATE, output="sos"), air)
        return (_partials(hertz, times, np.arange(1, 5), weights, np.zeros(4)) + breath * 4 * band) * envelope

    return play


def bowed(generator: Generator) -> Instrument:
    """Strings and brass: a saw through the resonances of a body, swelling."""
    resonances = np.exp(generator.uniform(np.log(250), np.log(5_000), 4))
    strengths, attack = generator.uniform(0.3, 1.5, 4), log_uniform(generator, 0.02, 0.4)
    players = int(generator.integers(1, 5))

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, min(attack, seconds / 2), 0.2)
        times = np.arange(len(envelope)) / RATE
        raw = np.zeros(len(times))
        for phase in generator.random(players):
            raw += _saw(hertz * (1 + generator.normal(0, 0.003)), times, phase)
        raw += 0.05 * generator.standard_normal(len(times))
        body = 0.2 * apply_filter(raw, 3_000)
        for resonance, strength in zip(resonances, strengths, strict=True):
            band = butter(1, (0.8 * resonance, 1.25 * resonance), "bandpass", fs=RATE, output="sos")
            body += strength * sosfilt(band, raw)
        return body * envelope / players

    return play


def stack(generator: Generator) -> Instrument:
    """Any harmonic timbre: partials under random resonances, perhaps mostly the odd ones, perhaps beating in pairs."""
    tilt, odd = generator.uniform(0.3, 2), generator.choice([0.0, generator.uniform(0.6, 1)])
    resonances, strengths = np.exp(generator.uniform(np.log(200), np.log(5_000), 3)), generator.uniform(0, 4, 3)
    beat, breath = generator.choice([0.0, generator.uniform(0.5, 6)]), generator.choice([0.0, 0.03])
    attack, decay = log_uniform(generator, 0.002, 0.2), generator.choice([0.0, log_uniform(generator, 0.5, 4)])

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, min(attack, seconds / 2), 0.15)
        times = np.arange(len(envelope)) / RATE
        count = np.arange(1, 1 + int(np.clip(9_000 / hertz, 2, 24)))
        peaks = np.exp(-((np.log(hertz * count[:, None] / resonances) / 0.3) ** 2))
        weights = count**-tilt * (1 + peaks @ strengths) * np.where(count % 2 == 0, 1 - odd, 1.0)
        sound = _partials(hertz - beat / 2, times, count, weights, decay * np.sqrt(count))
        if beat:
            sound += _partials(hertz + beat / 2, times, count, weights, decay * np.sqrt(count))
        return (sound + breath * generator.standard_normal(len(times))) * envelope

    return play


def breeze(generator: Generator) -> Instrument:
    """Noise with a colour: wind, surf, the pad of air under a chord."""
    sharp = generator.uniform(1.02, 1.4)

    def play(hertz: float, seconds: float) -> Sound:
        envelope = make_envelope(seconds, min(0.4, seconds / 2), 0.4)
        band = butter(1, (2 * hertz / sharp, 2 * hertz * sharp), "bandpass", fs=RATE, output="sos")
        return 3 * sosfilt(band, generator.standard_normal(len(envelope))) * envelope

    return play
