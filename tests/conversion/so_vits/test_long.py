"""A quarter of an hour in a so-vits voice takes the memory of three minutes, from file to file."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from conversion.peak_memory import measure_conversion_megabytes, only_linux
from conversion.so_vits_maker import make_so_vits_voice, write_content_vec

RATE = 16_000


def write_phrases(path: Path, minutes: int) -> None:
    """A second of tone in every third minute: what is silent is heard, but not sung, so that this takes no hour."""
    times = np.arange(RATE) / RATE
    phrase = np.zeros(180 * RATE, np.float32)
    phrase[20 * RATE : 21 * RATE] = sum(0.1 * np.sin(2 * np.pi * 150 * k * times) / k for k in range(1, 12))
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for _ in range(minutes // 3):
            file.write(phrase)


@pytest.mark.slow
@pytest.mark.timeout(600)
@only_linux
def test_a_quarter_of_an_hour_takes_the_memory_of_three_minutes(tmp_path):
    write_content_vec()
    make_so_vits_voice(tmp_path, "upstream 4.0")

    def peak_megabytes(minutes: int) -> float:
        song = tmp_path / f"{minutes}.wav"
        write_phrases(song, minutes)
        return measure_conversion_megabytes(song, tmp_path / "voices")

    short, long = peak_megabytes(3), peak_megabytes(15)
    print(f"{short:.0f} MB at 3 minutes, {long:.0f} MB at 15")
    # The melody of the whole song is kept, at some hundred numbers a second.
    assert long < short + 50, f"{short:.0f} and {long:.0f} MB"
