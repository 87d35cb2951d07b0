"""The encoder hears the same at every level, in every window, and in a larger throat what its warp undoes."""

import numpy as np
import pytest
import torch

from vc_core.instant_weights import load_units
from vc_core.models import units


@pytest.fixture(scope="module")
def noise():
    return torch.randn(1, 3 * units.RATE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("gain", [1e-3, 0.1, 10.0])
def test_levelled_sound_is_the_same_at_every_level(noise, gain):
    torch.testing.assert_close(units.levelled(gain * noise), units.levelled(noise), atol=1e-4, rtol=1e-4)


def test_a_crescendo_is_levelled_and_silence_stays_silence(noise):
    swelling = noise * torch.logspace(-1, 0, noise.shape[1])
    swelling[:, : units.RATE] = 0
    flat = units.levelled(swelling)
    assert not flat[:, : units.RATE].any()
    thirds = flat[0, units.RATE + 4_000 :].unfold(0, 4_000, 4_000).std(1)
    assert thirds.max() / thirds.min() < 1.5


def test_bands_of_white_sound_of_power_1_are_0(noise):
    bands = units.log_mel(units.power_spectrum(noise))
    assert bands.shape == (1, 301, units.MELS)
    assert bands[:, 5:-5].mean() == pytest.approx(-0.3, abs=0.3)  # the mean of a logarithm is lower than its mean's


def test_a_band_hears_further_up_by_its_warp():
    hertz = torch.arange(units.BINS) * units.RATE / 2 / (units.BINS - 1)
    middles, warped = (torch.einsum("b,bm->m", hertz, units.mel_bands(warp)) for warp in (1.0, 1.25))
    np.testing.assert_allclose(warped[20:60] / middles[20:60], 1.25, rtol=0.01)


def test_units_are_bounded_and_don_t_depend_on_where_a_window_begins(noise):
    encoder, bands = load_units(), units.log_mel(units.power_spectrum(noise))
    with torch.inference_mode():
        whole, part = encoder(bands), encoder(bands[:, 100:])
    assert whole.shape == (1, 301, units.UNITS)
    assert whole.abs().max() <= 1
    torch.testing.assert_close(whole[:, 150:], part[:, 50:], atol=1e-4, rtol=0)
