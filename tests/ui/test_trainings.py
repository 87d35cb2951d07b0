"""The number of active trainings is limited for a session and for the server, however many are started at once."""

import sys
import threading

import pytest
from conftest import ROOT

from vc_core.errors import UserError
from vc_core.training.run import job
from vc_core.training.run.job import Run, list_worker_folders, write_run_files
from vc_core.training.run.spec import Spec
from vc_core.ui.server.sessions import delete_session_files, get_training_folder
from vc_core.ui.server.trainings import (
    MAX_TRAININGS,
    MAX_TRAININGS_PER_SESSION,
    check_training_limits,
    start_training,
)

WORKER = """
import pathlib, sys, time
while pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
"""
"""Runs until a file is deleted."""


class Request:
    def __init__(self, session: str) -> None:
        self.session_hash = session


@pytest.fixture(autouse=True)
def workers(monkeypatch, tmp_path):
    """Workers that do nothing until the returned file is deleted."""
    running = tmp_path / "running"
    running.touch()
    monkeypatch.setattr(job, "WORKER", (sys.executable, "-c", WORKER, str(running)))
    monkeypatch.setattr(job, "_worker_folders", set())
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    yield running
    running.unlink(missing_ok=True)


def make_run(session: str, name: str) -> Run:
    folder = get_training_folder(Request(session)) / name
    folder.mkdir(parents=True)
    return write_run_files(folder, Spec(name, "tiny", "synthetic", "MIT", "tests", library=""))


def test_a_session_of_a_shared_page_has_two_active_trainings():
    first, *others = (make_run("ann", f"run-{at}") for at in range(MAX_TRAININGS_PER_SESSION + 1))
    for run in others:
        start_training(run)
    with pytest.raises(UserError, match="You have 2 trainings at work"):
        start_training(first)
    start_training(make_run("bob", "run"))


def test_twelve_starts_make_no_more_workers_than_the_server_allows():
    refused = []

    def start(run):
        try:
            start_training(run)
        except UserError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=start, args=(make_run(f"session {at}", "run"),)) for at in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list_worker_folders()) == MAX_TRAININGS
    assert len(refused) == 12 - MAX_TRAININGS
    assert all("The server is busy: 4 trainings" in text for text in refused)


def test_workers_of_users_who_have_left_still_count(workers):
    for at in range(MAX_TRAININGS):
        start_training(make_run(f"session {at}", "run"))
        delete_session_files(Request(f"session {at}"))
    folder = get_training_folder(Request("ann"))
    with pytest.raises(UserError, match="server is busy"):
        check_training_limits(folder)
    workers.unlink()
    for thread in threading.enumerate():
        if "_reap" in thread.name:
            thread.join(10)
    check_training_limits(folder)


def test_the_owner_of_a_page_is_limited_by_the_server_alone(monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "0")
    for at in range(MAX_TRAININGS):
        start_training(make_run("ann", f"run-{at}"))
    with pytest.raises(UserError, match="server is busy"):
        start_training(make_run("bob", "run"))


def test_the_limits_are_documented():
    text = " ".join((ROOT / "docs" / "self_hosting.md").read_text("utf-8").split())
    assert f"{MAX_TRAININGS} active trainings, on a shared page {MAX_TRAININGS_PER_SESSION} of one session" in text
