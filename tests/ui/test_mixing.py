"""The mix of stems as one file, for programs and for the mixer of a page."""

from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import numpy as np
import pytest
from conftest import ROOT
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.ui.mixing.export import _export, _read_upload
from vc_core.ui.tabs.cover_work import read_comparison
from vc_core.ui.widgets.compare import Comparison

KOREAN = SimpleNamespace(session_hash="ann", headers={"accept-language": "ko"})


def test_a_program_mixes_stems_to_one_file(client, tmp_path, tone):
    for name, hertz in (("low", 200), ("high", 400)):
        write_audio(tmp_path / f"{name}.wav", tone(hertz, level=0.2), format_name="wav32")
    stems = [tmp_path / "low.wav", tmp_path / "high.wav"]
    given = {"stems": [handle_file(stem) for stem in stems], "format_name": "wav32", "api_name": "/mix_stems"}
    path = client.predict(levels_db=[0, -12], **given)
    low, high = (read_audio(stem).samples for stem in stems)
    np.testing.assert_allclose(read_audio(path).samples, low + high * 10 ** (-12 / 20), atol=1e-6)
    assert Path(path).name == "low - mix.wav"
    np.testing.assert_allclose(read_audio(client.predict(levels_db=[], **given)).samples, low + high, atol=1e-6)
    with pytest.raises(AppError, match="“high.wav” is a number from -40 to 12 dB"):
        client.predict(levels_db=[0, 99], **given)


@pytest.mark.parametrize("stem", [{"path": "/etc/hostname"}, "/etc/hostname", {"meta": {"_type": "gradio.FileData"}}])
def test_what_is_no_upload_is_refused(stem):
    with pytest.raises(UserError, match="not a sound file"):
        _read_upload(stem)


def test_a_path_of_the_server_is_refused(studio):
    secret = {"path": str(ROOT / "examples" / "song.flac"), "meta": {"_type": "gradio.FileData"}}
    asked = {"data": [[secret], [], "flac24"]}
    with httpx.Client(base_url=studio, timeout=20) as client:
        event = client.post("gradio_api/call/mix_stems", json=asked).json().get("event_id")
        with client.stream("GET", f"gradio_api/call/mix_stems/{event}") as answer:
            assert "event: error" in answer.read().decode()


def test_a_page_mixes_what_is_in_the_mixer_and_nothing_else(tmp_path, tone):
    for name, level in (("song", 0.1), ("vocals", 0.2), ("drums", 0.3)):
        write_audio(tmp_path / f"{name}.wav", tone(level=level), format_name="wav32")
    sounds = {name: str(tmp_path / f"{name}.wav") for name in ("song", "vocals", "drums")}
    made = Comparison(sounds, stems=("vocals", "drums"))
    mixed = _export(made, "wav32", {"vocals": 0, "song": 0, "nothing": 3}, KOREAN)
    assert mixed["file"]["orig_name"] == "song - mix.wav"
    np.testing.assert_array_equal(read_audio(mixed["file"]["path"]).samples, read_audio(sounds["vocals"]).samples)
    with pytest.raises(UserError, match="“보컬” is a number"):
        _export(made, "wav32", {"vocals": 99}, KOREAN)
    for nothing in ({}, None, [1], {"song": 0}):
        with pytest.raises(UserError, match="every stem is muted"):
            _export(made, "wav32", nothing, KOREAN)


@pytest.mark.slow
def test_the_stems_of_a_cover_can_be_mixed_and_are_the_cover(client, song, tmp_path):
    write_audio(tmp_path / "tune.wav", song.slice(0, 4 * 44_100), format_name="wav16")
    cover, *_, job = client.predict(song=handle_file(tmp_path / "tune.wav"), voice="Annie", api_name="/cover")
    made = read_comparison(job)
    assert made.stems == ("cover_vocals", "accompaniment")
    mixed = _export(made, "flac24", dict.fromkeys(made.stems, 0), gr.Request())
    np.testing.assert_allclose(read_audio(mixed["file"]["path"]).samples, read_audio(cover).samples, atol=1e-6)
