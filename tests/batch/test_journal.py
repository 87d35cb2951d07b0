"""A batch processes every item once, resumes where it stopped, and survives failing files and workers."""

import os

import pytest
from batch_work import Copying

from vc_core.batch.journal import list_devices, list_items, make_local_executor, run_batch
from vc_core.errors import UserError
from vc_core.files.results import JOURNAL_FILE, ResultJournal


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
        work, journal = Copying(tmp_path / "mark"), ResultJournal(tmp_path / "out", settings)
        outcomes = run_batch(items, work, journal, make_local_executor(["cpu"] * workers), again=again)
        return {outcome.item.source.name: outcome for outcome in outcomes}

    return run


def test_folders_are_walked_and_files_of_one_name_stay_apart(songs, tmp_path, run):
    items = list_items([songs, songs / "a.wav"], tmp_path / "out")
    places = {str(item.source.relative_to(songs)): str(item.target.relative_to(tmp_path / "out")) for item in items}
    assert places == {"a.wav": "a", "b.flac": "b", "live/a.mp3": "live/a"}
    both = list_items([songs / "a.wav", songs / "live" / "a.mp3"], tmp_path / "out")
    done = run(both)
    assert [done[name].item.target.name for name in ("a.wav", "a.mp3")] == ["a", "a-2"]
    again = run(list_items([songs / "live" / "a.mp3"], tmp_path / "out"))
    assert again["a.mp3"].was_done
    assert again["a.mp3"].files == done["a.mp3"].files


@pytest.mark.parametrize(
    ("name", "text"), [("l.txt", "a.wav\n# b\n\nb.flac\n"), ("l.csv", "source,note\na.wav,x\nb.flac,\n")]
)
def test_paths_in_lists_are_relative_to_the_list(songs, tmp_path, name, text):
    (songs / name).write_text(text)
    assert [item.source for item in list_items([songs / name], tmp_path)] == [songs / "a.wav", songs / "b.flac"]


@pytest.mark.parametrize(("name", "text"), [("l.csv", "path\na.wav\n"), ("l.txt", ""), ("l.txt", "\0\xff")])
def test_an_invalid_list_is_refused_or_its_file_fails(songs, tmp_path, name, text):
    (songs / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError):
        list_items([songs / name], tmp_path)


def test_items_run_once_on_several_workers_and_are_not_repeated(songs, tmp_path, run):
    items = list_items([songs], tmp_path / "out")
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


def test_of_equal_files_with_one_name_only_the_first_is_processed(songs, tmp_path, run):
    (songs / "live" / "a.wav").write_text("a")
    run(list_items([songs / "a.wav", songs / "live" / "a.wav"], tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()] == ["a"]


def test_an_unexpected_error_is_reported_for_its_file_alone(songs, tmp_path, run):
    (songs / "a.wav").write_text("odd")
    outcomes = run(list_items([songs], tmp_path / "out"))
    assert "ZeroDivisionError" in outcomes["a.wav"].error
    assert outcomes["b.flac"].files


def test_a_bad_file_and_a_missing_one_do_not_stop_the_others(songs, tmp_path, run):
    (songs / "a.wav").write_text("bad")
    outcomes = run(list_items([songs], tmp_path / "out"))
    assert outcomes["a.wav"].error == "This is no song."
    assert outcomes["b.flac"].files
    assert not run(list_items([songs], tmp_path / "out"))["a.wav"].was_done  # it is tried again


def test_a_dead_worker_loses_no_other_item(songs, tmp_path, run):
    (songs / "a.wav").write_text("deadly")
    (songs / "b.flac").write_text("fatal")
    outcomes = run(list_items([songs], tmp_path / "out"), workers=1)
    assert outcomes["a.wav"].files[0].read_text().startswith("deadly")
    assert "died" in outcomes["b.flac"].error
    assert outcomes["a.mp3"].files


def test_a_truncated_journal_is_read_up_to_the_damage(songs, tmp_path, run):
    items = list_items([songs], tmp_path / "out")
    run(items)
    journal = tmp_path / "out" / JOURNAL_FILE
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join([*lines[:-1], lines[-1][:40]]))
    outcomes = run(items)
    assert sum(outcome.was_done for outcome in outcomes.values()) == 2
    assert {outcome.item.target.name for outcome in outcomes.values()} == {"a", "b"}  # an unfinished one goes on there


def test_there_is_a_worker_for_each_core_by_default(monkeypatch):
    assert list_devices() == ["cpu"] * os.cpu_count()
    assert list_devices(3) == ["cpu"] * 3
