"""A background job continues without its tab, is found by its id, can be stopped, and reports a restart."""

import contextlib
import json
import os
import threading
import time

import pytest
from conftest import ROOT

from vc_core.errors import UserError
from vc_core.ui.server import jobs
from vc_core.ui.server.events import Done, Failed, ProgressUpdate
from vc_core.ui.server.jobs import KEPT, MAX_JOBS, MAX_JOBS_PER_SESSION, Jobs
from vc_core.ui.words import translate_message

SELF_HOSTING = " ".join((ROOT / "docs" / "self_hosting.md").read_text("utf-8").split())


@pytest.fixture
def registry(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    return Jobs()


def waiting_for(gate: threading.Event):
    def work(progress, folder):
        for _ in range(500):
            progress(0.5, "half")
            if gate.wait(0.02):
                return {"answer": 42}
        raise TimeoutError

    return work


def ended(registry: Jobs, job: str):
    return list(registry.follow(job))[-1]


def test_a_job_continues_when_nobody_follows_it_and_is_found_by_its_id(registry):
    gate = threading.Event()
    job = registry.start(waiting_for(gate), owner="ann")
    follower = registry.follow(job)
    assert isinstance(next(follower), ProgressUpdate)
    follower.close()  # the tab is closed
    assert registry.status(job).state == "running"
    gate.set()
    assert ended(registry, job) == Done({"answer": 42})
    assert ended(registry, job) == Done({"answer": 42})  # as often as one likes


def test_a_stopped_job_ends_as_stopped(registry):
    job = registry.start(waiting_for(threading.Event()), owner="ann")
    registry.stop(job)
    event = ended(registry, job)
    assert isinstance(event, Failed)
    assert "stopped" in str(event.error)
    assert registry.status(job).state == "stopped"


def test_a_failed_job_reports_its_error(registry):
    def work(progress, folder):
        raise UserError("This is no song.")

    event = ended(registry, registry.start(work, owner=""))
    assert isinstance(event, Failed)
    assert str(event.error) == "This is no song."


def test_a_stored_error_is_shown_in_korean(registry):
    def work(progress, folder):
        raise UserError("There is no file “{file}”.", file="{a}.wav")

    event = ended(registry, registry.start(work, owner=""))
    assert translate_message("ko", event.error) == "“{a}.wav” 파일이 없습니다."


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_unexpected_exception_is_reported_without_its_text(registry):
    def work(progress, folder):
        raise RuntimeError("/secret/path")

    event = ended(registry, registry.start(work, owner=""))
    assert isinstance(event, Failed)
    assert "secret" not in str(event.error)
    assert "Something went wrong" in str(event.error)


def test_after_a_restart_running_jobs_are_interrupted_and_results_remain(registry):
    gate = threading.Event()
    gate.set()
    done = registry.start(waiting_for(gate), owner="")
    ended(registry, done)
    running = registry.start(waiting_for(threading.Event()), owner="")
    after = Jobs()
    assert ended(after, done) == Done({"answer": 42})
    assert "restarted" in str(ended(after, running).error)
    registry.stop(running)
    ended(registry, running)


def test_a_job_keeps_copies_of_the_voices_it_needs(registry, tmp_path):
    (tmp_path / "voice").mkdir()
    (tmp_path / "voice" / "x.txt").write_text("mine")
    gate = threading.Event()

    def work(progress, folder):
        gate.wait(5)
        return {"found": (folder / KEPT / "voice" / "x.txt").read_text()}

    job = registry.start(work, owner="", keep=[tmp_path / "voice"])
    (tmp_path / "voice" / "x.txt").unlink()
    gate.set()
    assert ended(registry, job) == Done({"found": "mine"})


def test_the_jobs_of_one_session_are_limited(registry):
    gate = threading.Event()
    mine = [registry.start(waiting_for(gate), owner="ann") for _ in range(MAX_JOBS_PER_SESSION)]
    with pytest.raises(UserError, match="jobs at work"):
        registry.start(waiting_for(gate), owner="ann")
    other = registry.start(waiting_for(gate), owner="bob")
    gate.set()
    assert all(isinstance(ended(registry, job), Done) for job in (*mine, other))


def test_the_total_of_unfinished_jobs_is_limited_as_documented(registry):
    gate = threading.Event()
    gone = [registry.start(waiting_for(gate), owner=f"session {at // 3}") for at in range(MAX_JOBS)]
    with pytest.raises(UserError, match="server is busy: 16 jobs"):
        registry.start(waiting_for(gate), owner="ann")
    registry.stop(gone[-1])
    ended(registry, gone.pop())
    gone.append(registry.start(waiting_for(gate), owner="ann"))
    gate.set()
    assert all(isinstance(ended(registry, job), Done) for job in gone)
    limits = f"{MAX_JOBS} jobs in progress (covers, or several files), {MAX_JOBS_PER_SESSION} of one session"
    assert limits in SELF_HOSTING


def test_jobs_started_at_once_stay_within_the_limit(registry):
    gate, started = threading.Event(), []

    def start(owner):
        with contextlib.suppress(UserError):
            started.append(registry.start(waiting_for(gate), owner=owner))

    threads = [threading.Thread(target=start, args=(f"session {at // 5}",)) for at in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.set()
    assert len(started) == MAX_JOBS
    assert all(isinstance(ended(registry, job), Done) for job in started)


@pytest.mark.parametrize("job", ["", "../../etc", "a" * 31, "g" * 32, "A" * 32, "0" * 32])
def test_an_unknown_job_id_is_refused(registry, job):
    with pytest.raises(UserError, match="no such job"):
        registry.status(job)


def test_jobs_are_deleted_when_results_expire(registry):
    gate = threading.Event()
    gate.set()
    old = registry.start(waiting_for(gate), owner="")
    ended(registry, old)
    folder = jobs.get_job_folder(old)
    assert json.loads((folder / jobs.STATUS_FILE).read_text())["state"] == "done"
    os.utime(folder, (time.time() - 7 * 3600,) * 2)
    ended(registry, registry.start(waiting_for(gate), owner=""))
    with pytest.raises(UserError, match="6 hours"):
        registry.status(old)
