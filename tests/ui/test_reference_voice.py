"""“A voice from a recording”: made over the API, used at once, kept or deleted with its session."""

import os
import time
from types import SimpleNamespace

import gradio as gr
import pytest
from conftest import ROOT, client_of
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.ui.server.sessions import EXPIRY_HOURS, delete_session_files, get_library
from vc_core.ui.suite import build_suite, launch
from vc_core.ui.tabs.voices import _render_cards
from vc_core.ui.widgets.voice_picker import describe_voice
from vc_core.ui.words import translate_to
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.zero_shot import make_reference_voice

pytestmark = pytest.mark.usefixtures("own_library")
LINE, SUNG = (ROOT / "examples" / f"{name}.flac" for name in ("spoken_line", "sung_line"))
FACTS = {"name": "Robin", "consent": "synthetic"}


@pytest.fixture(scope="module")
def page():
    suite: gr.Blocks = build_suite(["convert_singer", "voices"])
    yield launch(suite)
    suite.close()


@pytest.fixture
def client(page, tmp_path):
    return client_of(page, tmp_path / "downloads")


def names_of(client) -> list[str]:
    return [voice["name"] for voice in client.predict(api_name="/voices")]


def test_a_voice_from_a_recording_sings_at_once_for_its_session_only(page, client, own_library, tmp_path):
    message = client.predict(recording=handle_file(LINE), **FACTS, api_name="/voice_from_recording")
    assert "“Robin” is ready" in message
    result, _, card, _ = client.predict(song=handle_file(SUNG), voice="Robin", api_name="/convert")
    assert read_audio(result).frames == read_audio(SUNG).frames
    assert card["length_difference_seconds"] == 0
    assert card["pitch_correlation"] > 0.95
    assert own_library.list() == []
    other = client_of(page, tmp_path / "other")
    assert ("Robin" in names_of(client), "Robin" in names_of(other)) == (True, False)
    with pytest.raises(AppError, match="no voice called “Robin”"):
        other.predict(song=handle_file(SUNG), voice="Robin", api_name="/convert")


def test_a_voice_that_is_kept_is_in_the_library(page, client, own_library, tmp_path):
    client.predict(recording=handle_file(LINE), **FACTS, api_name="/voice_from_recording")
    client.predict(recording=handle_file(LINE), **FACTS, keep=True, licence="CC0-1.0", api_name="/voice_from_recording")
    assert [(voice.name, voice.card.licence) for voice in own_library.list()] == [("Robin", "CC0-1.0")]
    assert names_of(client_of(page, tmp_path / "other")).count("Robin") == names_of(client).count("Robin") == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recording": None}, "Choose a recording first"),
        ({"consent": None}, "does not say whose voice it is"),
        ({"name": ""}, "1 to 60 letters"),
        ({"name": "Clara"}, "There is a voice called “Clara” already"),
        ({"licence": ""}, "licence"),
    ],
)
def test_what_is_missing_is_answered_with_a_sentence(client, changes, message):
    asked = {"recording": handle_file(LINE), **FACTS} | changes
    with pytest.raises(AppError, match=message):
        client.predict(**asked, api_name="/voice_from_recording")


def test_a_silent_recording_is_refused_in_korean(page, tmp_path):
    line = read_audio(LINE)
    write_audio(tmp_path / "silent.wav", line.with_samples(0 * line.samples), format_name="wav16")
    korean = client_of(page, tmp_path / "downloads", headers={"accept-language": "ko-KR"})
    with pytest.raises(AppError, match="녹음에 목소리가 0.0초뿐입니다. 최소 3초가 필요하고"):
        korean.predict(recording=handle_file(tmp_path / "silent.wav"), **FACTS, api_name="/voice_from_recording")


def visit(session: str, language: str = "en") -> gr.Request:
    return SimpleNamespace(session_hash=session, headers={"accept-language": language})  # type: ignore[return-value]


def make_temporary(request: gr.Request):
    facts = VoiceFacts("Robin", "synthetic", "CC0-1.0")
    return make_reference_voice(read_audio(LINE), facts, get_library(request), keep=False)


@pytest.mark.parametrize("shared", ["0", "1"])
def test_a_temporary_voice_is_deleted_when_its_session_ends_and_says_so(monkeypatch, shared):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", shared)
    ann, bob = visit("Ann"), visit("Bob", "ko")
    first, second = make_temporary(ann), make_temporary(bob)
    assert translate_to("en", "temporary_voice") in describe_voice("Robin", ann)
    assert translate_to("ko", "temporary_voice") in _render_cards(bob)
    delete_session_files(ann)
    assert not first.folder.exists()
    assert get_library(bob).find("Robin").folder == second.folder
    delete_session_files(bob)


def test_temporary_voices_of_programs_expire():
    voice, session = make_temporary(visit("a program")), visit("a program")
    old = time.time() - EXPIRY_HOURS * 3600 - 60
    os.utime(voice.folder.parents[1], (old, old))
    assert "Robin" not in [one.name for one in get_library(session).list()]
    assert not voice.folder.exists()
