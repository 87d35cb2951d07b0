"""The library stores each voice with its card, detects any change to its files, and really deletes."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from voice_maker import add_voice, fill_folder

from vc_core.errors import UserError
from vc_core.voices.library import CARD_FILE, VoiceCard, VoiceLibrary, find_faults, make_folder_name, read_card


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path / "voices", shipped=[tmp_path / "shipped"])


def test_an_empty_library_is_empty(library):
    assert library.list() == []
    with pytest.raises(UserError, match="no voice called “Alto”. There are: none yet"):
        library.find("Alto")


def test_a_voice_is_stored_with_its_card(library):
    voice = add_voice(library, "나리 (Alto)")
    assert library.list() == [voice]
    found = library.find("나리 (Alto)")
    assert found.card.pitch_range_hz == (165.0, 660.0)
    assert found.folder.name == "나리-alto"
    assert find_faults(found) == []


def test_listing_writes_nothing_where_nobody_adds_voices(tmp_path):
    """The app lists its starter voices so, which are in the installed package."""
    fill_folder(tmp_path / "shipped" / "alto", "Alto")
    before = sorted(tmp_path.rglob("*"))
    assert [voice.name for voice in VoiceLibrary(tmp_path / "shipped").list()] == ["Alto"]
    assert sorted(tmp_path.rglob("*")) == before


def test_voices_are_listed_by_name(library):
    for name in ("beta", "Alpha", "gamma"):
        add_voice(library, name)
    assert [voice.name for voice in library.list()] == ["Alpha", "beta", "gamma"]


def test_two_voices_of_one_name_are_refused(library):
    add_voice(library)
    with pytest.raises(UserError, match="already"):
        add_voice(library)
    assert len(library.list()) == 1


def test_of_many_additions_of_one_name_at_the_same_time_one_succeeds(library):
    def add(_: int) -> bool:
        try:
            add_voice(VoiceLibrary(library.folder))
        except UserError:
            return False
        return True

    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(add, range(8))) == 1
        library.delete("Alto")


def test_names_that_share_a_folder_name_get_folders_of_their_own(library):
    first, second = add_voice(library, "Alto!"), add_voice(library, "Alto?")
    assert first.folder != second.folder
    assert len(library.list()) == 2


def test_a_voice_is_deleted_for_good(library):
    voice = add_voice(library)
    library.delete("Alto")
    assert library.list() == []
    assert not voice.folder.exists()
    assert list(library.folder.iterdir()) == []


def test_a_shipped_voice_is_listed_but_cannot_be_deleted(library, tmp_path):
    fill_folder(tmp_path / "shipped" / "tenor", "Tenor")
    assert [voice.name for voice in library.list()] == ["Tenor"]
    with pytest.raises(UserError, match="comes with the app"):
        library.delete("Tenor")


def test_a_faulty_voice_is_not_imported_and_nothing_is_left(library):
    with pytest.raises(UserError, match="not taken in"), library.staging_folder() as folder:
        fill_folder(folder)
        (folder / "voice.safetensors").write_bytes(b"other")
        library.add(folder)
    assert list(library.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (lambda folder: (folder / "voice.safetensors").unlink(), "voice.safetensors is missing"),
        (lambda folder: (folder / "voice.safetensors").write_bytes(b"x"), "voice.safetensors has been changed"),
        (lambda folder: (folder / "more.safetensors").write_bytes(b"x"), r"does not list \(more.safetensors\)"),
        (lambda folder: (folder / "run.py").write_bytes(b"x"), r"does not list \(run.py\)"),
    ],
)
def test_any_change_to_the_files_is_noticed(library, harm, fault):
    voice = add_voice(library)
    harm(voice.folder)
    (found,) = find_faults(voice)
    assert re.search(fault, str(found))


def test_a_link_in_a_voices_folder_is_not_followed(library, tmp_path):
    voice = add_voice(library)
    weights = voice.folder / "voice.safetensors"
    moved = weights.rename(tmp_path / "elsewhere.safetensors")
    weights.symlink_to(moved)
    assert "missing" in str(find_faults(voice)[0])


@pytest.mark.parametrize("file", ["../../etc/passwd", "sub/voice.safetensors", "run.py"])
def test_a_card_that_points_outside_its_folder_is_noticed(library, file):
    voice = add_voice(library)
    card = json.loads((voice.folder / CARD_FILE).read_text())
    card["files"][file] = "0" * 64
    (voice.folder / CARD_FILE).write_text(json.dumps(card))
    assert any("may not have" in str(fault) for fault in find_faults(library.find("Alto")))


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("consent", "maybe", "does not say whose voice"),
        ("licence", " ", "licence and its origin"),
        ("origin", "", "licence and its origin"),
        ("name", "", "1 to 60 letters"),
        ("name", "x" * 61, "1 to 60 letters"),
        ("name", "a\nb", "1 to 60 letters"),
        ("pitch_range_hz", [400, 200], "makes no sense"),
        ("pitch_range_hz", [400], "not valid: pitch_range_hz"),
        ("pitch_range_hz", [9.0, 200.0], "makes no sense"),
        ("pitch_range_hz", [100.0, 1e9], "makes no sense"),
        ("pitch_range_hz", [float("nan"), 200.0], "makes no sense"),
        ("sample_rate", 0, "8,000 to 192,000 Hz"),
        ("sample_rate", -5, "8,000 to 192,000 Hz"),
        ("sample_rate", 192_001, "8,000 to 192,000 Hz"),
        ("sample_rate", 10**18, "8,000 to 192,000 Hz"),
        ("sample_rate", "44100", "not valid: sample_rate"),
        ("files", ["x"], "not valid: files"),
        ("format", 2, "not valid: format"),
        ("surprise", 1, "not valid: surprise"),
        ("engine", None, "not valid: engine"),
    ],
)
def test_a_card_with_a_wrong_entry_is_refused_by_name(tmp_path, key, value, sentence):
    fill_folder(tmp_path)
    card = json.loads((tmp_path / CARD_FILE).read_text())
    card[key] = value
    (tmp_path / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(UserError, match=sentence):
        read_card(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"7"])
def test_a_card_that_is_no_card_is_refused(tmp_path, content):
    (tmp_path / CARD_FILE).write_bytes(content)
    with pytest.raises(UserError, match="not valid"):
        read_card(tmp_path)


def test_a_folder_without_a_card_is_no_voice(tmp_path):
    with pytest.raises(UserError, match="no voice"):
        read_card(tmp_path)


def test_a_broken_card_does_not_hide_the_other_voices(library):
    broken = add_voice(library, "Broken")
    add_voice(library, "Sound")
    (broken.folder / CARD_FILE).write_text("{")
    assert [voice.name for voice in library.list()] == ["Sound"]


@given(st.text(min_size=1, max_size=60))
def test_any_name_gives_a_folder_inside_the_library(name):
    folder = make_folder_name(name)
    assert folder
    assert not set(folder) & set('/\\. :*?"<>|\n\0')


def test_a_card_is_read_back_as_it_was_written(tmp_path):
    card = fill_folder(tmp_path, "Alto", settings={"steps": 100, "nested": {"a": [1, 2]}})
    assert read_card(tmp_path) == card
    assert isinstance(card, VoiceCard)
