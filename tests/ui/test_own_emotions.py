"""A model of emotions that somebody has trained: chosen by its name in the tab, and nobody else's to choose."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from vc_core.emotion import OWN_MODELS, own_models
from vc_core.emotion.relgan import MODEL_FILE, SHIPPED
from vc_core.home import studio_home
from vc_core.pitch import find_pitch, pitch_range
from vc_core.provenance import read_origin
from vc_core.reading import read_audio
from vc_core.ui.add_emotion import _methods
from vc_core.ui.visitors import home_of
from vc_core.voices import VoiceCard, hashes_of, write_card

LINE = ROOT / "examples" / "spoken_line.flac"


def keep_model(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    shutil.copyfile(SHIPPED, folder / MODEL_FILE)
    write_card(folder, VoiceCard(name, "relgan", 16_000, "MIT", "synthetic", "A test.", hashes_of(folder)))


@pytest.fixture
def moods():
    folder = studio_home() / OWN_MODELS / "moods"
    keep_model(folder, "Moods")
    yield "Moods"
    shutil.rmtree(folder)


def test_it_gives_its_emotion_and_the_result_says_which_model_made_it(client, moods):
    result, *_ = client.predict(
        voice=handle_file(LINE), emotion="happy", changes_tempo=False, method=moods, api_name="/emotion"
    )
    before, after = read_audio(LINE), read_audio(result)
    assert after.frames == before.frames
    assert pitch_range(find_pitch(after))[1] > pitch_range(find_pitch(before))[1]
    assert read_origin(Path(result)).provenance.engine == moods


def test_an_emotion_that_it_has_not_learned_is_a_sentence(client, moods):
    with pytest.raises(AppError, match="calm"):
        client.predict(voice=handle_file(LINE), emotion="calm", method=moods, api_name="/emotion")


def test_on_a_shared_page_it_is_its_visitors_own(monkeypatch, moods):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    ann, bob = SimpleNamespace(session_hash="ann", headers={}), SimpleNamespace(session_hash="bob", headers={})
    keep_model(home_of(ann) / OWN_MODELS / "hers", "Hers")
    assert "Hers" in _methods(ann)
    assert not {"Hers", moods} & set(_methods(bob))
    assert own_models(home_of(bob) / OWN_MODELS) == {}
    shutil.rmtree(home_of(ann))
