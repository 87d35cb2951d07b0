"""What the server keeps in memory for each session is limited."""

import gradio as gr
import httpx
import pytest

from vc_core.ui import suite
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
