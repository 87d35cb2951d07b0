"""Settings from a browser, a take or a preset reach the controls only if these can have them."""

from types import SimpleNamespace

import gradio as gr
import pytest

from vc_core.conversion import ConversionOptions
from vc_core.cover.options import CoverOptions
from vc_core.ui.settings.form import make_form
from vc_core.ui.settings.presets import _choose_for, _delete_for, _import_for, _save_for, apply
from vc_core.ui.widgets.option_controls import make_controls

REQUEST = SimpleNamespace(session_hash="settings", headers={})


@pytest.fixture
def form():
    with gr.Blocks():
        controls = {"song": gr.Audio(), "voice": gr.Dropdown(["Clara"], allow_custom_value=True)}
        controls |= make_controls(ConversionOptions, ["key_shift_semitones", "automatic_key", "seed"])
        return make_form("convert_singer", controls, {"text": gr.Textbox()})


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    return tmp_path


def test_what_a_control_cannot_have_is_left_out(form):
    good = {"voice": "Annie", "key_shift_semitones": 3, "automatic_key": "off", "seed": 7}
    assert form.read(good, REQUEST) == good
    bad = {"voice": "Nobody", "key_shift_semitones": 99, "automatic_key": "x", "seed": "x", "song": "/etc/passwd"}
    assert form.read(bad, REQUEST) == {}
    assert form.read(good | {"key_shift_semitones": None, "colour": 1}, REQUEST).keys() == good.keys() - {
        "key_shift_semitones"
    }
    for nothing in (None, [], "x", 7):
        assert form.read(nothing, REQUEST) == {}


def test_the_same_settings_can_be_put_back_twice(form):
    assert form.make_update({"seed": 7}, REQUEST) != form.make_update({"seed": 7}, REQUEST)


def test_a_text_comes_back_from_a_take_but_is_in_no_preset(form):
    assert form.read({"text": "Hello"}, REQUEST) == {"text": "Hello"}
    assert form.describe_values(["Clara", 3, "off", None]) == {
        "voice": "Clara",
        "key_shift_semitones": 3,
        "automatic_key": "off",
    }


def test_a_preset_is_saved_chosen_and_deleted_by_its_name(form, home):
    _save_for(form)(REQUEST, " Low ", "Clara", -5, "off", 7)
    wanted, choice, path, _ = _choose_for(form)("Low", REQUEST)
    assert wanted["settings"] == {"voice": "Clara", "key_shift_semitones": -5, "automatic_key": "off", "seed": 7}
    assert (choice["value"], choice["choices"]) == ("Low", [("“Low”", "Low")])
    _delete_for(form)("Low", REQUEST)
    _, choice, *_ = _import_for(form)(path, REQUEST)  # what was exported
    assert choice["value"] == "Low"
    with pytest.raises(gr.Error, match="name first"):
        _save_for(form)(REQUEST, " ", "Clara", -5, "off", 7)


def test_on_a_shared_page_presets_are_of_one_session(form, home, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    other = SimpleNamespace(session_hash="another", headers={})
    _save_for(form)(REQUEST, "Low", "Clara", -5, "off", 7)
    with pytest.raises(gr.Error, match="no preset “Low”"):
        _choose_for(form)("Low", other)
    assert not (home / "home").exists()


def test_a_voice_that_is_gone_is_named_and_the_rest_is_set(form, monkeypatch):
    said = []
    monkeypatch.setattr(gr, "Info", said.append)
    assert apply(form, {"voice": "Nobody", "seed": 7}, REQUEST)["settings"] == {"seed": 7}
    assert said == ["This is not there any more, the rest was set: Nobody."]


def test_backing_vocals_of_another_voice_come_back():
    with gr.Blocks():
        controls = make_controls(CoverOptions, ["backing"]) | {
            "backing_voice": gr.Dropdown([], allow_custom_value=True)
        }
        form = make_form("cover", controls)
    settings = {"backing": "voice", "backing_voice": "Annie"}
    assert form.read(settings, REQUEST) == settings
