"""`--json`: one object on stdout in every command, also for what fails; progress and tables stay away from it."""

import json
import os
from pathlib import Path

import pytest
import soundfile
import typer
from cli.scripting.runner import ask
from conftest import ROOT
from voice_maker import add_voice

from vc_core.cli import app
from vc_core.files.reading import read_audio
from vc_core.voices.library import VoiceLibrary, get_voices_folder

LINE, SUNG, SONG = (ROOT / "examples" / f"{name}.flac" for name in ("spoken_line", "sung_line", "song"))


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def list_commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from list_commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_command_has_it():
    commands = dict(list_commands(typer.main.get_command(app)))
    assert ("train", "list") in commands
    assert ("voices", "publish") in commands
    without = [path for path, command in commands.items() if not any("--json" in p.opts for p in command.params)]
    assert without == []


def test_each_stem_is_a_result_with_its_song_and_a_bad_song_has_its_sentence(tmp_path):
    soundfile.write("tune.wav", read_audio(SONG).samples[:, :60_000].T, 44_100)
    Path("bad.mp3").write_text("no sound")
    code, answer = ask("separate", "bad.mp3", "tune.wav", "--engine", "repet", "-o", "out")
    assert code == 1
    bad, *stems = answer["results"]
    assert (bad["source"], "not a sound file" in bad["error"]) == ("bad.mp3", True)
    assert [(one["source"], one["stem"]) for one in stems] == [("tune.wav", "vocals"), ("tune.wav", "accompaniment")]
    assert all(read_audio(Path(one["file"])).frames == 60_000 for one in stems)
    assert "error" not in answer
    assert 0 < answer["seconds"] < 100
    code, again = ask("separate", "tune.wav", "--engine", "repet", "-o", "out")
    assert (code, [one["file"] for one in again["results"]]) == (0, [one["file"] for one in stems])
    assert all(one["was_done"] for one in again["results"])


def test_a_conversion_has_its_report_card_as_numbers():
    code, answer = ask("convert", SUNG, "--voice", "Clara", "--key", 2, "--auto-key", "off", "-o", "out")
    assert code == 0
    (made,) = answer["results"]
    assert read_audio(Path(made["file"])).frames == read_audio(SUNG).frames
    assert made["shift_semitones"] == 2
    assert made["report_card"]["pitch_error_cents"] < 100


def test_recordings_are_examined_into_findings():
    code, answer = ask("doctor", LINE)
    (report,) = answer["results"]
    assert (code, report["verdict"]) == (2, "no-go")
    assert 0 < report["usable_seconds"] < 60
    assert all(one["message"] and one["remedy"] for one in report["findings"])


def test_voices_are_listed_verified_and_deleted_by_programs():
    add_voice(VoiceLibrary(get_voices_folder()))
    listed = {one["voice"]: one for one in ask("voices", "list")[1]["results"]}
    assert listed["Alto"]["pitch_range_hz"] == [165, 660]
    assert "Clara" in listed
    assert ask("voices", "verify", "Alto") == (
        0,
        {"results": [{"voice": "Alto"}], "notes": [], "seconds": pytest.approx(0, abs=5)},
    )
    code, answer = ask("voices", "delete", "Alto")
    assert (code, "--yes" in answer["error"]) == (1, True)
    assert ask("voices", "delete", "Alto", "--yes")[0] == 0
    assert ask("train", "list")[1]["results"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("convert", SUNG, "--voice", "Nobody"), "no voice called “Nobody”"),
        (("separate",), "Name a song"),
        (("cover", "gone.wav", "--voice", "Clara"), None),
        (("emotion", LINE, "-e", "hungry"), "no emotion “hungry”"),
        (("verify", "gone.wav"), "no file “gone.wav”"),
        (("train", "status", "nothing"), "no such run"),
        (("emotion", LINE), "--emotion"),
        (("voices", "verify"), "name"),
        (("slice", LINE, "--nonsense"), "--nonsense"),
    ],
)
def test_what_fails_is_one_sentence_in_the_object(words, told):
    code, answer = ask(*words)
    assert code in (1, 2)
    failed = answer.get("error") or answer["results"][0]["error"]
    assert (told or "no file") in failed


def test_numbers_that_json_has_not_and_odd_names_are_written_all_the_same(capsys):
    from vc_core.cli.scripting.report import Report

    odd = os.fsdecode(b"x\xff.wav")
    Report([{"gain": float("nan"), "file": Path(odd), "songs": ("노래", 2)}]).print()
    (made,) = json.loads(capsys.readouterr().out)["results"]
    assert made == {"gain": None, "file": odd, "songs": ["노래", 2]}
