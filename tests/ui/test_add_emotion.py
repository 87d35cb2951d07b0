"""The tab “Add emotion” offers what the method knows, says what it recognised, and asks for what is missing."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT

from vc_core.emotion import EMOTIONS, GUESS, list_emotions
from vc_core.emotion.relgan.styler import SHIPPED
from vc_core.errors import UserError
from vc_core.recipes.emotion import CHOICES, EmotionOptions, EmotionTask, StyledVoice
from vc_core.ui.tabs.add_emotion import _fit_to_method, _read_task, _show_for
from vc_core.voices.emotion_model import list_emotions as list_emotions_of_file
from vc_core.voices.emotion_model import load_emotion_model

REQUEST = SimpleNamespace(headers={}, session_hash="ann", query_params={})


def values_of(update) -> list[str]:
    return [name for _, name in update["choices"]]


def test_the_emotions_of_a_model_are_known_without_loading_it(tmp_path):
    assert list_emotions("rules") == EMOTIONS
    assert list_emotions("relgan") == load_emotion_model(SHIPPED).emotions
    (tmp_path / "broken").write_bytes(b"x")
    assert list_emotions_of_file(tmp_path / "broken") == list_emotions_of_file(tmp_path / "missing") == ()


def test_relgan_offers_only_the_emotions_that_it_learned():
    target, source = _fit_to_method("relgan", "bored", "calm", REQUEST)
    assert set(values_of(target)) == {"happy", "angry", "sad", "fear", "surprise"}
    assert set(values_of(source)) == {"neutral", GUESS, *values_of(target)}
    assert (target["value"], source["value"]) == (values_of(target)[0], "neutral")
    target, source = _fit_to_method("rules", "bored", "calm", REQUEST)
    assert values_of(target) == list(CHOICES)
    assert (target["value"], source["value"]) == ("bored", "calm")


@pytest.mark.parametrize(("source", "said"), [(GUESS, True), ("neutral", False)])
def test_what_was_recognised_is_shown(source, said):
    task = EmotionTask(Path("line.flac"), Path(), EmotionOptions(source=source))
    notes = _show_for(task, REQUEST)((StyledVoice(Path("sad.flac"), (), "excited"), Path("curves.png")))[2]
    assert ("Detected in the recording: Excited." in notes) == said


def test_the_guess_is_made_once_and_returned(tmp_path):
    options = EmotionOptions(emotion="happy", source=GUESS)
    task = EmotionTask(ROOT / "examples" / "spoken_line.flac", tmp_path, options, (0.5, 1.0))
    steps = []
    styled = task.run(lambda fraction, step: steps.append(str(step)))
    assert {one.source for one in styled} <= set(EMOTIONS)
    assert len({one.source for one in styled}) == 1
    names = list(dict.fromkeys(step.split(":")[0] for step in steps))
    assert names == ["Recognising the emotion", "Adding emotion, 50 %", "Adding emotion, 100 %"]


def test_without_a_file_it_asks_for_a_recording():
    with pytest.raises(UserError, match="Choose a recording first"):
        _read_task({"voice": None}, REQUEST)
