"""Hostile command lines: paths that are no files, names that are no names, numbers that are none. One message each."""

import os

import pytest
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.files.writing import write_audio

LONG_NAME = "n" * 400 + ".wav"
NO_FILES = (
    "pipe.wav", "/dev/zero", "/dev/full", "/proc/self/mem", "missing.wav", "tone.wav/inside.wav", LONG_NAME,
    "x\udcff.wav", "x\0.wav", "text", "folder",
)  # fmt: skip
NO_FOLDERS = ("text", "text/inside", "/proc/x", "/dev/full", "x\0", "n" * 300)
COMMANDS = {
    "separate": ["separate", "FILE", "-o", "out"],
    "convert": ["convert", "FILE", "-v", "Clara", "-o", "out"],
    "reference": ["convert", "tone.wav", "--reference", "FILE", "-o", "out"],
    "emotion": ["emotion", "FILE", "-e", "happy", "-o", "out"],
    "cover": ["cover", "FILE", "-v", "Clara", "-o", "out"],
    "slice": ["slice", "FILE", "-o", "out"],
    "doctor": ["doctor", "FILE"],
    "verify": ["verify", "FILE"],
    "voices add": ["voices", "add", "FILE"],
    "voices import": ["voices", "import", "FILE"],
    "train": ["train", "instant", "FILE"],
    "batch": ["batch", "separate", "FILE", "-o", "out", "--workers", "1"],
}


@pytest.fixture
def folder(tmp_path, monkeypatch, song):
    monkeypatch.chdir(tmp_path)
    write_audio(tmp_path / "tone.wav", song.slice(0, song.sample_rate), format_name="wav16")
    os.mkfifo("pipe.wav")
    (tmp_path / "text").write_text("no sound")
    (tmp_path / "folder").mkdir()
    return tmp_path


def refuse(command: list[str]) -> str:
    """What is printed; the command must end with a message, not with a traceback."""
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (1, 2, 3)
    assert "Traceback" not in result.output
    return result.output.strip()


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "batch"])
def test_what_is_no_file_is_refused_by_a_message(name, folder):
    for file in NO_FILES:
        command = [file if part == "FILE" else part for part in COMMANDS[name]]
        if name in ("convert", "train", "voices import", "slice") and file == "folder":
            continue
        assert refuse(command), file


@pytest.mark.parametrize("name", ["separate", "convert", "emotion", "cover", "slice"])
def test_what_can_be_no_folder_of_results_is_refused_by_a_message(name, folder):
    for target in NO_FOLDERS:
        command = ["tone.wav" if part == "FILE" else target if part == "out" else part for part in COMMANDS[name]]
        assert refuse(command), target


@pytest.mark.parametrize(
    "command",
    [
        ["separate", "tone.wav", "--preview"],
        ["cover", "tone.wav", "-v", "Clara", "--preview"],
        ["emotion", "tone.wav", "-e", "happy", "--intensity"],
        ["convert", "tone.wav", "-v", "Clara", "--key"],
        ["slice", "tone.wav", "--max-length"],
    ],
)
@pytest.mark.parametrize("number", ["nan", "inf", "1e400", "many"])
def test_what_is_no_number_is_refused_by_a_message(command, number, folder):
    assert refuse([*command, number])


def test_a_long_name_is_shortened_so_that_endings_fit(folder, song):
    name = "노" * 80 + ".wav"  # 240 bytes and an ending
    write_audio(folder / name, song.slice(0, song.sample_rate), format_name="wav16")
    result = CliRunner().invoke(app, ["emotion", name, "-e", "happy", "-o", "out"])
    assert result.exit_code == 0, result.output
    (made,) = [path for path in (folder / "out").iterdir() if path.suffix == ".flac"]
    assert made.name.startswith("노" * 40)
