"""Loudness matches the EBU reference values; the limiter lowers peaks and changes nothing else."""

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.signal.loudness import (
    CEILING_DB,
    apply_gain,
    limit_peaks,
    measure_loudness_lufs,
    measure_true_peak_db,
    mix,
    normalise_loudness,
)


@pytest.mark.parametrize(("channels", "lufs"), [(1, -23.0 - 3.01), (2, -23.0)])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_ebu_reference_tone(tone, channels, lufs, rate):
    """EBU Tech 3341, case 1: a stereo tone of 1 kHz with peaks at -23 dBFS has -23 LUFS."""
    audio = tone(1000, seconds=20, sample_rate=rate, channels=channels, level=10 ** (-23 / 20))
    assert measure_loudness_lufs(audio) == pytest.approx(lufs, abs=0.1)


def test_gating_excludes_quiet_passages(tone):
    """EBU Tech 3341, case 3 in short: quiet passages before and after do not lower the result."""
    passages = [tone(1000, seconds=s, channels=2, level=10 ** (db / 20)) for s, db in ((10, -36), (60, -23), (10, -36))]
    audio = Audio(np.concatenate([passage.samples for passage in passages], axis=1), 44_100)
    assert measure_loudness_lufs(audio) == pytest.approx(-23.0, abs=0.1)


def test_loudness_of_silence_and_very_short_audio(tone):
    assert measure_loudness_lufs(Audio(np.zeros((2, 44_100), np.float32), 44_100)) == -np.inf
    assert measure_loudness_lufs(tone(1000, seconds=0.05, level=0.1)) == pytest.approx(-23.0, abs=1.0)


def test_loudness_normalisation(song):
    assert measure_loudness_lufs(normalise_loudness(song, -16.0)) == pytest.approx(-16.0, abs=0.05)
    silence = Audio(np.zeros((1, 44_100), np.float32), 44_100)
    assert not normalise_loudness(silence, -16.0).samples.any()


def test_true_peak_includes_inter_sample_peaks(tone):
    """A tone at a quarter of the rate, sampled 45 degrees off its peaks, reads 3 dB low at the samples."""
    times = np.arange(44_100)
    audio = Audio(np.sin(2 * np.pi * times / 4 + np.pi / 4).astype(np.float32)[None], 44_100)
    assert 20 * np.log10(np.abs(audio.samples).max()) == pytest.approx(-3.01, abs=0.01)
    assert measure_true_peak_db(audio) == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("gain_db", [6.0, 12.0, 20.0])
def test_limiter_keeps_true_peaks_below_the_ceiling(song, gain_db):
    loud = apply_gain(song, gain_db)
    assert measure_true_peak_db(loud) > 0 or gain_db == 6.0
    assert measure_true_peak_db(limit_peaks(loud)) <= CEILING_DB + 0.1


def test_limiter_leaves_lower_levels_bit_exact(song):
    assert limit_peaks(song).samples is not song.samples
    np.testing.assert_array_equal(limit_peaks(song).samples, song.samples)


def test_limiter_changes_only_the_surroundings_of_a_peak(tone):
    samples = tone(220, seconds=30, level=0.3).samples.copy()
    samples[0, 15 * 44_100] = 3.0
    result = limit_peaks(Audio(samples, 44_100)).samples
    far = np.abs(np.arange(samples.shape[1]) - 15 * 44_100) > 0.045 * 44_100
    np.testing.assert_array_equal(result[0, far], samples[0, far])
    assert np.abs(result).max() < 1.0


def test_limiter_preserves_the_stereo_image(song):
    loud = limit_peaks(apply_gain(song, 15.0)).samples
    ratio = loud / np.where(np.abs(song.samples) > 0.01, song.samples, np.nan)
    assert np.nanmax(np.abs(ratio[0] - ratio[1])) < 1e-3


def test_mix_sums_tracks_with_gains(song, song_vocals):
    music = song.with_samples(song.samples - song_vocals.samples)
    np.testing.assert_allclose(mix([song_vocals, music], [0.0, 0.0]).samples, song.samples, atol=1e-6)
    quieter = mix([song_vocals, music], [0.0, -6.0206])
    np.testing.assert_allclose(quieter.samples, song_vocals.samples + music.samples / 2, atol=1e-5)


def test_mono_track_is_mixed_to_the_centre(tone):
    mixed = mix([tone(200, channels=2), tone(300)], [0.0, 0.0])
    np.testing.assert_array_equal(mixed.samples[0], mixed.samples[1])


def test_mixing_tracks_of_different_lengths_raises(tone):
    with pytest.raises(ValueError, match="one rate and length"):
        mix([tone(seconds=1), tone(seconds=2)], [0.0, 0.0])
