"""What the server keeps for each session is limited: in memory by number, on the disk by age."""

import os
import time
from pathlib import Path

import gradio as gr
import httpx
import pytest

from vc_core.ui import suite
from vc_core.ui.server import sessions
from vc_core.ui.server.sessions import EXPIRY_HOURS, create_results_folder
from vc_core.ui.suite import build_suite, launch


@pytest.fixture
def small_suite(monkeypatch):
    monkeypatch.setattr(suite, "MAX_SESSIONS", 3)
    small = build_suite(["voices"])
    yield small
    small.close()


def test_the_server_keeps_the_state_of_the_latest_sessions_only(small_suite):
    endpoint = next(number for number, fn in small_suite.fns.items() if fn.api_name == "voices")

    def call(session: str) -> None:
        asked = {"data": [], "fn_index": endpoint, "session_hash": session}
        client.post("gradio_api/queue/join", json=asked).raise_for_status()
        with client.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as answer:
            assert '"success":true' in answer.read().decode()

    with httpx.Client(base_url=launch(small_suite), timeout=20) as client:
        for at in range(10):
            call(f"session {at}")
        assert list(small_suite.state_holder.session_data) == ["session 7", "session 8", "session 9"]
        assert len(small_suite.state_holder.time_last_used) == 3
        call("session 0")  # an older page still works


def test_a_few_hundred_sessions_are_kept_and_no_state_forever():
    assert suite.MAX_SESSIONS <= 300
    states = [block for block in build_suite().blocks.values() if isinstance(block, gr.State)]
    assert len(states) >= 5
    assert all(state.time_to_live is not None for state in states)


@pytest.fixture
def uploads(monkeypatch, tmp_path):
    """The folder of uploads and results, without a pause between two searches for expired ones."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setattr(sessions, "SWEEP_SECONDS", 0.0)
    return tmp_path / "gradio"


def make_old(folder: Path, *, is_used: bool = False) -> Path:
    """With a file in it that may have been used lately, as Gradio notes it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "song.wav").write_text("x")
    old = (time.time() - (EXPIRY_HOURS + 1) * 3600,) * 2
    os.utime(folder / "song.wav", None if is_used else old)
    os.utime(folder, old)
    return folder


def test_results_that_nobody_looked_at_are_deleted_when_they_expire(uploads):
    old = make_old(create_results_folder())
    new = create_results_folder()
    assert not old.exists()
    assert new.exists()


def test_uploads_of_a_killed_server_are_deleted_when_they_expire(uploads):
    old, used = make_old(uploads / ("0" * 64)), make_old(uploads / ("1" * 64), is_used=True)
    broken_off = (old / "song.wav").rename(uploads / "tmp12345678")
    make_old(old)
    create_results_folder()
    assert not old.exists()
    assert not broken_off.exists()
    assert used.exists()


def test_what_this_process_has_cached_is_left_to_gradio(uploads, monkeypatch):
    """It knows which sounds belong to the page itself."""
    monkeypatch.setattr(sessions, "_started", time.time() - 2 * EXPIRY_HOURS * 3600)
    own = make_old(uploads / ("0" * 64))
    create_results_folder()
    assert own.exists()
