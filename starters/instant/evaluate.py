"""Evaluate a converter on a sustained note that sweeps over two octaves: pitch and clicks."""

import numpy as np
import torch

from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, Converter
from vc_core.models import ddsp
from vc_core.signal.pitch import estimate_pitch

SWEEP_SECONDS = 4.0


def make_vowel_sweep(low_hz: float, high_hz: float, rate: int = 44_100) -> tuple[Audio, np.ndarray]:
    """A sustained “ah” that rises evenly, and its pitch at each sample."""
    frames = round(SWEEP_SECONDS * rate)
    hertz = low_hz * (high_hz / low_hz) ** (np.arange(frames) / frames)
    source = torch.from_numpy(
        ddsp.synthesise_pulses(hertz, ddsp.compute_phase_cycles(hertz, rate), rate).astype(np.float32)
    )[None]
    bins = torch.linspace(0, float(np.log(ddsp.HIGHEST_HZ / 700 + 1)), ddsp.CURVE_POINTS).expm1() * 700
    formants = ((700, 100, 0.0), (1_150, 110, -0.7), (2_700, 200, -2.5), (3_500, 300, -3.0))
    curve = torch.stack([gain - torch.log(1 + ((bins - at) / width) ** 2) for at, width, gain in formants]).amax(0)
    curves = curve.expand(1, frames // ddsp.compute_hop(rate) + 1, -1)
    fade = np.minimum(1.0, np.minimum(np.arange(frames), np.arange(frames)[::-1]) / (0.05 * rate))
    samples = 0.1 * ddsp.apply_filters(source, curves, rate).numpy() * fade
    return Audio(samples.astype(np.float32), rate), hertz


def measure_held_note(converter: Converter, low_hz: float) -> tuple[float, float]:
    """Share of frames within 20 cents in a sweep over two octaves, and the measure of clicks."""
    source, hertz = make_vowel_sweep(low_hz, 4 * low_hz)
    made = converter.convert(source, ConversionOptions(automatic_key="off"))
    found = estimate_pitch(made, "harvest").hertz
    times = np.arange(len(found)) * 0.005
    inside = (times > 0.1) & (times < SWEEP_SECONDS - 0.1)
    wanted = np.interp(times, np.arange(len(hertz)) / source.sample_rate, hertz)
    cents = 1200 * np.abs(np.log2(np.maximum(found[inside], 1.0) / wanted[inside]))
    return float((cents < 20).mean()), measure_clicks(made)


def measure_clicks(audio: Audio) -> float:
    """Largest third difference relative to the median of those around it."""
    bent = np.abs(np.diff(audio.samples[0].astype(np.float64), 3))
    size = round(0.02 * audio.sample_rate)
    peaks = bent[: len(bent) // size * size].reshape(-1, size).max(1)[5:-5]
    around = np.array([np.median(peaks[max(0, at - 4) : at + 5]) for at in range(len(peaks))])
    return float((peaks / (around + 1e-6)).max())
