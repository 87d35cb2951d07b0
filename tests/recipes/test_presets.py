"""Presets: settings that the task's options accept, by name or as a small file; others are refused by a sentence."""

import json

import pytest

from vc_core.errors import UserError
from vc_core.recipes.presets import COMMANDS, MAX_BYTES, OPTIONS, Preset, PresetFolder, find_preset, read_preset

SETTINGS = {"voice": "Annie", "key_shift_semitones": 3, "seed": 7.0, "rvc_speaker": 0, "format_name": "mp3"}


@pytest.fixture
def presets(tmp_path):
    return PresetFolder(tmp_path / "presets")


def write(path, **changes):
    content = {"format": "voice-studio-preset", "task": "convert_singer", "name": "Duet", "settings": SETTINGS}
    path.write_text(json.dumps(content | changes))
    return path


def test_a_preset_is_saved_found_replaced_and_deleted(presets):
    presets.save(Preset("Duet", "convert_singer", SETTINGS))
    presets.save(Preset("an alto / 2", "convert_singer", {"seed": 1}))
    presets.save(Preset("Duet", "cover", {"key": "off"}))
    presets.save(Preset("Duet", "convert_singer", SETTINGS | {"seed": 8}))
    assert [one.name for one in presets.list("convert_singer")] == ["an alto / 2", "Duet"]
    assert presets.find("convert_singer", "Duet").settings["seed"] == 8
    assert presets.find("cover", "Duet").settings == {"key": "off"}
    presets.delete("convert_singer", "Duet")
    with pytest.raises(UserError, match=r"no preset “Duet”. There are: an alto / 2\."):
        presets.find("convert_singer", "Duet")


def test_names_that_differ_in_signs_only_are_two_presets(presets):
    for name in ("A/B", "A B", "../A B"):
        presets.save(Preset(name, "cover", {}))
    assert len(presets.list("cover")) == 3
    assert {path.parent for path in presets.folder.rglob("*.json")} == {presets.folder / "cover"}


def test_a_file_is_read_as_it_was_written(tmp_path):
    preset = Preset("듀엣", "convert_singer", SETTINGS)
    (tmp_path / "a.json").write_text(preset.to_json())
    assert read_preset(tmp_path / "a.json") == preset


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"settings": {"colour": 1}}, "no setting “colour” in “convert”"),
        ({"settings": {"seed": "seven"}}, "seed is not a number"),
        ({"settings": {"seed": [7]}}, "“seed” has a value of the wrong type"),
        ({"settings": {"seed": None}}, "“seed” has a value of the wrong type"),
        ({"settings": {"seed": 7.5}}, "seed is a whole number"),
        ({"settings": {"seed": 10**400}}, "“seed” has a value of the wrong type"),
        ({"settings": {"breath_db": float("nan")}}, "breath in dB"),
        ({"settings": {"automatic_key": "perhaps"}}, "no automatic key “perhaps”"),
        ({"settings": {"voice": "V" * 1000}}, "“voice” is a text of at most"),
        ({"settings": {"own": 1}}, "no setting “own”"),
        ({"settings": [1]}, "no preset of Voice Studio"),
        ({"task": "voices"}, "no preset of Voice Studio"),
        ({"task": 7}, "no preset of Voice Studio"),
        ({"format": "other"}, "no preset of Voice Studio"),
        ({"name": ""}, "name of at most"),
        ({"name": "a\nb"}, "name of at most"),
        ({"name": 5}, "name of at most"),
    ],
)
def test_a_file_that_is_no_preset_is_refused_by_a_sentence(tmp_path, changes, sentence):
    with pytest.raises(UserError, match=sentence):
        read_preset(write(tmp_path / "a.json", **changes))


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"[" * 15_000, b"{" + b" " * MAX_BYTES + b"}"])
def test_a_file_of_anything_else_is_refused_by_a_sentence(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match="“a.json” is no preset"):
        read_preset(tmp_path / "a.json")


def test_damaged_files_in_the_folder_hide_no_others(presets):
    presets.save(Preset("Duet", "cover", {}))
    (presets.folder / "cover" / "broken.json").write_text("{")
    assert [one.name for one in presets.list("cover")] == ["Duet"]


def test_a_preset_is_for_one_task(presets, tmp_path):
    file = write(tmp_path / "a.json")
    assert find_preset("convert_singer", str(file), presets).name == "Duet"
    with pytest.raises(UserError, match="“a.json” is a preset for “convert”, not for “cover”"):
        find_preset("cover", str(file), presets)


def test_their_number_is_limited(presets, monkeypatch):
    monkeypatch.setattr("vc_core.recipes.presets.MAX_PRESETS", 2)
    for name in ("A", "B", "B"):
        presets.save(Preset(name, "cover", {}))
    with pytest.raises(UserError, match="2 presets"):
        presets.save(Preset("C", "cover", {}))


def test_every_task_with_presets_has_a_command():
    assert set(COMMANDS) == set(OPTIONS)
