"""The shell commands process files, continue after a bad file, and set the exit code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner
from voice_maker import add_voice

from vc_core import __version__
from vc_core.cli import app
from vc_core.files.provenance import Provenance, write_sidecar
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.voices.library import VoiceLibrary, get_voices_folder
from vc_core.voices.sharing import export_zip


@pytest.fixture
def vc(monkeypatch, tmp_path):
    """Run a command with its own home; returns the exit code and the output on one line."""
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words, **options):
        result = CliRunner().invoke(app, [str(word) for word in words], **options)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, re.sub(r"\s+", " ", result.output).strip()

    return run


@pytest.fixture
def short_song(song, tmp_path):
    path = tmp_path / "tune.wav"
    soundfile.write(path, song.slice(0, 150_000).samples.T, song.sample_rate)
    return path


def test_a_song_is_separated_into_a_folder_of_its_name(vc, short_song, tmp_path):
    code, said = vc("separate", short_song, "-o", tmp_path / "out", "--format", "wav24")
    assert code == 0
    for stem in ("vocals", "accompaniment"):
        assert read_audio(tmp_path / "out" / "tune" / f"{stem}.wav").frames == 150_000
        assert f"{stem}.wav" in said


def test_a_bad_song_does_not_stop_the_others(vc, short_song, tmp_path):
    bad = tmp_path / "bad.mp3"
    bad.write_text("no sound")
    code, said = vc("separate", bad, tmp_path / "gone.wav", short_song, "-o", tmp_path / "out")
    assert code == 1
    assert "bad.mp3: This is not a sound file" in said
    assert "gone.wav: There is no file" in said
    assert (tmp_path / "out" / "tune" / "vocals.flac").is_file()


@pytest.mark.parametrize(("option", "word"), [("--engine", "repet"), ("--format", "flac24")])
def test_an_unknown_choice_is_refused_with_the_known_ones(vc, short_song, option, word):
    code, said = vc("separate", short_song, option, "nonsense")
    assert code == 1
    assert word in said


def test_the_origin_of_a_file_is_printed(vc, tmp_path, tone):
    made = Provenance("convert", "Nari", "instant", {"pitch_semitones": 2.0})
    write_audio(tmp_path / "x.flac", tone(), provenance=made)
    write_sidecar(tmp_path / "x.flac", made)
    code, said = vc("verify", tmp_path / "x.flac")
    assert code == 0
    assert "Nari" in said
    assert "unchanged since it was written" in said


def test_a_file_without_a_mark_has_its_own_exit_code(vc, tmp_path, tone):
    write_audio(tmp_path / "x.flac", tone())
    code, said = vc("verify", tmp_path / "x.flac")
    assert code == 3
    assert "No mark" in said
    assert vc("verify", tmp_path / "gone.flac")[0] == 1


def test_voices_are_added_listed_checked_exported_and_deleted(vc, tmp_path):
    archive = export_zip(add_voice(VoiceLibrary(tmp_path / "elsewhere")), tmp_path / "alto.zip")
    assert "Clara" in vc("voices", "list")[1]
    assert "comes with the app" in vc("voices", "delete", "Clara", "--yes")[1]
    assert vc("voices", "add", archive) == (0, "“Alto” has been added.")
    assert "165–660 Hz" in vc("voices", "list")[1]
    assert vc("voices", "verify", "Alto") == (0, "“Alto” is sound.")
    assert vc("voices", "export", "Alto", tmp_path / "again.zip")[0] == 0
    assert vc("voices", "add", tmp_path / "again.zip", "--name", "Alto 2")[0] == 0
    assert vc("voices", "delete", "Alto", input="n\n")[0] == 1
    assert vc("voices", "delete", "Alto", "--yes")[0] == 0
    assert [voice.name for voice in VoiceLibrary(get_voices_folder()).list()] == ["Alto 2"]


def test_a_damaged_voice_is_reported(vc, tmp_path):
    voice = add_voice(VoiceLibrary(tmp_path / "home" / "voices"))
    (voice.folder / "voice.safetensors").write_bytes(b"x")
    code, said = vc("voices", "verify", "Alto")
    assert code == 1
    assert "changed or damaged" in said


def test_a_voice_goes_to_the_hub_and_comes_back(vc, hub, tmp_path):
    add_voice(VoiceLibrary(tmp_path / "home" / "voices"))
    assert vc("voices", "publish", "Alto", "ann/alto", "--token", hub.token, "--public")[0] == 0
    assert not hub.repos["ann/alto"].private
    assert json.loads(hub.repos["ann/alto"].files["voice.json"])["name"] == "Alto"
    assert vc("voices", "add", "ann/alto", "--name", "Ann")[0] == 0


@pytest.mark.parametrize("words", [("add", "ann/nobody"), ("add", "nonsense"), ("verify", "x"), ("delete", "x", "-y")])
def test_missing_files_and_voices_are_reported(vc, hub, words):
    code, said = vc("voices", *words)
    assert code == 1
    assert said.rstrip().endswith(".")


def test_the_command_runs_as_a_process():
    done = subprocess.run(
        [sys.executable, "-m", "vc_core.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == __version__
    assert done.stderr == "", "a library warned"


TINY = Path(__file__).parents[1] / "data" / "spleeter"


def test_weights_are_converted_and_separate_into_four(vc, short_song, tmp_path):
    code, said = vc("separate", "--convert", TINY, "--stems", 4)
    assert code == 0
    assert said.endswith("4stems.safetensors")
    code, said = vc("separate", short_song, "--engine", "spleeter", "--stems", 4, "-o", tmp_path / "out")
    assert code == 0
    assert {file.stem for file in (tmp_path / "out" / "tune").iterdir()} == {"vocals", "drums", "bass", "other"}


def test_finished_stems_are_skipped_unless_forced(vc, short_song, tmp_path):
    words = ("separate", short_song, "-o", tmp_path / "out", "--engine", "repet")
    vocals = tmp_path / "out" / "tune" / "vocals.flac"
    assert vc(*words)[0] == 0
    first = vocals.stat().st_mtime_ns
    os.utime(short_song, ns=(2 * first, 2 * first))  # its content counts, not its date
    code, said = vc(*words)
    assert code == 0
    assert "there already" in said
    assert str(vocals) in said.replace(" ", "")
    assert vocals.stat().st_mtime_ns == first
    vc(*words, "--force")
    assert vocals.stat().st_mtime_ns > first
    vocals.unlink()
    vc(*words)
    assert vocals.is_file()


def test_another_engine_setting_or_song_of_the_same_name_overwrites_nothing(vc, short_song, song, tmp_path):
    other = tmp_path / "other" / "tune.wav"
    write_audio(other, song.slice(0, 100_000), format_name="wav16")
    out = tmp_path / "out"
    words = ("separate", "-o", out, "--engine", "repet")
    vc(*words, short_song, other)
    assert [read_audio(out / name / "vocals.flac").frames for name in ("tune", "tune-2")] == [150_000, 100_000]
    before = {path: path.read_bytes() for path in out.rglob("*.flac")}
    vc("separate", "-o", out, "--engine", "starter", short_song)
    vc(*words, "--no-sum-to-song", short_song)
    assert {path.name for path in out.iterdir() if path.is_dir()} == {"tune", "tune-2", "tune-3", "tune-4"}
    assert {path: path.read_bytes() for path in before} == before
    code, said = vc(*words, other)
    assert code == 0
    assert "tune-2" in said
    assert "there already" in said


def test_files_that_were_there_before_are_overwritten_only_by_force(vc, short_song, tmp_path):
    (tmp_path / "out" / "tune").mkdir(parents=True)
    precious = tmp_path / "out" / "tune" / "vocals.flac"
    precious.write_text("precious")
    words = ("separate", short_song, "-o", tmp_path / "out", "--engine", "repet")
    vc(*words)
    assert precious.read_text() == "precious"
    assert (tmp_path / "out" / "tune-2" / "vocals.flac").is_file()
    export_zip(add_voice(VoiceLibrary(get_voices_folder())), tmp_path / "voice.zip")
    before = (tmp_path / "voice.zip").read_bytes()
    code, said = vc("voices", "export", "Alto", tmp_path / "voice.zip")
    assert (code, "exists already" in said) == (1, True)
    assert (tmp_path / "voice.zip").read_bytes() == before
    assert vc("voices", "export", "Alto", tmp_path / "voice.zip", "--force")[0] == 0
    code, said = vc("speak", "Hello", "--voice", "Clara", "-o", precious)
    assert (code, "exists already" in said) == (1, True)
    assert precious.read_text() == "precious"


def test_a_preview_of_a_separation_has_its_own_folder(vc, song, tmp_path):
    write_audio(tmp_path / "tune.flac", song, format_name="flac16")
    code, _ = vc("separate", tmp_path / "tune.flac", "-o", tmp_path / "out", "--preview", 5)
    assert code == 0
    assert [folder.name for folder in visible_files(tmp_path / "out")] == ["tune-preview"]
    vocals, music = (read_audio(tmp_path / "out" / "tune-preview" / f"{n}.flac") for n in ("vocals", "accompaniment"))
    start = 5 * song.sample_rate
    excerpt = song.samples[:, start : start + 15 * song.sample_rate]
    assert np.abs(vocals.samples + music.samples - excerpt).max() < 1e-3


def test_separate_without_a_song_is_refused(vc):
    code, said = vc("separate")
    assert code == 1
    assert "Name a song" in said


def test_stems_without_the_residual_lack_the_treble(vc, tmp_path, tone):
    write_audio(tmp_path / "high.flac", tone(18_000, seconds=2, channels=2))
    for flag in ("--sum-to-song", "--no-sum-to-song"):
        assert vc("separate", tmp_path / "high.flac", "--engine", "starter", flag, "-o", tmp_path / flag)[0] == 0
    kept, lost = (
        read_audio(tmp_path / flag / "high" / "accompaniment.flac") for flag in ("--sum-to-song", "--no-sum-to-song")
    )
    inside = slice(8192, -8192)
    assert np.abs(lost.samples[:, inside]).max() < 0.001
    assert np.abs(kept.samples[:, inside]).max() > 0.4


def test_an_emotion_is_applied_with_provenance(vc, tmp_path):
    line = Path(__file__).parents[2] / "examples" / "spoken_line.flac"
    code, said = vc("emotion", line, tmp_path / "gone.wav", "-e", "sad", "-i", 0.5, "-o", tmp_path / "out")
    assert code == 1
    assert "gone.wav: There is no file" in said
    path = tmp_path / "out" / "spoken_line-sad-50.flac"
    assert read_audio(path).seconds > 1.05 * read_audio(line).seconds
    assert vc("verify", path)[0] == 0
    code, said = vc("emotion", line, "-e", "hungry")
    assert code == 1
    assert "no emotion “hungry”. There are: neutral, happy" in said


def test_a_song_is_converted_with_a_printed_report_card(vc, tmp_path):
    line = Path(__file__).parents[2] / "examples" / "sung_line.flac"
    wish = ("convert", line, tmp_path / "gone.wav", "--voice", "Clara", "-o", tmp_path / "out", "--format", "wav16")
    code, said = vc(*wish, "--key", 2, "--auto-key", "off", "--seed", 3)
    assert code == 1
    assert "gone.wav: There is no file" in said
    assert "Report card" in said
    assert "Distance from the wanted pitch (cents)" in said
    assert "Shifted by +2 semitones" in said
    path = tmp_path / "out" / "sung_line - clara.wav"
    assert read_audio(path).frames == read_audio(line).frames
    assert "Clara" in vc("verify", path)[1]


def test_a_text_is_spoken_by_a_voice(vc, tmp_path):
    code, said = vc("speak", "Good morning.", "--voice", "Clara", "--speed", 200, "--out", tmp_path / "hello")
    assert code == 0
    assert "hello.flac" in said
    assert 0.4 < read_audio(tmp_path / "hello.flac").seconds < 2.0
    assert "speak" in vc("verify", tmp_path / "hello.flac")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("convert", "x.wav", "--voice", "Nobody"), "no voice called “Nobody”. There are:"),
        (("convert", "x.wav", "--voice", "Clara", "--auto-key", "magic"), "There are: octaves, semitones, off"),
        (("convert", "x.wav", "--voice", "Clara", "--key", "99"), "key shift in semitones is a number from -24 to 24"),
        (("convert", "x.wav", "--voice", "Clara", "--format", "wma"), "There are: flac24"),
        (("speak", "hello", "--voice", "Nobody"), "no voice called “Nobody”"),
        (("speak", "", "--voice", "Clara"), "Write a text first"),
        (("speak", "…", "--voice", "Clara"), "nothing to say"),
        (("speak", "hello", "--voice", "Clara", "--language", "xx"), "There are: guess, en-us"),
        (("speak", "hello", "--voice", "Clara", "--speed", "5"), "80 to 300"),
    ],
)
def test_invalid_conversions_and_texts_are_reported(vc, words, told):
    code, said = vc(*words)
    assert code == 1
    assert told in said


def visible_files(folder):
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def test_recordings_are_cut_into_slices(vc, short_song, tmp_path):
    code, said = vc("slice", short_song, "-o", tmp_path / "out", "--min-length", 1, "--max-length", 2)
    assert code == 0
    slices = visible_files(tmp_path / "out")
    assert len(slices) > 1
    assert all(read_audio(path).seconds <= 2 and path.name in said for path in slices)
    code, said = vc("slice", short_song, "-o", tmp_path / "out", "--min-length", 1, "--max-length", 2)
    assert code == 0
    assert "there already" in said
    assert visible_files(tmp_path / "out") == slices
    assert vc("slice", short_song, "-o", tmp_path / "out", "--min-length", 2, "--max-length", 3, "--force")[0] == 0
    assert set(slices) < set(visible_files(tmp_path / "out"))  # other settings are another result
    vc("slice", short_song, "-o", tmp_path / "out", "--min-length", 1, "--max-length", 2, "--force")
    assert set(slices) < set(visible_files(tmp_path / "out"))
    code, said = vc("slice", short_song, "-o", tmp_path / "out", "--min-length", 2, "--max-length", 2)
    assert code == 1
    assert "longer than the shortest" in said
