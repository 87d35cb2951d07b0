"""A job goes on without anybody, is found by its id, can be stopped, and outlives a restart as an honest word."""

import json
import os
import threading
import time

import pytest

from vc_core.errors import UserError
from vc_core.ui import jobs
from vc_core.ui.events import Done, Refused, Step
from vc_core.ui.jobs import KEPT, MOST_FOR_ONE, Jobs


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
    return list(registry.followed(job))[-1]


def test_a_job_goes_on_when_nobody_follows_it_and_is_found_by_its_id(registry):
    gate = threading.Event()
    job = registry.start(waiting_for(gate), owner="ann")
    follower = registry.followed(job)
    assert isinstance(next(follower), Step)
    follower.close()  # the tab is closed
    assert registry.status(job).state == "running"
    gate.set()
    assert ended(registry, job) == Done({"answer": 42})
    assert ended(registry, job) == Done({"answer": 42})  # as often as one likes


def test_a_job_that_is_stopped_ends_and_says_so(registry):
    job = registry.start(waiting_for(threading.Event()), owner="ann")
    registry.stop(job)
    happening = ended(registry, job)
    assert isinstance(happening, Refused)
    assert "stopped" in happening.sentence
    assert registry.status(job).state == "stopped"


def test_a_job_that_can_not_be_done_gives_its_sentence(registry):
    def work(progress, folder):
        raise UserError("This is no song.")

    assert ended(registry, registry.start(work, owner="")) == Refused("This is no song.")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_is_no_secret_but_its_text_is(registry):
    def work(progress, folder):
        raise RuntimeError("/secret/path")

    happening = ended(registry, registry.start(work, owner=""))
    assert isinstance(happening, Refused)
    assert "secret" not in happening.sentence
    assert "Something went wrong" in happening.sentence


def test_after_a_restart_what_ran_is_interrupted_and_what_was_done_is_there(registry):
    gate = threading.Event()
    gate.set()
    done = registry.start(waiting_for(gate), owner="")
    ended(registry, done)
    running = registry.start(waiting_for(threading.Event()), owner="")
    after = Jobs()
    assert ended(after, done) == Done({"answer": 42})
    assert "restarted" in ended(after, running).sentence
    registry.stop(running)
    ended(registry, running)


def test_a_visitor_may_leave_and_take_their_voice_away(registry, tmp_path):
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


def test_one_visitor_can_not_take_all_places(registry):
    gate = threading.Event()
    mine = [registry.start(waiting_for(gate), owner="ann") for _ in range(MOST_FOR_ONE)]
    with pytest.raises(UserError, match="covers in the making"):
        registry.start(waiting_for(gate), owner="ann")
    other = registry.start(waiting_for(gate), owner="bob")
    gate.set()
    assert all(isinstance(ended(registry, job), Done) for job in (*mine, other))


@pytest.mark.parametrize("job", ["", "../../etc", "a" * 31, "g" * 32, "A" * 32, "0" * 32])
def test_only_real_ids_lead_anywhere(registry, job):
    with pytest.raises(UserError, match="no such job"):
        registry.status(job)


def test_jobs_are_forgotten_when_results_expire(registry):
    gate = threading.Event()
    gate.set()
    old = registry.start(waiting_for(gate), owner="")
    ended(registry, old)
    folder = jobs._folder_of(old)
    assert json.loads((folder / jobs.STATUS_FILE).read_text())["state"] == "done"
    os.utime(folder, (time.time() - 7 * 3600,) * 2)
    ended(registry, registry.start(waiting_for(gate), owner=""))
    with pytest.raises(UserError, match="6 hours"):
        registry.status(old)
