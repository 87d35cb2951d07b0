"""Content units do not depend on level or window, and the mel warp compensates for vocal tract length."""

import librosa
import numpy as np
import pytest
import torch

from vc_core.models import content_encoder
from vc_core.voices.instant_weights import load_content_encoder


@pytest.fixture(scope="module")
def noise():
    return torch.randn(1, 3 * content_encoder.SAMPLE_RATE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("gain", [1e-3, 0.1, 10.0])
def test_normalised_audio_does_not_depend_on_the_input_level(noise, gain):
    torch.testing.assert_close(
        content_encoder.normalise_level(gain * noise), content_encoder.normalise_level(noise), atol=1e-4, rtol=1e-4
    )


def test_a_crescendo_is_normalised_and_silence_stays_silence(noise):
    swelling = noise * torch.logspace(-1, 0, noise.shape[1])
    swelling[:, : content_encoder.SAMPLE_RATE] = 0
    flat = content_encoder.normalise_level(swelling)
    assert not flat[:, : content_encoder.SAMPLE_RATE].any()
    thirds = flat[0, content_encoder.SAMPLE_RATE + 4_000 :].unfold(0, 4_000, 4_000).std(1)
    assert thirds.max() / thirds.min() < 1.5


def test_the_log_mel_is_that_of_librosa_in_whispers_scale(noise):
    bands = content_encoder.compute_log_mel(content_encoder.compute_power_spectrum(noise))
    assert bands.shape == (1, 301, content_encoder.MELS)
    power = librosa.feature.melspectrogram(
        y=content_encoder.LEVEL * noise[0].numpy(), sr=16_000, n_fft=400, hop_length=160, n_mels=80, pad_mode="constant"
    )
    np.testing.assert_allclose(bands[0].T, (np.log10(power + content_encoder.MEL_FLOOR) + 4) / 4, atol=1e-4)


def test_the_mel_warp_shifts_bands_up_by_its_factor():
    hertz = torch.arange(content_encoder.BINS) * content_encoder.SAMPLE_RATE / 2 / (content_encoder.BINS - 1)
    middles, warped = (
        (hertz @ filters) / filters.sum(0) for filters in map(content_encoder.compute_mel_filters, (1.0, 1.25))
    )
    np.testing.assert_allclose(warped[20:60] / middles[20:60], 1.25, rtol=0.01)


def test_content_units_are_bounded_and_don_t_depend_on_the_window_start(noise):
    encoder = load_content_encoder()
    bands = content_encoder.compute_log_mel(content_encoder.compute_power_spectrum(noise.repeat(1, 3)))
    heard = content_encoder.LAYERS * content_encoder.PAST * 2 + 4
    with torch.inference_mode():
        whole, part = encoder(bands), encoder(bands[:, 500:])
    assert whole.shape == (1, 901, content_encoder.CONTENT_UNITS)
    assert whole.abs().max() <= 1
    torch.testing.assert_close(whole[:, 500 + heard :], part[:, heard:], atol=1e-4, rtol=0)


def test_content_units_hear_no_further_ahead_than_stated(noise):
    """72 ms with the short look-ahead: half a window, the convolutions, and one frame of 20 ms in two layers."""
    encoder, cut = load_content_encoder(), 2 * content_encoder.SAMPLE_RATE
    other = torch.cat([noise[:, :cut], noise[:, : noise.shape[1] - cut]], 1)
    with torch.inference_mode():
        one, two = (
            encoder(content_encoder.compute_log_mel(content_encoder.compute_power_spectrum(n)), (1, 1, 0))
            for n in (noise, other)
        )
    at = (one - two).abs().amax((0, 2)).gt(1e-4).float().argmax()
    assert 200 - at <= 9
