"""Song analysis: power, stereo and F0 do not depend on the blocks that the song is read in."""

import numpy as np
import pytest
import torch

from vc_core.audio import Audio
from vc_core.conversion.analysis import ANALYSIS_SAMPLE_RATE, analyse_song
from vc_core.models import content_encoder


def tone(seconds: float = 2.0, rate: int = ANALYSIS_SAMPLE_RATE, hertz: float = 200.0) -> Audio:
    times = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * count * hertz * times) / count for count in range(1, 8))
    return Audio((0.1 * wave * (0.2 + times)).astype(np.float32)[None], rate)


class Blocks:
    """A song that comes in blocks, as from a file."""

    def __init__(self, song: Audio, frames: int) -> None:
        self._song, self._size = song, frames
        self.sample_rate, self.frames = song.sample_rate, None

    def blocks(self):
        for start in range(0, self._song.frames, self._size):
            yield self._song.slice(start, start + self._size)


@pytest.mark.parametrize("frames", [1, 39, 159, 160, 161, 4_321, 32_000])
def test_power_equals_that_of_the_content_encoder(frames):
    song = tone().slice(0, frames)
    expected = content_encoder.compute_frame_power(torch.from_numpy(song.samples))[0].numpy()
    np.testing.assert_allclose(analyse_song(song).power, expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("size", [700, 16_001])
def test_blocks_give_the_same_analysis_as_the_whole_song(size):
    song = tone(rate=44_100)
    whole, streamed = analyse_song(song), analyse_song(Blocks(song, size))
    np.testing.assert_allclose(streamed.power, whole.power, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(streamed.pitch.hertz, whole.pitch.hertz, rtol=1e-3)
    assert streamed.frames == song.frames


def test_f0_is_estimated():
    hertz = analyse_song(tone(hertz=330.0)).pitch.hertz
    assert np.median(hertz[hertz > 0]) == pytest.approx(330, rel=0.005)
