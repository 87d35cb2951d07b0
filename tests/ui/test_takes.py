"""Takes: files of one session alone, limited, kept over a restart on one's own machine, gone with the session."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import client_of
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from vc_core.errors import UserError
from vc_core.ui.server.sessions import delete_session_files
from vc_core.ui.takes import store as store_module
from vc_core.ui.takes.recording import TakeRecorder
from vc_core.ui.takes.section import _choose, _put_back_for, _refresh
from vc_core.ui.takes.store import Take, Takes, get_takes

TAKE = Take("convert_singer", "Song", "song.wav", {"voice": "Clara", "seed": 3})


@pytest.fixture
def sound(tmp_path):
    (tmp_path / "made.wav").write_bytes(b"x" * 1000)
    return tmp_path / "made.wav"


@pytest.fixture
def takes(tmp_path):
    return Takes(tmp_path / "session", tmp_path / "home" / "takes")


def visitor(name: str) -> SimpleNamespace:
    return SimpleNamespace(session_hash=name, headers={})


def add(takes: Takes, sound, *, at: float = 0.0, **changes) -> Take:
    take = replace(TAKE, id=f"{at:032.0f}", created=TAKE.created + at, **changes)
    takes.add(take, {"converted": sound})
    return take


def test_takes_are_listed_from_the_newest_on_with_settings_and_sounds(takes, sound):
    first, second = add(takes, sound, at=-20), add(takes, sound, at=-10)
    sound.unlink()  # results expire on their own
    assert [take.id for take in takes.list_takes()] == [second.id, first.id]
    found = takes.find(first.id)
    assert found.settings == {"voice": "Clara", "seed": 3}
    (path,) = takes.serve(found).values()
    assert Path(path).read_bytes() == b"x" * 1000


def test_a_take_needs_no_second_place_on_the_disk(takes, sound):
    add(takes, sound)
    assert sound.stat().st_nlink == 2


def test_a_take_is_renamed_deleted_and_brought_back(takes, sound):
    take = add(takes, sound)
    takes.rename(take.id, "  The \n best ")
    assert takes.find(take.id).title == "The best"
    with pytest.raises(UserError, match="title"):
        takes.rename(take.id, " ")
    assert not takes.can_undo()
    takes.delete(take.id)
    assert takes.list_takes() == []
    with pytest.raises(UserError, match="not there"):
        takes.find(take.id)
    takes.undo()
    assert [one.title for one in takes.list_takes()] == ["The best"]


def test_the_oldest_that_are_not_kept_make_room(takes, sound, monkeypatch):
    monkeypatch.setattr(store_module, "MAX_TAKES", 3)
    shared = Takes(takes.folder)  # without a place for those that are kept
    for at in range(3):
        add(shared, sound, at=at)
    shared.keep(f"{0:032.0f}")
    add(shared, sound, at=3)
    add(shared, sound, at=4)
    assert [int(take.id) for take in shared.list_takes()] == [4, 3, 0]
    monkeypatch.setattr(store_module, "MAX_GIGABYTES", 3500 / 1e9)  # of sounds and descriptions
    add(shared, sound, at=5)
    assert [int(take.id) for take in shared.list_takes()] == [5, 0]


def test_a_kept_take_outlives_its_session_on_ones_own_machine_only(takes, sound):
    take, other = add(takes, sound, at=-2), add(takes, sound, at=-1)
    takes.keep(take.id)
    assert [one.id for one in takes.list_takes()] == [other.id, take.id]
    shutil.rmtree(takes.folder)
    later = Takes(takes.folder.with_name("another session"), takes.kept_folder)
    (found,) = later.list_takes()
    assert (found.id, found.is_kept) == (take.id, True)
    assert len(later.serve(found)) == 1


def test_takes_expire_as_results_do_but_not_what_was_kept(takes, sound):
    old = -(store_module.EXPIRY_HOURS + 1) * 3600
    takes.folder.mkdir()
    add(Takes(takes.folder), sound, at=old)
    assert takes.list_takes() == []
    add(takes, sound, at=-1)
    takes.keep(f"{-1:032.0f}")
    path = takes.kept_folder / f"{-1:032.0f}" / store_module.TAKE_FILE
    path.write_text(path.read_text().replace(f"{TAKE.created - 1}", f"{TAKE.created + old}"))
    assert len(takes.list_takes()) == 1


def test_leaving_the_page_deletes_its_takes_alone(sound):
    mine, other = get_takes(visitor("leaving")), get_takes(visitor("staying"))
    add(mine, sound, at=1)
    add(other, sound, at=2)
    delete_session_files(visitor("leaving"))
    assert not mine.folder.exists()
    assert [int(take.id) for take in get_takes(visitor("staying")).list_takes()] == [2]
    delete_session_files(visitor("staying"))


def test_on_a_shared_page_nothing_is_kept_in_the_data_directory(monkeypatch):
    assert get_takes(visitor("a")).kept_folder is not None
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    assert get_takes(visitor("a")).kept_folder is None


def test_a_take_that_cannot_be_stored_loses_no_result(monkeypatch):
    import gradio as gr

    from vc_core.ui.words import word

    with gr.Blocks():
        players = [gr.Audio(label=word("converted"))]
    handler = TakeRecorder("convert_singer", {}, players).wrap(lambda *_: iter([["/gone/made.wav"]]))
    assert list(handler({}, visitor("full"), None)) == [["/gone/made.wav"]]
    assert get_takes(visitor("full")).list_takes() == []


def test_two_previews_are_compared_at_the_same_second_of_their_song(sound):
    takes, who = get_takes(visitor("compare")), visitor("compare")
    whole, part = add(takes, sound, at=-2), add(takes, sound, at=-1, start_seconds=8.0)
    _, player, compare, *_ = _choose([whole.id, part.id], 0, who)
    assert [track["from"] for track in compare["value"]["tracks"]] == [8.0, 0.0]
    assert compare["visible"] is True
    assert player["visible"] == "hidden"
    _, player, compare, *_ = _choose([part.id], 0, who)
    assert player["value"].endswith(".wav")
    assert compare["visible"] == "hidden"
    choices, _ = _refresh([], 9 * 60, who)
    assert [label.split(" · ")[:3] for label, _ in choices["choices"]] == 2 * [["“Song”", "Convert singer", "Clara"]]
    assert "preview" in choices["choices"][0][0]
    delete_session_files(who)


def test_results_are_takes_of_their_own_session(studio, line, tmp_path):
    singing, listening = (client_of(studio, tmp_path / name) for name in ("singing", "listening"))
    singing.predict(song=handle_file(line), voice="Annie", seed=7, automatic_key="off", api_name="/convert")
    (take,) = singing.predict(api_name="/takes")
    assert (take["title"], take["panel"], take["sounds"]) == ("line", "convert_singer", ["converted"])
    assert take["settings"]["voice"] == "Annie"
    assert take["settings"]["seed"] == 7
    assert "song" not in take["settings"]
    assert listening.predict(api_name="/takes") == []
    with pytest.raises(AppError, match="not there"):
        listening.predict(take["id"], api_name="/take_delete")
    owner, stranger = visitor(singing.session_hash), visitor(listening.session_hash)
    assert _choose([take["id"]], 0, owner)[1]["value"]
    assert _choose([take["id"]], 0, stranger)[1]["value"] is None
    with pytest.raises(Exception, match="not there"):
        _put_back_for({})([take["id"]], stranger)
    assert singing.predict(take["id"], api_name="/take_delete") == "line"
    assert singing.predict(api_name="/takes") == []
