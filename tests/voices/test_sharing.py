"""Voices are exported and imported as zip files and over the Hub, and untrusted files are validated."""

import json
import stat
import zipfile

import pytest
import yaml
from hub_server import Repo
from voice_maker import add_voice, fill_folder

from vc_core.checkpoints.hub import Checkpoint
from vc_core.errors import UserError
from vc_core.voices.library import CARD_FILE, VoiceLibrary, find_faults
from vc_core.voices.sharing import export_zip, import_from_hub, import_zip, publish, write_model_card


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path / "voices")


@pytest.fixture
def other_library(tmp_path):
    return VoiceLibrary(tmp_path / "others")


@pytest.fixture
def packed(library, tmp_path):
    """A zip file of a good voice."""
    return export_zip(add_voice(library), tmp_path / "alto.zip")


def repacked(path, change):
    """The same zip file after `change(entries)`; an entry is its name and content."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_an_exported_voice_is_imported_elsewhere(packed, other_library):
    voice = import_zip(other_library, packed)
    assert voice.name == "Alto"
    assert find_faults(voice) == []


def test_it_can_be_given_another_name(packed, library):
    assert import_zip(library, packed, name=" Alto 2 ").name == "Alto 2"
    assert [voice.name for voice in library.list()] == ["Alto", "Alto 2"]


def test_a_zip_made_on_a_mac_is_imported(packed, other_library):
    repacked(packed, lambda entries: entries.update({"__MACOSX/alto/._voice.json": b"x", "alto/.DS_Store": b"x"}))
    assert import_zip(other_library, packed).name == "Alto"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../../evil.safetensors", "not where a voice's file can be"),
        ("/etc/evil.json", "not where a voice's file can be"),
        ("a/b/c.json", "not where a voice's file can be"),
        ("alto\\..\\evil.json", "not where a voice's file can be"),
        ("alto/run.py", "may not have a file like"),
        ("alto/weights.pth", "may not have a file like"),
        ("alto/more.safetensors", "does not list"),
        ("other/voice.json", "holds a file twice"),
    ],
)
def test_an_unexpected_zip_entry_is_refused(packed, other_library, tmp_path, name, sentence):
    repacked(packed, lambda entries: entries.update({name: b"{}"}))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=sentence):
        import_zip(other_library, packed)
    assert other_library.list() == []
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] in ([], [other_library.folder])


def test_a_link_in_a_zip_is_refused(packed, other_library):
    with zipfile.ZipFile(packed, "a") as archive:
        link = zipfile.ZipInfo("alto/link.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match="only a link"):
        import_zip(other_library, packed)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(packed, other_library, monkeypatch):
    monkeypatch.setattr("vc_core.voices.sharing.MAX_GIGABYTES", 1e-6)
    with pytest.raises(UserError, match="too large"):
        import_zip(other_library, packed)


def test_too_many_files_are_refused(packed, other_library):
    repacked(packed, lambda entries: entries.update({f"alto/{count}.json": b"" for count in range(60)}))
    with pytest.raises(UserError, match="too large"):
        import_zip(other_library, packed)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + bytes(40)])
def test_a_file_that_is_no_zip_is_refused(tmp_path, other_library, content):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(UserError, match="zip file is damaged"):
        import_zip(other_library, tmp_path / "x.zip")


def test_a_zip_without_a_card_and_one_whose_weights_were_changed_are_refused(packed, other_library):
    repacked(packed, lambda entries: entries.update({"alto/voice.safetensors": b"changed"}))
    with pytest.raises(UserError, match="changed or damaged"):
        import_zip(other_library, packed)
    repacked(packed, lambda entries: entries.pop(f"alto/{CARD_FILE}"))
    with pytest.raises(UserError, match="no voice"):
        import_zip(other_library, packed)


def test_a_voice_is_published_and_imported_from_the_hub(hub, library, other_library):
    voice = add_voice(library)
    steps = []
    address = publish(voice, "ann/alto", token=hub.token, progress=lambda *step: steps.append(step))
    assert address == f"{hub.url}/ann/alto"
    assert hub.repos["ann/alto"].private
    assert steps[-1][0] == 1.0

    hub.repos["ann/alto"].private = False
    taken = import_from_hub(other_library, Checkpoint("ann/alto"), name="Ann")
    assert find_faults(taken) == []
    assert taken.card.source == f"ann/alto@{hub.repos['ann/alto'].commit}"
    assert taken.card.files == voice.card.files


def test_the_model_card_states_whose_voice_it_is(library):
    page = write_model_card(add_voice(library, licence="My own terms"))
    front = yaml.safe_load(page.split("---")[1])
    assert front["license"] == "other"
    assert front["license_name"] == "My own terms"
    assert "voice-conversion" in front["tags"]
    assert "A synthetic voice, of no real person" in page
    assert "165 to 660 Hz" in page
    assert yaml.safe_load(write_model_card(add_voice(library, "B")).split("---")[1])["license"] == "cc0-1.0"


def test_publishing_needs_a_token_that_may_write(hub, library):
    voice = add_voice(library)
    with pytest.raises(UserError, match="paste a token"):
        publish(voice, "ann/alto", token="")
    with pytest.raises(UserError, match="token is not valid|or it is private"):
        publish(voice, "ann/alto", token="hf_wrong")
    assert "ann/alto" not in hub.repos


def test_a_changed_voice_is_not_published(hub, library):
    voice = add_voice(library)
    (voice.folder / "voice.safetensors").write_bytes(b"x")
    with pytest.raises(UserError, match="not published"):
        publish(voice, "ann/alto", token=hub.token)
    assert hub.log == []


def test_a_repo_that_is_no_voice_is_refused(hub, library):
    hub.repos["ann/other"] = Repo({"config.json": b"{}", "G_100.pth": b"x"})
    with pytest.raises(UserError, match="no voice of Voice Studio"):
        import_from_hub(library, Checkpoint("ann/other"))


def test_a_voice_on_the_hub_with_wrong_hashes_is_refused(hub, library, tmp_path):
    fill_folder(tmp_path / "made")
    files = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    card = json.loads(files[CARD_FILE])
    card["files"]["voice.safetensors"] = "0" * 64
    hub.repos["ann/liar"] = Repo(files | {CARD_FILE: json.dumps(card).encode(), "run.py": b"import os"})
    with pytest.raises(UserError, match="changed or damaged"):
        import_from_hub(library, Checkpoint("ann/liar"))
    assert library.list() == []
