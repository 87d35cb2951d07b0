"""A voice can be heard before it is chosen: samples, whose they are, and which voices suit a song."""

import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from conftest import ROOT
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from vc_core.conversion import STARTER_VOICES
from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.recipes.voice_sample import get_samples_folder
from vc_core.signal.pitch import estimate_pitch
from vc_core.ui.server.sessions import delete_session_files, get_library, get_sample_cache
from vc_core.ui.server.sung_ranges import SungRanges, get_sung_ranges
from vc_core.ui.server.voice_samples import make_sample
from vc_core.ui.widgets.voice_shelf import answer, list_voices
from vc_core.voices.library import VoiceLibrary, write_card

SUNG = ROOT / "examples" / "sung_line.flac"


def session(name: str, language: str = "en"):
    return SimpleNamespace(session_hash=name, headers={"accept-language": language})


def asked(**values):
    return gr.EventData(None, values)


def test_a_program_gets_five_seconds_in_the_range_of_the_voice(client):
    path = client.predict(voice="Max", api_name="/voice_sample")
    sample, voice = read_audio(path), VoiceLibrary(STARTER_VOICES).find("Max")
    assert 5 < sample.seconds < 6
    pitch = estimate_pitch(sample)
    low, high = voice.card.pitch_range_hz
    assert low < np.median(pitch.hertz[pitch.voiced]) < high
    assert read_origin(Path(path)).provenance.voice == "Max"
    before = time.monotonic()
    again = client.predict(voice="Max", api_name="/voice_sample")
    assert time.monotonic() - before < 3
    assert Path(again).read_bytes() == Path(path).read_bytes()
    with pytest.raises(AppError, match="There is no voice called “Nobody”"):
        client.predict(voice="Nobody", api_name="/voice_sample")


def copy_starter(library: VoiceLibrary, starter: str, name: str) -> None:
    """A session's own voice, with the sound of a starter voice."""
    source = VoiceLibrary(STARTER_VOICES).find(starter)
    with library.staging_folder() as folder:
        shutil.copytree(source.folder, folder, dirs_exist_ok=True)
        write_card(folder, type(source.card)(**(vars(source.card) | {"name": name})))
        library.add(folder)


def test_the_sample_of_a_visitors_own_voice_is_nowhere_but_in_their_session(monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    ann, ben = session("ann"), session("ben")
    copy_starter(get_library(ann), "Hana", "Mine")
    shared = set(get_samples_folder().glob("*"))
    voice = get_library(ann).find("Mine")
    assert make_sample("Mine", ann).is_file()
    assert list(get_sample_cache(voice, ann).glob("sample-*"))
    assert set(get_samples_folder().glob("*")) == shared
    assert get_sample_cache(voice, ben) != get_sample_cache(voice, ann)
    assert "There is no voice" in answer("Mine", None, asked(kind="hear", voice=""), ben)[0]["error"]
    delete_session_files(ann)
    assert not get_sample_cache(voice, ann).exists()


def test_a_starter_voice_has_one_sample_for_all():
    (voice,) = (one for one in get_library(session("ann")).list() if one.name == "Clara")
    assert get_sample_cache(voice, session("ann")) == get_sample_cache(voice, session("ben")) == get_samples_folder()


def test_the_list_has_what_voices_are_chosen_by_and_the_song_s_own_order_once_it_is_known():
    unknown = list_voices(str(SUNG), session("ann", "ko"))
    first = unknown["voices"][0]
    assert first["name"] == "Angus"
    assert first["licence"] == "Apache-2.0"
    assert first["range"] == "D2–F♯3"
    assert "English" in first["about"]
    assert not any(voice["shift"] for voice in unknown["voices"])
    get_sung_ranges().remember(SUNG, (150.0, 262.0))  # where Clara is at home
    known = list_voices(str(SUNG), session("ann"))
    assert known["voices"][0] | {"shift": ""} == next(
        one for one in list_voices(None, None)["voices"] if one["name"] == "Clara"
    )
    assert known["voices"][0]["shift"] == "shift by 0 semitones"
    assert "D3–C4" in known["note"]
    shifts = [abs(int(voice["shift"].split()[2])) for voice in known["voices"]]
    assert shifts == sorted(shifts)


def test_a_conversion_and_the_check_of_a_key_tell_the_range_of_a_song(client, line, monkeypatch):
    remembered = []
    monkeypatch.setattr(SungRanges, "remember", lambda self, song, range_hz, **_: remembered.append((song, range_hz)))
    client.predict(song=handle_file(line), voice="Clara", api_name="/convert")
    client.predict(song=handle_file(line), voice="Clara", vocals_are_clean=True, api_name="/cover_key")
    (convert, converted_hz), (cover, covered_hz) = remembered
    assert Path(convert) == Path(cover)  # the page finds it in either tab
    assert converted_hz == pytest.approx(covered_hz, rel=0.06)


def test_an_excerpt_is_no_longer_asked_once_the_whole_song_is_known():
    ranges = SungRanges()
    ranges.remember("a", (100, 200), is_whole=False)
    ranges.remember("a", (90, 210))
    ranges.remember("a", (120, 130), is_whole=False)
    ranges.remember("a", None)
    assert ranges.recall("a") == (90, 210)
    assert ranges.recall("b") is ranges.recall(None) is None


def test_a_voice_is_chosen_only_if_the_session_has_it():
    assert answer("Clara", None, asked(kind="choose", voice="Max"), session("ann"))[1] == "Max"
    for wrong in (asked(kind="choose", voice="Nobody"), asked(kind="drop", voice="Max"), asked()):
        assert answer("Clara", None, wrong, session("ann")) == (gr.skip(), gr.skip())
