"""How a converter does: with speech whose truth is known, at any level, and on a held note.

As synthesisers say the same sentence in every voice, there is a truth to compare with. The speaker that is converted
is flite's rms, whom no training has heard.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch

from starters.instant.measures import distortion_db, pitch_likeness
from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, Converter
from vc_core.models import ddsp
from vc_core.pitch import find_pitch

UNHEARD = "rms"
OPTIONS = ConversionOptions(automatic_key="semitones")
LEVELS_DB = (-45.0, -20.0, -3.0)
SWEEP_SECONDS = 4.0


@dataclass(frozen=True)
class Row:
    unconverted_db: float
    converted_db: float
    resynthesised_db: float
    """The voice's own speech through its own decoder: what the decoder alone costs."""
    correlation: float
    voicing_errors: float
    speed: float
    """Seconds of work for a second of sound."""


def measure(converter: Converter, source: Audio, truth: Audio) -> Row:
    began = time.process_time()
    made = converter.convert(source, OPTIONS)
    spent = time.process_time() - began
    again = converter.convert(truth, ConversionOptions(automatic_key="off"))
    return Row(
        distortion_db(source, truth),
        distortion_db(made, truth),
        distortion_db(again, truth),
        *pitch_likeness(made, source),
        spent / source.seconds,
    )


def loudest_difference_db(converter: Converter, source: Audio, truth: Audio) -> float:
    """Between the distortions of the same speech at very different levels."""
    peak = np.abs(source.samples).max()
    scores = [
        distortion_db(converter.convert(source.with_samples(source.samples / peak * gain), OPTIONS), truth)
        for gain in (np.float32(10 ** (level / 20)) for level in LEVELS_DB)
    ]
    return max(scores) - min(scores)


def vowel_sweep(low_hz: float, high_hz: float, rate: int = 44_100) -> tuple[Audio, np.ndarray]:
    """A held “ah” that rises evenly, and its pitch at each frame."""
    frames = round(SWEEP_SECONDS * rate)
    hertz = low_hz * (high_hz / low_hz) ** (np.arange(frames) / frames)
    source = torch.from_numpy(ddsp.pulses(hertz, ddsp.cycles(hertz, rate), rate).astype(np.float32))[None]
    bins = torch.linspace(0, float(np.log(ddsp.HIGHEST_HZ / 700 + 1)), ddsp.POINTS).expm1() * 700
    formants = ((700, 100, 0.0), (1_150, 110, -0.7), (2_700, 200, -2.5), (3_500, 300, -3.0))
    curve = torch.stack([gain - torch.log(1 + ((bins - at) / width) ** 2) for at, width, gain in formants]).amax(0)
    curves = curve.expand(1, frames // ddsp.hop_of(rate) + 1, -1)
    fade = np.minimum(1.0, np.minimum(np.arange(frames), np.arange(frames)[::-1]) / (0.05 * rate))
    samples = 0.1 * ddsp.filtered(source, curves, rate).numpy() * fade
    return Audio(samples.astype(np.float32), rate), hertz


def held_note(converter: Converter, low_hz: float) -> tuple[float, float]:
    """The share of moments within 20 cents, of a sweep over two octaves; and the largest jump beside the usual one."""
    source, hertz = vowel_sweep(low_hz, 4 * low_hz)
    made = converter.convert(source, ConversionOptions(automatic_key="off"))
    found = find_pitch(made, "harvest").hertz
    times = np.arange(len(found)) * 0.005
    inside = (times > 0.1) & (times < SWEEP_SECONDS - 0.1)
    wanted = np.interp(times, np.arange(len(hertz)) / source.sample_rate, hertz)
    cents = 1200 * np.abs(np.log2(np.maximum(found[inside], 1.0) / wanted[inside]))
    return float((cents < 20).mean()), clicks(made)


def clicks(audio: Audio) -> float:
    """The largest step of the curvature beside the largest that is usual within 20 ms around it."""
    bent = np.abs(np.diff(audio.samples[0].astype(np.float64), 3))
    size = round(0.02 * audio.sample_rate)
    peaks = bent[: len(bent) // size * size].reshape(-1, size).max(1)[5:-5]
    around = np.array([np.median(peaks[max(0, at - 4) : at + 5]) for at in range(len(peaks))])
    return float((peaks / (around + 1e-6)).max())
