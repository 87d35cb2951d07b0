"""What was seen to go wrong with the original Spleeter, each done right here, from the shell as people do."""

import os
import re

import numpy as np
import pytest
import soundfile
from media import cut, encode
from typer.testing import CliRunner

from vc_core.audio import Audio
from vc_core.cli import app
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio

RATE = 44_100


@pytest.fixture
def separated(monkeypatch, tmp_path):
    """Separate a file with the starter model; gives the exit code, what was said, and the stems that came out."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("PATH", "/nowhere")  # there is no ffmpeg, and none is needed

    def run(path, *options):
        result = CliRunner().invoke(
            app, ["separate", str(path), "--engine", "starter", "-o", str(tmp_path / "out"), *options]
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        stems = {file.stem: read_audio(file) for file in (tmp_path / "out" / path.stem).glob("*.flac")}
        return result.exit_code, re.sub(r"\s+", " ", result.output), stems

    return run


@pytest.mark.parametrize("content", [b"", b"no sound at all", None])
def test_an_empty_a_text_and_a_missing_file_end_with_an_error_code(separated, tmp_path, content):
    """The original's shell ends with code 0, as if all were well."""
    path = tmp_path / "song.wav"
    if content is not None:
        path.write_bytes(content)
    code, said, stems = separated(path)
    assert (code, stems) == (1, {})
    assert said.strip().endswith(".")


def test_a_header_without_sound_gives_no_empty_stems(separated, tmp_path):
    soundfile.write(tmp_path / "song.wav", np.zeros((0, 2)), RATE)
    code, said, stems = separated(tmp_path / "song.wav")
    assert (code, stems) == (1, {})
    assert "no sound" in said


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (96_000, 2), (44_100, 1)])
def test_rate_and_channels_stay_what_they_were(separated, tmp_path, tone, rate, channels):
    write_audio(tmp_path / "song.flac", tone(seconds=1.1, sample_rate=rate, channels=channels))
    code, _, stems = separated(tmp_path / "song.flac")
    assert code == 0
    assert {(stem.sample_rate, stem.samples.shape) for stem in stems.values()} == {
        (rate, (channels, round(1.1 * rate)))
    }


def test_the_centre_of_a_surround_song_is_not_dropped(separated, tmp_path, tone):
    """A film's voices are there, and the original hears only the front left and right."""
    six = np.zeros((6, RATE), np.float32)
    six[2] = tone(440).samples[0]
    encode(tmp_path / "song.m4a", Audio(six, RATE), layout="5.1")
    code, _, stems = separated(tmp_path / "song.m4a")
    assert code == 0
    assert np.abs(sum(stem.samples for stem in stems.values())).max() > 0.2


@pytest.mark.parametrize("picture", [False, True])
def test_a_film_without_sound_and_a_picture_are_reported(separated, tmp_path, tone, picture):
    """The original fails with a bare StopIteration."""
    path = tmp_path / ("song.png" if picture else "song.mp4")
    if picture:
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    else:
        encode(path, tone(channels=2), video=True, sound=False)
    code, said, stems = separated(path)
    assert (code, stems) == (1, {})
    assert "sound" in said


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_a_truncated_file_is_not_silently_short(separated, tmp_path, tone, suffix):
    path = tmp_path / f"song{suffix}"
    write_audio(path, tone(seconds=3, channels=2), format_name={".wav": "wav16", ".mp3": "mp3"}[suffix])
    code, said, stems = separated(cut(path, 0.5))
    assert (code, stems) == (1, {})
    assert "cut off" in said


def test_a_song_with_nan_samples_is_refused(separated, tmp_path):
    soundfile.write(tmp_path / "song.wav", np.full((RATE, 2), np.nan), RATE, subtype="FLOAT")
    code, said, stems = separated(tmp_path / "song.wav")
    assert (code, stems) == (1, {})
    assert "not numbers" in said


@pytest.mark.parametrize("seconds", [1 / RATE, 0.1])
def test_a_very_short_song_is_separated_all_the_same(separated, tmp_path, tone, seconds):
    write_audio(tmp_path / "song.flac", tone(seconds=seconds, channels=2))
    code, _, stems = separated(tmp_path / "song.flac")
    assert code == 0
    assert {stem.frames for stem in stems.values()} == {round(seconds * RATE)}


def test_a_folder_in_the_place_of_a_stem_is_reported(separated, tmp_path, tone):
    """The original says that it has written the file."""
    write_audio(tmp_path / "song.flac", tone(channels=2))
    (tmp_path / "out" / "song" / "vocals.flac" / "x").mkdir(parents=True)
    result = CliRunner().invoke(app, ["separate", str(tmp_path / "song.flac"), "-o", str(tmp_path / "out"), "--force"])
    assert result.exit_code == 1
    assert "can't be written" in re.sub(r"\s+", " ", result.output)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_is_reported(separated, tmp_path, tone):
    write_audio(tmp_path / "song.flac", tone(channels=2))
    (tmp_path / "out").mkdir(mode=0o500)
    code, said, _ = separated(tmp_path / "song.flac")
    assert code == 1
    assert "can't be written" in said


def test_an_unknown_engine_is_reported_with_the_known_ones(separated, tmp_path, tone):
    write_audio(tmp_path / "song.flac", tone(channels=2))
    code, said, _ = separated(tmp_path / "song.flac", "--engine", "3stems")
    assert code == 1
    assert "There are: starter, spleeter" in said


@pytest.mark.slow
def test_nothing_is_dropped_after_ten_minutes(separated, tmp_path):
    """The original's default stops there, without a word."""
    frames = 605 * RATE
    samples = np.random.default_rng(0).normal(0, 0.05, (1, frames)).astype(np.float32)
    write_audio(tmp_path / "song.flac", Audio(samples, RATE))
    code, _, stems = separated(tmp_path / "song.flac")
    assert code == 0
    total = sum(stem.samples for stem in stems.values())
    np.testing.assert_allclose(total[:, -RATE:], samples[:, -RATE:], atol=1e-5)
