"""An own trained emotion model is chosen by name, and only by its session."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from vc_core.emotion import OWN_MODELS, own_models
from vc_core.emotion.relgan.styler import MODEL_FILE, SHIPPED
from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.home import get_studio_home
from vc_core.signal.pitch import estimate_pitch, measure_pitch_range
from vc_core.ui.server.sessions import get_session_home
from vc_core.ui.tabs.add_emotion import _list_methods
from vc_core.voices.library import VoiceCard, hash_files, write_card

LINE = ROOT / "examples" / "spoken_line.flac"


def keep_model(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    shutil.copyfile(SHIPPED, folder / MODEL_FILE)
    write_card(folder, VoiceCard(name, "relgan", 16_000, "MIT", "synthetic", "A test.", hash_files(folder)))


@pytest.fixture
def moods():
    folder = get_studio_home() / OWN_MODELS / "moods"
    keep_model(folder, "Moods")
    yield "Moods"
    shutil.rmtree(folder)


def test_an_own_model_applies_its_emotion_and_is_named_in_the_provenance(client, moods):
    result, *_ = client.predict(
        voice=handle_file(LINE), emotion="happy", changes_tempo=False, method=moods, api_name="/emotion"
    )
    before, after = read_audio(LINE), read_audio(result)
    assert after.frames == before.frames
    assert measure_pitch_range(estimate_pitch(after))[1] > measure_pitch_range(estimate_pitch(before))[1]
    assert read_origin(Path(result)).provenance.engine == moods


def test_an_emotion_that_the_model_lacks_is_refused(client, moods):
    with pytest.raises(AppError, match="calm"):
        client.predict(voice=handle_file(LINE), emotion="calm", method=moods, api_name="/emotion")


def test_on_a_shared_page_an_emotion_model_belongs_to_its_session(monkeypatch, moods):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    ann, bob = SimpleNamespace(session_hash="ann", headers={}), SimpleNamespace(session_hash="bob", headers={})
    keep_model(get_session_home(ann) / OWN_MODELS / "hers", "Hers")
    assert "Hers" in _list_methods(ann)
    assert not {"Hers", moods} & set(_list_methods(bob))
    assert own_models(get_session_home(bob) / OWN_MODELS) == {}
    shutil.rmtree(get_session_home(ann))
