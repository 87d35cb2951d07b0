"""`--preset`: what the command line doesn't state is the preset's; a file or name that is none is refused."""

import json

import pytest
from cli.test_cli import vc  # noqa: F401 - the fixture
from voice_maker import add_voice

from vc_core.cli.presets import _list_own_settings, _make_defaults
from vc_core.files.provenance import read_origin
from vc_core.recipes.presets import Preset, PresetFolder
from vc_core.voices.library import VoiceLibrary, get_voices_folder

SETTINGS = {"voice": "Annie", "key_shift_semitones": 3.0, "seed": 7, "automatic_key": "off", "format_name": "wav16"}


def test_the_command_line_comes_before_the_preset(vc, line, tmp_path):  # noqa: F811
    PresetFolder(tmp_path / "home" / "presets").save(Preset("Duet", "convert_singer", SETTINGS))
    code, said = vc("convert", line, "--preset", "Duet", "--key", 5, "-o", tmp_path / "out")
    assert code == 0, said
    (made,) = (tmp_path / "out").glob("*.wav")
    provenance = read_origin(made).provenance
    assert provenance.voice == "Annie"
    assert {name: provenance.settings[name] for name in ("key_shift_semitones", "seed", "automatic_key")} == {
        "key_shift_semitones": 5,
        "seed": 7,
        "automatic_key": "off",
    }


def test_a_preset_that_is_none_is_refused_by_a_sentence(vc, line, tmp_path):  # noqa: F811
    file = tmp_path / "cover.json"
    file.write_text(Preset("Duet", "cover", {}).to_json())
    for command in ("convert", "separate", "emotion"):
        code, said = vc(command, line, "--preset", file, "-o", tmp_path / "out")
        assert code == 1
        assert f"“cover.json” is a preset for “cover”, not for “{command}”." in said
    file.write_text(json.dumps({"format": "voice-studio-preset", "task": "cover", "name": "a", "settings": {"key": 5}}))
    code, said = vc("cover", line, "--preset", file, "-o", tmp_path / "out")
    assert (code, said) == (1, "The key mode has a value of the wrong type.")
    code, said = vc("cover", line, "--preset", "Nothing", "-o", tmp_path / "out")
    assert (code, said) == (1, "There is no preset “Nothing”. There are: –.")


def test_what_the_shell_has_no_option_for_is_named():
    known = {"key", "vocals_shift_semitones", "backing_voice", "voice_name"}
    settings = {"voice": "Annie", "vocals_shift": 2, "formant_shift_semitones": 1.0, "breath_db": 0.0}
    backing = {"backing": "voice", "backing_voice": "Ben"}
    defaults, left_out = _make_defaults(Preset("a", "cover", settings | backing), "voice_name", known | {"backing"})
    assert defaults == {"voice_name": "Annie", "vocals_shift_semitones": 2, "backing_voice": "Ben"}
    assert left_out == ["--formant"]


@pytest.fixture
def rvc_voice(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    return add_voice(VoiceLibrary(get_voices_folder()), "Rita", engine="rvc").name


def test_settings_of_an_engine_go_to_voices_of_that_engine(rvc_voice):
    preset = Preset("a", "convert_singer", {"rvc_noise": 0.5, "rvc_speaker": 2.0, "noise_scale": 1.0, "so_vits": "a=1"})
    assert _list_own_settings(preset, rvc_voice) == ["speaker=2", "noise_scale=0.5", "a=1"]
    assert _list_own_settings(preset, "Annie") == ["a=1"]
