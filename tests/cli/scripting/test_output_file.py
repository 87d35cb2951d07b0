"""`-o FILE.wav` writes the one result there, in the format of its ending."""

import pytest
import soundfile
from cli.scripting.runner import ask
from conftest import ROOT
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.files.reading import read_audio

LINE, SUNG, SONG = (ROOT / "examples" / f"{name}.flac" for name in ("spoken_line", "sung_line", "song"))


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    soundfile.write("tune.wav", read_audio(SONG).samples[:, :60_000].T, 44_100)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "target", "encoding"),
    [
        (("separate", "tune.wav", "--engine", "repet"), "vocals.wav", ("WAV", "PCM_16")),
        (("separate", "tune.wav", "--engine", "repet", "--format", "wav32"), "deep/er/vocals.wav", ("WAV", "FLOAT")),
        (("convert", SUNG, "--voice", "Clara"), "sung.mp3", ("MP3", "MPEG_LAYER_III")),
        (("emotion", LINE, "-e", "sad"), "Sad.FLAC", ("FLAC", "PCM_24")),
        (("speak", "Good morning.", "--voice", "Clara"), "hello.ogg", ("OGG", "VORBIS")),
        (("cover", "tune.wav", "--voice", "Clara", "--engine", "repet"), "cover.wav", ("WAV", "PCM_16")),
    ],
)
def test_the_result_is_the_file_alone_in_the_format_of_its_ending(words, target, encoding, folder):
    code, answer = ask(*words, "-o", target)
    assert code == 0
    (made,) = answer["results"]
    assert made["file"] == target
    found = soundfile.info(target)
    assert (found.format, found.subtype) == encoding
    assert [path.name for path in (folder / target).parent.iterdir() if path.name not in ("tune.wav", "home")] == [
        target.rpartition("/")[2]
    ]


def test_another_stem_can_be_chosen_and_nothing_is_overwritten_without_force(folder):
    words = ("separate", "tune.wav", "--engine", "repet", "-o", "out.wav")
    assert ask(*words, "--stem", "accompaniment")[1]["results"][0]["stem"] == "accompaniment"
    music = read_audio(folder / "out.wav").samples
    code, answer = ask(*words)
    assert (code, "exists already" in answer["error"]) == (1, True)
    assert ask(*words, "--force")[0] == 0
    vocals = read_audio(folder / "out.wav").samples
    assert abs(vocals + music - read_audio(folder / "tune.wav").samples).max() < 1e-3
    code, answer = ask(*words, "--force", "--stem", "drums")
    assert (code, "There are: vocals, accompaniment" in answer["error"]) == (1, True)
    assert (read_audio(folder / "out.wav").samples == vocals).all()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("separate", "tune.wav", "-o", "out.m4a"), "Nothing is written as “.m4a”. A file ends in .flac, .wav"),
        (("speak", "Hello.", "--voice", "Clara", "-o", "x.aiff"), ".aiff"),
        (("convert", SUNG, LINE, "--voice", "Clara", "-o", "out.wav"), "one file, for one source"),
        (("slice", LINE, "-o", "out.wav"), "several files"),
        (("batch", "separate", "tune.wav", "-o", "out.wav"), "several files"),
    ],
)
def test_what_can_be_no_such_file_is_one_sentence(words, told, folder):
    result = CliRunner().invoke(app, [*map(str, words)])
    assert result.exit_code == 1
    assert told in " ".join(result.stderr.split())
    assert not result.stdout


def test_a_folder_with_a_dot_stays_a_folder(folder):
    (folder / "my.songs").mkdir()
    for name in ("my.songs", "mix-1.2"):
        assert ask("separate", "tune.wav", "--engine", "repet", "-o", name)[0] == 0
        assert (folder / name / "tune" / "vocals.flac").is_file()
