"""The streaming loudness meter matches the BS.1770 reference values and the loudness of the whole."""

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.signal.loudness import measure_loudness_lufs
from vc_core.signal.loudness_meter import LoudnessMeter, _design_k_weighting, measure_stream_loudness_lufs


def split_into_blocks(audio: Audio, frames: int) -> list[Audio]:
    return [audio.slice(start, start + frames) for start in range(0, audio.frames, frames)]


def test_k_weighting_equals_the_standards_coefficients():
    high_shelf, high_pass = _design_k_weighting(48_000)
    known = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585]
    np.testing.assert_allclose(high_shelf, known, atol=1e-9)
    np.testing.assert_allclose(high_pass, [1, -2, 1, 1, -1.99004745483398, 0.99007225036621], atol=1e-9)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_full_scale_calibration_tone(tone, rate):
    """The standard's calibration: a sine of 997 Hz at full scale in one channel reads −3.01."""
    sine = tone(997, seconds=5, sample_rate=rate, level=1.0)
    assert measure_stream_loudness_lufs(split_into_blocks(sine, 12_345)) == pytest.approx(-3.01, abs=0.06)


def test_song_matches_pyloudnorm(song):
    assert measure_stream_loudness_lufs(split_into_blocks(song, 30_011)) == pytest.approx(
        measure_loudness_lufs(song), abs=0.1
    )


def test_result_does_not_depend_on_block_sizes(song):
    excerpt = song.slice(0, 3 * 44_100 + 7)
    assert measure_stream_loudness_lufs(split_into_blocks(excerpt, 997)) == pytest.approx(
        measure_stream_loudness_lufs([excerpt]), abs=1e-9
    )


def test_gating_excludes_silence(tone):
    loud = tone(997, seconds=5, level=0.3)
    silence = loud.with_samples(np.zeros_like(loud.samples))
    assert measure_stream_loudness_lufs([loud, silence, silence]) == pytest.approx(
        measure_stream_loudness_lufs([loud]), abs=0.3
    )


def test_silence_no_input_and_very_short_audio(tone):
    assert (
        measure_stream_loudness_lufs([])
        == measure_stream_loudness_lufs([Audio(np.zeros((2, 44_100), np.float32), 44_100)])
        == -np.inf
    )
    assert LoudnessMeter().integrated_lufs() == -np.inf
    assert measure_stream_loudness_lufs([tone(997, seconds=0.05, level=1.0)]) == pytest.approx(-3.01, abs=1.0)
