"""A spectrogram shows time, frequency and level of recordings of any length and sample rate."""

import numpy as np
import pytest
from PIL import Image

from vc_core.audio import Audio, join_blocks
from vc_core.files.reading import open_audio
from vc_core.files.writing import write_audio
from vc_core.ui.drawing.spectrogram import COLUMNS, HIGHEST_HZ, LOWEST_HZ, ROWS, draw_spectrogram


def drawn(folder, audio: Audio, seconds: tuple[float, float] | None = None) -> np.ndarray:
    """Brightness of shape (rows from the top, columns)."""
    write_audio(folder / "x.flac", audio)
    file = open_audio(folder / "x.flac")
    draw_spectrogram(file.excerpt(*seconds) if seconds else file, folder / "x.png")
    with Image.open(folder / "x.png") as picture:
        assert picture.size == (COLUMNS, ROWS)
        return np.asarray(picture.convert("L"), np.float64)


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
@pytest.mark.parametrize("hertz", [110.0, 1_000.0, 6_000.0])
def test_a_tone_is_a_bright_line_at_its_pitch(tmp_path, tone, hertz, rate):
    picture = drawn(tmp_path, tone(hertz, seconds=2, sample_rate=rate))
    wanted = ROWS * (1 - np.log(hertz / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ))
    assert np.argmax(picture.mean(axis=1)) == pytest.approx(wanted, abs=8)
    assert picture.std(axis=1).max() < 30  # it lasts from the left to the right


def test_time_runs_from_left_to_right(tmp_path, tone):
    silence = tone(level=0.0, seconds=3)
    picture = drawn(tmp_path, join_blocks([silence, tone(seconds=1)]))
    level = picture.mean(axis=0)
    assert level[: COLUMNS * 70 // 100].max() < level[COLUMNS * 80 // 100 :].min()
    assert (
        drawn(tmp_path, join_blocks([silence, tone(seconds=1)]), (0.0, 2.0)).std() == 0
    )  # the excerpt holds silence only


@pytest.mark.parametrize("frames", [1, 100, 4_095, 4_096, 4_097, 500_000])
def test_any_length_gives_a_picture(tmp_path, frames):
    noise = np.random.default_rng(frames).uniform(-0.5, 0.5, (2, frames)).astype(np.float32)
    assert drawn(tmp_path, Audio(noise, 44_100)).max() > 0


def test_louder_is_brighter(tmp_path, tone):
    quiet, loud = (drawn(tmp_path, tone(level=level)).max() for level in (0.001, 0.5))
    assert quiet < loud
