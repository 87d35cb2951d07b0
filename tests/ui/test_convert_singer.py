"""The tab “Convert singer” and its endpoints: conversion, report card, own and starter voices."""

import json
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from conftest import ROOT, client_of
from conversion.instant_voices import make_voice
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from voice_maker import add_voice

from vc_core.conversion import STARTER_VOICES
from vc_core.conversion.report_card import MEASURES
from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.signal.pitch import estimate_pitch
from vc_core.ui.suite import build_suite, launch
from vc_core.ui.tabs.convert_singer import _render_table
from vc_core.ui.tabs.voices import _render_cards, _show_delete_button
from vc_core.ui.widgets.voice_picker import describe_voice, refresh_picker
from vc_core.ui.words import translate_to
from vc_core.voices.library import VoiceLibrary, get_voices_folder
from vc_core.voices.sharing import export_zip

SUNG = ROOT / "examples" / "sung_line.flac"
STARTERS = [voice.name for voice in VoiceLibrary(STARTER_VOICES).list()]


def median_hz(path: str | Path) -> float:
    pitch = estimate_pitch(read_audio(path))
    return float(np.median(pitch.hertz[pitch.voiced]))


def test_a_song_is_converted_with_a_report_card(client):
    result, picture, card, note = client.predict(song=handle_file(SUNG), voice="Clara", api_name="/convert")
    assert read_audio(result).samples.shape == read_audio(SUNG).samples.shape
    assert list(card) == list(MEASURES)
    assert card["length_difference_seconds"] == 0
    assert card["pitch_correlation"] > 0.95
    assert card["voice_similarity"] > 0.4
    json.dumps(card, allow_nan=False)
    assert Path(picture).stat().st_size > 1_000
    assert "Shifted by -12 semitones" in note
    provenance = read_origin(Path(result)).provenance
    assert (provenance.task, provenance.voice, provenance.engine) == ("convert", "Clara", "instant")
    assert provenance.ai_generated


def test_the_key_shift_follows_the_request(client):
    settings = {"automatic_key": "off", "key_shift_semitones": -9, "format_name": "wav16"}
    result, *_ = client.predict(song=handle_file(SUNG), voice="Annie", **settings, api_name="/convert")
    assert result.endswith(".wav")
    assert 12 * np.log2(median_hz(result) / median_hz(SUNG)) == pytest.approx(-9, abs=0.2)


def test_another_seed_gives_another_noise(client):
    one, other = (
        read_audio(client.predict(song=handle_file(SUNG), seed=seed, api_name="/convert")[0]) for seed in (1, 2)
    )
    assert not np.array_equal(one.samples, other.samples)


@pytest.mark.parametrize("text", ["Good morning, how are you today?", "안녕하세요, 반갑습니다."])
def test_a_text_is_spoken_at_the_voices_own_pitch(client, text):
    result, _, card, _ = client.predict(text=text, voice="Clara", api_name="/speak")
    low, high = VoiceLibrary(STARTER_VOICES).find("Clara").card.pitch_range_hz
    assert low / 1.1 < median_hz(result) < high * 1.1
    assert 1.0 < read_audio(result).seconds < 5.0
    assert card["length_difference_seconds"] == 0
    assert read_origin(Path(result)).provenance.task == "speak"


def test_an_own_voice_is_first_in_the_picker_and_converts(client):
    library = VoiceLibrary(get_voices_folder())
    with library.staging_folder() as folder:
        make_voice(folder, name="Zora")
        library.add(folder)
    try:
        update, about = refresh_picker("Zora", None)
        names = [name for _, name in update["choices"]]
        assert ("Zora · instant", "Zora") in update["choices"]
        assert set(names) >= {"Zora", *STARTERS}
        assert names.index("Zora") < min(names.index(starter) for starter in STARTERS)
        assert "value" not in update, "it stays chosen"
        assert "(110–220 Hz)" in about
        result, *_ = client.predict(song=handle_file(SUNG), voice="Zora", api_name="/convert")
        assert read_audio(result).frames == read_audio(SUNG).frames
    finally:
        library.delete("Zora")
    assert refresh_picker("Zora", None)[0]["value"] != "Zora"


def test_starter_voices_are_listed_and_only_own_voices_can_be_deleted():
    own = add_voice(VoiceLibrary(get_voices_folder()), "Mine")
    try:
        cards = _render_cards(None)
        assert cards.count("<article>") >= len(STARTERS) + 1
        assert cards.count(translate_to("en", "comes_with_app")) == len(STARTERS)
        assert [_show_delete_button(name, None)["visible"] for name in (own.name, "Clara")] == [True, False]
    finally:
        VoiceLibrary(get_voices_folder()).delete("Mine")


def test_text_of_an_untrusted_card_is_escaped(tmp_path):
    evil = "<img src=x onerror='alert(1)'>"
    library = VoiceLibrary(get_voices_folder())
    add_voice(library, evil)
    try:
        assert "<img" not in describe_voice(evil, None)
        assert "<img" not in _render_cards(None)
    finally:
        library.delete(evil)


class _Korean:
    headers = {"accept-language": "ko-KR"}  # noqa: RUF012
    session_hash = "x"


def test_the_report_card_is_translated_and_shows_good_ranges():
    card = dict.fromkeys(MEASURES, 0.0) | {"pitch_correlation": 0.5, "voice_similarity": None}
    english, korean = _render_table(card, None), _render_table(card, _Korean())
    for name in MEASURES:
        assert translate_to("en", f"report_{name}") in english
        assert translate_to("ko", f"report_{name}") in korean
    assert english.count("<tr>") == len(MEASURES) + 1
    assert english.count("✓") == len(MEASURES) - 2
    assert "<td>–</td>" in english
    assert _render_table(None, None) == ""


def test_on_a_shared_page_sessions_cannot_use_each_others_voices(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    suite: gr.Blocks = build_suite(["convert_singer", "voices"])
    try:
        address = launch(suite)
        ann, bob = (client_of(address, tmp_path / "downloads") for _ in range(2))
        archive = export_zip(add_voice(VoiceLibrary(tmp_path / "elsewhere")), tmp_path / "alto.zip")
        ann.predict(archive=handle_file(archive), repo="", name="", api_name="/add_voice")
        with pytest.raises(AppError, match="no voice called “Alto”"):
            bob.predict(song=handle_file(SUNG), voice="Alto", api_name="/convert")
    finally:
        suite.close()
