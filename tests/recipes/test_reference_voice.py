"""The task that makes a voice from a recording: what is refused before it is read, and how much of it is read."""

import pickle

import pytest
from conftest import ROOT

from vc_core.errors import UserError
from vc_core.recipes.reference_voice import ReferenceVoiceTask
from vc_core.recipes.task import perform
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary

LINE = ROOT / "examples" / "spoken_line.flac"


def make_task(tmp_path, recording=LINE, name="Robin", consent="own", **changes) -> ReferenceVoiceTask:
    facts = VoiceFacts(name, consent, "CC0-1.0")
    return ReferenceVoiceTask(recording, facts, VoiceLibrary(tmp_path / "voices"), **changes)


def test_a_file_becomes_a_voice_also_in_another_process(tmp_path):
    voice = perform(pickle.loads(pickle.dumps(make_task(tmp_path))))
    assert VoiceLibrary(tmp_path / "voices").list() == [voice]
    assert "5 seconds" in voice.card.origin


def test_only_the_beginning_of_a_long_recording_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("vc_core.voices.zero_shot.MAX_RECORDING_SECONDS", 4.4)  # minutes take long
    assert "4 seconds" in perform(make_task(tmp_path)).card.origin


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"consent": ""}, "does not say whose voice it is"),
        ({"name": " "}, "1 to 60 letters"),
        ({"recording": ROOT / "README.md"}, "not a sound file"),
    ],
)
def test_what_is_missing_is_reported_before_the_recording_is_read(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        make_task(tmp_path, **changes).check()


def test_a_name_that_is_taken_is_reported_first(tmp_path):
    perform(make_task(tmp_path))
    with pytest.raises(UserError, match="already"):
        make_task(tmp_path).check()
