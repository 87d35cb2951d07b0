"""The DDSP source is exact in F0 and band, and the filters have the response of their curves."""

import numpy as np
import pytest
import torch

from vc_core.models import content_encoder, ddsp

RATE = 24_000


def steady(hertz: float, frames: int = RATE) -> np.ndarray:
    track = np.full(frames, float(hertz))
    return ddsp.synthesise_pulses(track, ddsp.compute_phase_cycles(track, RATE), RATE)


@pytest.mark.parametrize("hertz", [50.0, 123.4, 440.0, 1_100.0])
def test_pulses_have_power_1_at_every_pitch(hertz):
    assert np.mean(steady(hertz) ** 2) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("hertz", [100.0, 440.0, 1_000.0])
def test_pulses_contain_harmonics_only(hertz):
    spectrum = np.abs(np.fft.rfft(steady(hertz)))
    harmonics = spectrum[:: round(hertz)][1:]
    between = np.delete(spectrum, np.arange(0, len(spectrum), round(hertz)))
    assert between.max() < 1e-6 * harmonics.max()


def test_a_gliding_f0_makes_no_clicks():
    """A harmonic that appears suddenly would; the whole step is no larger than within the glide."""
    track = np.linspace(400, 500, RATE)
    wave = ddsp.synthesise_pulses(track, ddsp.compute_phase_cycles(track, RATE), RATE)
    tops = np.abs(np.diff(wave, append=wave[-1])).reshape(-1, 240).max(1)
    assert tops.max() < 1.5 * np.median(tops)


def test_unvoiced_samples_have_no_pulses():
    assert not ddsp.synthesise_pulses(np.zeros(100), np.zeros(100), RATE).any()


def test_a_flat_filter_changes_nothing():
    sound = torch.randn(2, RATE)
    flat = torch.zeros(2, 101, ddsp.CURVE_POINTS)
    torch.testing.assert_close(ddsp.apply_filters(sound, flat, RATE), sound, atol=1e-4, rtol=0)


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
def test_a_filter_curve_is_the_same_at_every_sample_rate(rate):
    """A resonance at 1 kHz is at 1 kHz."""
    hertz = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + ddsp.HIGHEST_HZ / 700), ddsp.CURVE_POINTS) / 2595) - 1)
    curve = torch.from_numpy(-np.abs(np.log(np.maximum(hertz, 1) / 1_000)) * 3).float()
    noise = torch.randn(1, rate, generator=torch.Generator().manual_seed(0))
    sound = ddsp.apply_filters(noise, curve.expand(1, 101, -1), rate)[0].numpy()
    power = np.abs(np.fft.rfft(sound)) ** 2
    loudest = np.average(np.arange(len(power))[500:2_000], weights=power[500:2_000])
    assert loudest == pytest.approx(1_050, abs=60)


def test_filters_are_minimum_phase_and_don_t_ring_before_the_source():
    click = torch.zeros(1, RATE)
    click[0, RATE // 2] = 1
    curves = torch.linspace(0, -6, ddsp.CURVE_POINTS).expand(1, 101, -1)
    sound = ddsp.apply_filters(click, curves, RATE)[0]
    assert sound[: RATE // 2 - 2].abs().max() < 1e-3 * sound.abs().max()


def test_sample_rates_without_a_whole_hop_are_refused():
    with pytest.raises(ValueError, match="whole number"):
        ddsp.compute_hop(22_050)


def test_the_decoder_gives_two_curves_for_each_frame():
    curves = ddsp.Decoder()(
        torch.zeros(2, 30, content_encoder.CONTENT_UNITS), torch.full((2, 30), 200.0), torch.zeros(2, 30)
    )
    assert curves.shape == (2, 2, 30, ddsp.CURVE_POINTS)


def test_the_decoder_looks_10_ms_ahead():
    torch.manual_seed(0)
    decoder = ddsp.Decoder(width=16).eval()
    units, hertz = torch.rand(1, 60, content_encoder.CONTENT_UNITS), torch.full((1, 60), 200.0)
    energy = torch.zeros(1, 60)
    later = units.clone()
    later[:, 40:] = 0
    with torch.inference_mode():
        before, after = decoder(units, hertz, energy), decoder(later, hertz, energy)
    torch.testing.assert_close(before[:, :, :39], after[:, :, :39])
    assert not torch.equal(before[:, :, 39], after[:, :, 39])
