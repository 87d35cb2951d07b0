"""The recommended engine follows what is installed, what was measured here, and the song's length."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from conftest import ROOT
from separation.roformer_maker import write_model

from vc_core.recipes.separate import SeparationOptions
from vc_core.recipes.separation_choice import expect_duration, recommend
from vc_core.separation import SEPARATORS, demucs
from vc_core.separation.roformer import install_local

INCLUDED = "ensemble"
"""The best of what comes with the app (docs/bench.md)."""


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path))
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "cpu")
    return tmp_path


@pytest.fixture
def roformer(home, monkeypatch):
    install_local(str(write_model(home / "files")))
    monkeypatch.setenv("VOICE_STUDIO_ROFORMER", "tiny")


def measure(home, **speeds: float) -> None:
    names = {f"separate task:{name}::2:cpu": speed for name, speed in speeds.items()}
    (home / "speeds.json").write_text(json.dumps(names))


def test_with_nothing_installed_the_mean_of_both_that_come_with_the_app_is_best():
    assert recommend(240).engine == INCLUDED
    assert not recommend(240).duration.is_measured


def test_what_must_be_downloaded_is_not_recommended(monkeypatch):
    for name in ("roformer", "spleeter"):
        assert not SEPARATORS[name].is_ready()
    monkeypatch.setitem(SEPARATORS, "demucs", replace(demucs.ENGINE, package=""))
    assert recommend(20).engine == INCLUDED


def test_the_cleanest_is_best_if_the_machine_is_fast_enough(home, roformer):
    assert recommend(20).engine == "roformer"
    assert recommend(3600).engine == INCLUDED
    measure(home, roformer=0.3)
    best = recommend(3600)
    assert (best.engine, best.duration.is_measured) == ("roformer", True)
    assert best.duration.seconds == pytest.approx(0.3 * 3600)
    measure(home, roformer=20.0)
    assert recommend(20).engine == INCLUDED


def test_where_none_is_fast_enough_the_fastest_is_best(home):
    measure(home, repet=9.0, starter=5.0, ensemble=14.0)
    assert recommend(600).engine == "starter"


def test_a_guess_follows_what_this_machine_has_measured(home):
    before = expect_duration(SeparationOptions(engine="demucs"), 100)
    measure(home, repet=3 * SEPARATORS["repet"].guessed_speed)
    after = expect_duration(SeparationOptions(engine="demucs"), 100)
    assert after.seconds == pytest.approx(3 * before.seconds)
    assert not after.is_measured


def test_a_task_teaches_the_speed_that_is_expected():
    from vc_core.recipes.separate import SeparationTask

    options = SeparationOptions(engine="starter")
    task = SeparationTask(ROOT / "examples" / "song.flac", ROOT, options)
    assert task.estimate().speed_name == options.speed_name


def test_the_page_says_how_long_it_takes_and_what_is_best(home, roformer):
    from vc_core.ui.widgets.separation_advice import _advise, _choose_best

    english = SimpleNamespace(headers={"accept-language": "en"})
    song = str(ROOT / "examples" / "song.flac")
    measure(home, repet=0.5, roformer=2.0)
    advice, button = _advise(song, "repet", 2, english)
    assert advice["value"] == "Takes about 0:12 for this song. Best here: RoFormer, about 0:48."
    assert button["visible"] is True
    assert _choose_best(song, "repet") == "roformer"
    advice, button = _advise(song, "roformer", 2, english)
    assert advice["value"] == "Takes about 0:48 for this song."
    assert button["visible"] == "hidden"
    assert _advise(None, "repet", 2, english)[0]["visible"] == "hidden"


@pytest.mark.parametrize("name", SEPARATORS)
def test_every_engine_has_a_guess_and_a_rank_or_none(name):
    assert SEPARATORS[name].guessed_speed > 0
    assert SEPARATORS[name].quality >= 0
