"""A batch does everything once, goes on where it stopped, and survives files and workers that fail."""

import os

import pytest
from batch_work import Copying

from vc_core.batch import Journal, devices_for, items_of, on_this_machine, run_batch
from vc_core.errors import UserError


@pytest.fixture
def songs(tmp_path):
    folder = tmp_path / "songs"
    (folder / "live").mkdir(parents=True)
    for name, text in {"a.wav": "a", "b.flac": "b", "live/a.mp3": "c", "notes.md": "no"}.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["tests", "."]))
    (tmp_path / "mark").mkdir()

    def run(items, *, settings="one", workers=2, again=False):
        work, journal = Copying(tmp_path / "mark"), Journal(tmp_path / "out", settings)
        outcomes = run_batch(items, work, journal, on_this_machine(["cpu"] * workers), again=again)
        return {outcome.item.source.name: outcome for outcome in outcomes}

    return run


def test_folders_are_walked_and_names_kept_apart(songs, tmp_path):
    items = items_of([songs, songs / "a.wav"], tmp_path / "out")
    places = {str(item.source.relative_to(songs)): str(item.target.relative_to(tmp_path / "out")) for item in items}
    assert places == {"a.wav": "a", "b.flac": "b", "live/a.mp3": "live/a"}
    both = items_of([songs / "a.wav", songs / "live" / "a.mp3"], tmp_path / "out")
    assert [item.target.name for item in both] == ["a", "a-2"]


@pytest.mark.parametrize(
    ("name", "text"), [("l.txt", "a.wav\n# b\n\nb.flac\n"), ("l.csv", "source,note\na.wav,x\nb.flac,\n")]
)
def test_lists_name_files_beside_themselves(songs, tmp_path, name, text):
    (songs / name).write_text(text)
    assert [item.source for item in items_of([songs / name], tmp_path)] == [songs / "a.wav", songs / "b.flac"]


@pytest.mark.parametrize(("name", "text"), [("l.csv", "path\na.wav\n"), ("l.txt", ""), ("l.txt", "\0\xff")])
def test_a_list_that_is_none_is_refused_or_leads_to_a_file_that_fails(songs, tmp_path, name, text):
    (songs / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError):
        items_of([songs / name], tmp_path)


def test_all_is_done_once_by_more_than_one_worker_and_not_again(songs, tmp_path, run):
    items = items_of([songs], tmp_path / "out")
    first = run(items)
    assert {name: outcome.was_done for name, outcome in first.items()} == {
        "a.wav": False,
        "b.flac": False,
        "a.mp3": False,
    }
    texts = {name: outcome.files[0].read_text() for name, outcome in first.items()}
    assert all(text.endswith(" cpu") for text in texts.values())
    assert all(str(os.getpid()) not in text for text in texts.values())
    assert all(outcome.was_done for outcome in run(items).values())
    (songs / "b.flac").write_text("another")
    (tmp_path / "out" / "a" / "copy.txt").unlink()
    assert {name: outcome.was_done for name, outcome in run(items).items()} == {
        "a.wav": False, "b.flac": False, "a.mp3": True,
    }  # fmt: skip
    assert not any(outcome.was_done for outcome in run(items, settings="two").values())


def test_a_bad_file_and_a_missing_one_do_not_stop_the_others(songs, tmp_path, run):
    (songs / "a.wav").write_text("bad")
    outcomes = run(items_of([songs], tmp_path / "out"))
    assert outcomes["a.wav"].sentence == "This is no song."
    assert outcomes["b.flac"].files
    assert not run(items_of([songs], tmp_path / "out"))["a.wav"].was_done  # it is tried again


def test_a_worker_that_dies_takes_nothing_with_it(songs, tmp_path, run):
    (songs / "a.wav").write_text("deadly")
    (songs / "b.flac").write_text("fatal")
    outcomes = run(items_of([songs], tmp_path / "out"), workers=1)
    assert outcomes["a.wav"].files[0].read_text().startswith("deadly")
    assert "died" in outcomes["b.flac"].sentence
    assert outcomes["a.mp3"].files


def test_a_journal_that_was_cut_off_is_read_as_far_as_it_goes(songs, tmp_path, run):
    items = items_of([songs], tmp_path / "out")
    run(items)
    journal = tmp_path / "out" / "batch.jsonl"
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join([*lines[:2], lines[2][:40]]))
    assert sum(outcome.was_done for outcome in run(items).values()) == 2


def test_there_is_a_worker_for_each_core_unless_asked_otherwise(monkeypatch):
    assert devices_for() == ["cpu"] * os.cpu_count()
    assert devices_for(3) == ["cpu"] * 3
