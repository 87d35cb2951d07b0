"""Events of live singing: a ticket for the session's own voices, or the reason why there is none."""

import pytest
from voice_maker import add_voice

from vc_core.ui.live.admission import LiveSessions
from vc_core.ui.live.session import LiveSession
from vc_core.ui.server.sessions import get_library
from vc_core.ui.tabs import live_voice
from vc_core.ui.tabs.live_voice import WORDS, change_choice, collect_recording, issue_ticket
from vc_core.ui.words import LANGUAGES, translate_to


class Request:
    def __init__(self, session="ann", language="en"):
        self.session_hash, self.headers = session, {"accept-language": language}


@pytest.fixture(autouse=True)
def sessions(monkeypatch):
    fresh = LiveSessions()
    monkeypatch.setattr(live_voice, "get_live_sessions", lambda: fresh)
    return fresh


def test_a_ticket_carries_session_language_and_choice(sessions):
    answer = issue_ticket("Max", 3, "clearest", Request("ann", "ko"))
    ticket = sessions.redeem(answer["ticket"])
    assert (ticket.session, ticket.language) == ("ann", "ko")
    assert (ticket.choice.voice.name, ticket.choice.key_shift_semitones) == ("Max", 3)
    assert ticket.choice.look_ahead_seconds == 0.04
    assert len(answer["ticket"]) > 40
    assert answer["answer"] != issue_ticket("Max", 3, "clearest", Request())["answer"]


@pytest.mark.parametrize(
    ("voice", "sentence"), [("", "Choose a voice first"), (None, "Choose a voice first"), ("Nobody", "“Nobody”")]
)
def test_without_a_voice_there_is_a_reason_and_no_ticket(voice, sentence):
    answer = issue_ticket(voice, 0, "short", Request())
    assert sentence in answer["error"]
    assert "ticket" not in answer
    assert issue_ticket(voice, 0, "short", Request(language="ko"))["error"] != answer["error"]


def test_voices_of_other_sessions_are_unknown(monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    add_voice(get_library(Request("ann")), "Own")
    assert "ticket" in issue_ticket("Own", 0, "short", Request("ann"))
    assert "“Own”" in issue_ticket("Own", 0, "short", Request("ben"))["error"]


@pytest.mark.parametrize("engine", ["so-vits", "rvc"])
def test_a_voice_that_needs_a_gpu_is_refused_on_a_cpu(monkeypatch, engine):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "cpu")
    add_voice(get_library(Request()), engine, engine=engine)
    assert "without a GPU" in issue_ticket(engine, 0, "short", Request())["error"]


def test_a_change_reaches_the_own_session_only(sessions):
    for session in ("ann", "ben"):
        ticket = sessions.redeem(issue_ticket("Clara", 0, "short", Request(session))["ticket"])
        sessions.admit(ticket, LiveSession(ticket.choice, lambda _: None))
    change_choice("Max", -2, "shortest", Request("ann"))
    change_choice("", 0, "short", Request("nobody"))
    ann, ben = sessions.list_sessions()
    assert (ann.choice.voice.name, ann.choice.key_shift_semitones, ann.choice.look_ahead_seconds) == ("Max", -2, 0)
    assert ben.choice.voice.name == "Clara"


def test_a_recording_is_collected_once_and_by_its_session(sessions, tmp_path):
    sessions.add_recording("ann", tmp_path / "live.flac")
    assert "value" not in collect_recording(Request("ben"))
    assert collect_recording(Request("ann"))["value"] == str(tmp_path / "live.flac")
    assert "value" not in collect_recording(Request("ann"))


def test_tickets_and_recordings_are_limited(sessions, monkeypatch, tmp_path):
    monkeypatch.setattr("vc_core.ui.live.admission.MAX_TICKETS", 3)
    tickets = [issue_ticket("Clara", 0, "short", Request())["ticket"] for _ in range(5)]
    assert [sessions.redeem(ticket) is not None for ticket in tickets] == [False, False, True, True, True]
    for session in "abcde":
        sessions.add_recording(session, tmp_path)
    assert [session for session in "abcde" if sessions.take_recording(session)] == ["c", "d", "e"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_panel_gets_its_words(language):
    assert live_voice._send_words(Request(language=language)) == {
        "words": {name: translate_to(language, name) for name in WORDS}
    }
