"""No command replaces the recording that it works on: a sentence instead, also with --force."""

import shutil

import pytest
import soundfile
from conftest import ROOT
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.files.results import check_apart

SUNG, SONG = (ROOT / "examples" / f"{name}.flac" for name in ("sung_line", "song"))
SENTENCE = "The result would replace “vocals.flac”"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """With `X/vocals/vocals.flac`, as an earlier separation left it."""
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "X" / "vocals").mkdir(parents=True)
    shutil.copy(SUNG, "X/vocals/vocals.flac")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "separate X/vocals/vocals.flac -o X --force",
        "separate X/vocals/vocals.flac -o X/vocals/vocals.flac --force",
        "separate X/vocals/vocals.flac -o X/vocals/../vocals/vocals.flac --force",
        "convert X/vocals/vocals.flac --voice Clara -o X/vocals/vocals.flac --force",
        "emotion X/vocals/vocals.flac -e sad -o X/vocals/vocals.flac --force",
        "cover X/vocals/vocals.flac --voice Clara -o X/vocals/vocals.flac --force",
        "batch separate X/vocals/vocals.flac -o X --force",
        "live --voice Clara --loopback X/vocals/vocals.flac -o X/vocals/vocals.flac",
    ],
)
def test_a_result_that_would_replace_its_input_is_refused(command, folder):
    before = (folder / "X" / "vocals" / "vocals.flac").read_bytes()
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 1
    assert SENTENCE in done.output
    assert (folder / "X" / "vocals" / "vocals.flac").read_bytes() == before


def test_without_force_the_stems_get_a_folder_of_another_name(folder):
    excerpt = read_audio(SONG).slice(0, 60_000)
    soundfile.write("X/vocals/vocals.flac", excerpt.samples.T, excerpt.sample_rate)
    before = (folder / "X" / "vocals" / "vocals.flac").read_bytes()
    done = CliRunner().invoke(app, ["separate", "X/vocals/vocals.flac", "-o", "X", "--engine", "repet"])
    assert done.exit_code == 0
    assert (folder / "X" / "vocals-2" / "vocals.flac").is_file()
    assert (folder / "X" / "vocals" / "vocals.flac").read_bytes() == before


def test_another_name_of_the_same_file_is_the_same_file(folder):
    source = folder / "X" / "vocals" / "vocals.flac"
    (folder / "linked.flac").hardlink_to(source)
    (folder / "Y").symlink_to(folder / "X")
    for target in (folder / "linked.flac", folder / "Y" / "vocals" / "vocals.flac", folder / "Y" / "vocals"):
        with pytest.raises(UserError, match=SENTENCE):
            check_apart(source, target)
    check_apart(source, folder / "X" / "other")
    check_apart(folder / "X", folder / "X")  # a folder of recordings, whose results have other names
