"""The clock is set back or ahead by an hour, or a laptop sleeps for days: what is in use stays, and nothing waits."""

import os
import threading
import time
from contextlib import ExitStack

import pytest
from voice_maker import add_voice, fill_folder

from vc_core.cover.stage_cache import StageCache
from vc_core.expiry import LEFTOVER_HOURS, delete_expired, delete_leftovers
from vc_core.locks import FileLock, wait_in_queue
from vc_core.progress import silent
from vc_core.training.run.job import Run, list_runs, write_run_files
from vc_core.training.run.spec import Spec, Status
from vc_core.training.run.trash import list_trash, move_to_trash
from vc_core.ui.server.clock import JobClock
from vc_core.ui.server.events import Done
from vc_core.ui.server.jobs import Jobs
from vc_core.ui.server.sessions import get_library
from vc_core.ui.takes import store
from vc_core.ui.takes.store import Take, Takes
from vc_core.voices.library import INCOMING, REPLACED, VoiceLibrary, find_faults

HOUR, DAY = 3600.0, 24 * 3600.0
STEPS = pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "ahead"])


@pytest.fixture
def step_clock(monkeypatch):
    """A function that sets the clock back or ahead by some seconds."""
    true_time = time.time

    def step(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: true_time() + seconds)

    return step


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))


@STEPS
def test_locks_and_the_queue_know_no_clock(step, step_clock, tmp_path):
    with FileLock(tmp_path / "lock").hold():
        step_clock(step)
        began = time.monotonic()
        assert not FileLock(tmp_path / "lock").acquire_soon()
        assert time.monotonic() - began < 10
    with ExitStack() as held:
        held.enter_context(wait_in_queue(tmp_path / "queue", silent))
        step_clock(0)
        second = threading.Thread(target=lambda: wait_in_queue(tmp_path / "queue", silent).__enter__())
        second.start()
        step_clock(step)
        held.close()
        second.join(20)
        assert not second.is_alive()


@STEPS
def test_elapsed_time_and_time_left_are_those_of_the_work(step, step_clock):
    clock = JobClock(expected_seconds=100.0)
    step_clock(step)
    status = clock.update(0.5, "half")
    assert 0 <= status.elapsed_seconds < 10
    assert 0 <= status.seconds_left <= 100


@STEPS
def test_results_of_jobs_temporary_voices_and_stages_are_still_there(step, step_clock, tmp_path):
    jobs = Jobs()
    job = jobs.start(lambda progress, folder: {"answer": 42}, owner="ann")
    assert list(jobs.follow(job))[-1] == Done({"answer": 42})
    with get_library(None).staging_folder(keep=False) as folder:
        fill_folder(folder, "Mine")
        get_library(None).add(folder, keep=False)
    cache = StageCache(tmp_path / "stages")
    with cache.make_work_folder() as work, cache.stage("a", work / "a"):
        (work / "a" / "x").write_text("x")
    step_clock(step)
    other = jobs.start(lambda progress, folder: {}, owner="ann")
    assert list(jobs.follow(other))[-1] == Done({})
    assert jobs.status(job).outcome == {"answer": 42}
    assert "Mine" in [voice.name for voice in get_library(None).list()]
    cache.prune()
    assert cache.has("a")


def test_a_cover_goes_on_after_days_of_sleep(step_clock, tmp_path):
    cache = StageCache(tmp_path / "stages", max_hours=6)
    with cache.make_work_folder() as work:
        with cache.stage("a", work / "a"):
            (work / "a" / "x").write_text("x")
            step_clock(3 * DAY)
            cache.prune()  # as another cover does
        assert (work / "a" / "x").read_text() == "x"
        abandoned = cache.folder / ".work-of-a-killed-program"
        abandoned.mkdir()
        cache.prune()
        assert not abandoned.exists()


@STEPS
def test_a_training_that_never_started_is_not_waited_for(step, step_clock, tmp_path):
    (tmp_path / "runs" / "ann").mkdir(parents=True)
    run = write_run_files(tmp_path / "runs" / "ann", Spec("Ann", "tiny", "synthetic", "MIT", "tests", library=""))
    run.write_status(Status("waiting"))
    assert run.read_status().state == "waiting"
    step_clock(step)
    assert run.read_status().state == "interrupted"


@STEPS
def test_what_was_deleted_can_be_restored(step, step_clock, tmp_path):
    (tmp_path / "runs" / "ann").mkdir(parents=True)
    run = write_run_files(tmp_path / "runs" / "ann", Spec("Ann", "tiny", "synthetic", "MIT", "tests", library=""))
    move_to_trash(run.folder)
    step_clock(step)
    assert list_runs(tmp_path / "runs") == []
    assert [Run(path).id for path in list_trash(tmp_path / "runs")] == ["ann"]


@STEPS
def test_a_new_take_is_the_newest_and_none_is_lost_for_it_but_the_oldest(step, step_clock, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "MAX_TAKES", 3)
    takes = Takes(tmp_path / "takes" / "session")
    for title in "abc":
        takes.add(Take("cover", title, "x.wav", {}), {})
    step_clock(step)
    for title in "de":
        takes.add(Take("cover", title, "x.wav", {}), {})
    assert sorted(take.title for take in takes.list_takes()) == ["c", "d", "e"]


def test_a_folder_expires_by_its_age_whichever_way_the_clock_was_wrong(tmp_path):
    ages = {"old": 7.0, "from-the-future": -7.0, "new": 5.0, "an-hour-ahead": -1.0}
    for name, hours in ages.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "used").write_text("now")
        os.utime(tmp_path / name, (time.time() - hours * HOUR,) * 2)
    delete_expired(tmp_path.glob("*"), 6.0, with_files=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(ages)
    delete_expired(tmp_path.glob("*"), 6.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["an-hour-ahead", "new"]


def test_what_a_killed_import_has_left_is_deleted_a_day_later(tmp_path):
    library = VoiceLibrary(tmp_path / "voices")
    add_voice(library)
    for name in ("new", "old"):
        (library.folder / f"{INCOMING}{name}").mkdir()
    os.utime(library.folder / f"{INCOMING}old", (time.time() - (LEFTOVER_HOURS + 1) * HOUR,) * 2)
    add_voice(library, "Bass")
    assert [path.name for path in library.folder.glob(".*")] == [f"{INCOMING}new"]
    delete_leftovers(tmp_path / "missing", INCOMING)


def test_a_voice_is_not_lost_when_a_program_is_killed_while_it_replaces_it(tmp_path):
    library = VoiceLibrary(tmp_path / "voices")
    folder = add_voice(library).folder
    folder.rename(folder.with_name(f"{REPLACED}{folder.name}"))  # as far as it came
    (voice,) = library.list()
    assert voice.name == "Alto"
    assert find_faults(voice) == []
    assert list(library.folder.iterdir()) == [folder]
