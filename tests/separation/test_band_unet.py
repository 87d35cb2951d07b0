"""The band-split U-Net as a separator: exact lengths, reconstruction, level, treble, batches and weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from starters.separator.train import save_weights
from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.models.band_unet import BANDS, BINS, MASKS, BandUNet
from vc_core.separation.band_unet import GRID_SECONDS, BandUNetSeparator, load_network

RATE = 44_100


def make_noise(frames: int, *, channels: int = 2, level: float = 0.1) -> Audio:
    samples = np.random.default_rng(1).standard_normal((channels, frames + 1))
    # Nothing at half the sample rate, where the model has no bin.
    return Audio((level * (samples[:, 1:] + samples[:, :-1])).astype(np.float32), RATE)


@pytest.fixture(scope="module")
def random_model() -> BandUNetSeparator:
    torch.manual_seed(0)
    return BandUNetSeparator(BandUNet(), "cpu")


def make_constant_model(gate: float) -> BandUNetSeparator:
    """A model whose masks are the same everywhere: the sigmoid of `gate`."""
    network = BandUNet()
    for weight, bias, (_, bins) in zip(network.masks.weights, network.masks.biases, BANDS, strict=True):
        torch.nn.init.zeros_(weight)
        torch.nn.init.zeros_(bias)
        bias.data[..., : 2 * bins] = gate
    return BandUNetSeparator(network, "cpu")


def test_the_bands_cover_all_bins():
    assert sum(count * bins for count, bins in BANDS) == BINS
    assert MASKS == 6


@pytest.mark.parametrize("frames", [2, 1_000, 44_100, 150_001])
def test_open_masks_give_the_song_and_closed_ones_silence(frames):
    song = make_noise(frames)
    heard = make_constant_model(40.0).separate(song)
    np.testing.assert_allclose(heard["vocals"].samples, song.samples, atol=2e-4)
    assert np.abs(make_constant_model(-40.0).separate(song)["vocals"].samples).max() < 1e-6


def test_it_hears_up_to_20_khz():
    times = np.arange(RATE) / RATE
    song = Audio(np.repeat(0.3 * np.sin(2 * np.pi * 20_000 * times)[None], 2, axis=0).astype(np.float32), RATE)
    np.testing.assert_allclose(make_constant_model(40.0).separate(song)["vocals"].samples, song.samples, atol=1e-3)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_stems_sum_to_the_song_over_all_windows(random_model, channels):
    song = make_noise(13 * RATE + 7, channels=channels)
    stems = random_model.separate(song)
    assert stems["vocals"].samples.shape == song.samples.shape
    np.testing.assert_allclose(stems["vocals"].samples + stems["accompaniment"].samples, song.samples, atol=1e-6)


def test_windows_of_another_size_give_nearly_the_same_stems(random_model):
    """The context covers what the network sees around a border."""
    song = make_noise(8 * RATE)
    whole = random_model.split(song)["vocals"].samples
    smaller = BandUNetSeparator(random_model._network, "cpu")
    smaller.windows = replace(smaller.windows, seconds=20 * GRID_SECONDS)
    parts = smaller.separate(song)["vocals"].samples
    error = np.sum((whole - parts) ** 2) / np.sum(whole**2)
    assert error < 0.01


def test_a_louder_song_gives_louder_vocals_alike(random_model):
    song = make_noise(RATE)
    quiet, loud = (random_model.split(song.with_samples(gain * song.samples)) for gain in (0.1, 4.0))
    np.testing.assert_allclose(40 * quiet["vocals"].samples, loud["vocals"].samples, rtol=1e-3, atol=1e-3)


def test_silence_stays_silent(random_model):
    stems = random_model.separate(Audio(np.zeros((2, RATE), np.float32), RATE))
    assert not stems["vocals"].samples.any()


def test_a_batch_gives_what_single_windows_give(random_model):
    windows = [make_noise(RATE), make_noise(RATE, level=0.03)]
    for together, window in zip(random_model.split_batch(windows), windows, strict=True):
        alone = random_model.split(window)
        np.testing.assert_allclose(together["vocals"].samples, alone["vocals"].samples, atol=1e-5)


def test_saved_weights_sound_alike_and_incomplete_ones_are_refused(random_model, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(random_model._network, path)
    assert path.stat().st_size < 10_000_000
    song = make_noise(RATE)
    again = BandUNetSeparator(load_network(path), "cpu").split(song)["vocals"].samples
    expected = random_model.split(song)["vocals"].samples
    assert np.sum((again - expected) ** 2) < 1e-4 * np.sum(expected**2)
    tensors = load_file(path)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, path)
    with pytest.raises(UserError):
        load_network(path)
