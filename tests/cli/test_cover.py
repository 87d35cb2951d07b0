"""`vc cover` and `vc batch`, offline and with an empty home."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.signal.loudness import measure_loudness_lufs, measure_true_peak_db


@pytest.fixture
def vc(tmp_path, monkeypatch):
    """Run a command in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def run(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, re.sub(r"\s+", " ", result.output)

    return run


@pytest.fixture
def vc_process(tmp_path):
    """Run a command in a separate process."""

    def run(*words):
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "VOICE_STUDIO_HOME": str(tmp_path / "home"),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "200",
        }
        command = [sys.executable, "-m", "vc_core.cli", *map(str, words)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, re.sub(r"\s+", " ", done.stdout + done.stderr)

    return run


def test_a_cover_preview_and_an_invalid_song(vc, tmp_path):
    (tmp_path / "bad.mp3").write_text("no sound")
    song = ROOT / "examples" / "song.flac"
    code, said = vc("cover", "bad.mp3", song, "--voice", "Clara", "--preview", "4", "-o", "out", "--format", "wav16")
    assert code == 1
    assert "bad.mp3: This is not a sound file" in said
    assert "About" in said
    assert "moved by -12 semitones" in said
    assert read_audio(tmp_path / "out" / "song-clara-preview" / "cover.wav").frames == 15 * 44_100


def test_wrong_choices_are_refused_with_the_known_ones(vc):
    song = ROOT / "examples" / "song.flac"
    assert "Clara" in vc("cover", song, "--voice", "Nobody")[1]
    assert "octaves" in vc("cover", song, "--voice", "Clara", "--key", "up")[1]
    assert "left" in vc("cover", song, "--voice", "Clara", "--backing", "loud")[1]
    assert "Nobody" in vc("cover", song, "--voice", "Clara", "--backing-voice", "Nobody")[1]
    assert "--voice NAME" in vc("batch", "cover", song)[1]
    assert "convert alone" in vc("batch", "separate", song, "--clean-up", "dereverb")[1]


def test_a_batch_that_cleans_up_first_needs_the_model_for_it(vc):
    code, said = vc(
        "batch", "convert", ROOT / "examples" / "sung_line.flac", "--voice", "Max", "--clean-up", "dereverb"
    )
    assert code == 1
    assert "connection" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_the_cover_of_the_example_has_the_documented_properties(vc_process, tmp_path, song):
    code, said = vc_process("cover", ROOT / "examples" / "song.flac", "--voice", "Annie", "-o", "out")
    assert code == 0, said
    folder = tmp_path / "out" / "song-annie"
    cover, music, original = (
        read_audio(folder / f"{name}.flac") for name in ("cover", "accompaniment", "original-vocals")
    )
    assert cover.samples.shape == song.samples.shape
    own = song.samples - original.samples
    assert np.corrcoef(music.samples.ravel(), own.ravel())[0, 1] >= 0.99
    assert measure_loudness_lufs(cover) == pytest.approx(measure_loudness_lufs(song), abs=0.5)
    assert measure_true_peak_db(cover) <= -0.05


@pytest.mark.slow
def test_a_batch_processes_a_folder_and_then_only_new_files(vc, tmp_path, song):
    (tmp_path / "songs").mkdir()
    for at in range(2):
        write_audio(
            tmp_path / "songs" / f"{at}.wav", song.slice(at * 99_999, at * 99_999 + 132_300), format_name="wav16"
        )
    words = ("batch", "separate", "songs", "--engine", "repet", "--workers", "2", "-o", "out")
    code, said = vc(*words)
    assert (code, "2 of 2 are done" in said) == (0, True), said
    assert read_audio(tmp_path / "out" / "1" / "vocals.flac").frames == 132_300
    shutil.copy(tmp_path / "songs" / "0.wav", tmp_path / "songs" / "new.wav")
    code, said = vc(*words)
    assert said.count("vocals.flac") == 1
    code, said = vc("batch", "convert", "songs/0.wav", "--voice", "Max", "-o", "sung")
    assert read_audio(tmp_path / "sung" / "0" / "0-max.flac").frames == 132_300
