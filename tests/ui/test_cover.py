"""The endpoints of the tab “Cover”: results, refused requests, and jobs that are found again."""

import time
import zipfile

import gradio as gr
import numpy as np
import pytest
from conftest import ROOT, client_of
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.signal.loudness import measure_loudness_lufs
from vc_core.ui.server.jobs import get_jobs
from vc_core.ui.tabs.cover_links import _read_url, read_setting
from vc_core.ui.tabs.cover_work import estimate_cost


@pytest.fixture
def tune(song, tmp_path):
    write_audio(tmp_path / "tune.wav", song.slice(0, 4 * 44_100), format_name="wav16")
    return tmp_path / "tune.wav"


def test_a_cover_is_returned_with_its_stems_and_found_again(studio, client, tune, tmp_path):
    cover, vocals, accompaniment, original, backing, archive, picture, notes, job = client.predict(
        song=handle_file(tune), voice="Annie", format_name="wav32", api_name="/cover"
    )
    song = read_audio(tune)
    mixed, parts = read_audio(cover), read_audio(vocals).samples + read_audio(accompaniment).samples
    assert mixed.frames == song.frames
    assert backing is None  # sung with the lead
    assert measure_loudness_lufs(mixed) == pytest.approx(measure_loudness_lufs(song), abs=0.5)
    np.testing.assert_allclose(mixed.samples, parts, atol=1e-6)
    assert archive.endswith("tune - annie.zip")
    names = [f"tune - annie - {part}.wav" for part in ("accompaniment", "cover", "original-vocals", "vocals")]
    with zipfile.ZipFile(archive) as packed:
        assert sorted(packed.namelist()) == names
    assert cover.endswith(names[1])
    assert picture.endswith("key.png")
    assert "semitones" in notes
    another = client_of(studio, tmp_path / "downloads")
    assert read_audio(another.predict(job=job, api_name="/cover_result")[0]).frames == song.frames
    assert another.predict(job=job, api_name="/cover_stop") == "done"
    assert read_audio(original).frames == song.frames
    settings = get_jobs().status(job).settings  # a page that is opened by its link gets them
    assert (settings["voice"], settings["format"], settings["clean"]) == ("Annie", "wav32", "false")
    assert "song" not in settings
    request = type("Request", (), {"query_params": {"job": job}})()
    assert _read_url(request) == [job, settings]


def test_a_cover_continues_when_its_client_disconnects(studio, client, song, tmp_path):
    write_audio(tmp_path / "long.wav", song.with_samples(np.tile(song.samples, 2)), format_name="wav16")
    running = client.submit(song=handle_file(tmp_path / "long.wav"), api_name="/cover")
    job = ""
    while not job:
        time.sleep(0.05)
        job = next((made[-1] for made in running.outputs() if made[-1]), "")
    running.cancel()
    cover, *_ = client_of(studio, tmp_path / "downloads").predict(job=job, api_name="/cover_result")
    assert read_audio(cover).frames == 2 * song.frames


@pytest.mark.slow
def test_the_key_is_proposed_alone_and_a_preview_is_fifteen_seconds(client):
    song = handle_file(ROOT / "examples" / "song.flac")
    picture, notes = client.predict(song=song, voice="Max", api_name="/cover_key")
    assert picture.endswith(".png")
    assert "-24" in notes
    cover, *_ = client.predict(song=song, voice="Max", preview_from=5, api_name="/cover_preview")
    assert read_audio(cover).frames == 15 * 44_100


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"song": None}, "Choose a song"),
        ({"voice": "Nobody"}, "no voice called"),
        ({"vocals_shift": 24, "key": "off", "emotion": "happy", "engine": "demucs-fast"}, "one of the choices"),
    ],
)
def test_an_invalid_request_is_refused_with_a_message(client, tune, wrong, sentence):
    wish = {"song": handle_file(tune)} | wrong
    with pytest.raises((AppError, ValueError), match=sentence):
        client.predict(**wish, api_name="/cover")


@pytest.mark.parametrize("endpoint", ["/cover_result", "/cover_stop"])
def test_an_invalid_job_id_is_refused(client, endpoint):
    with pytest.raises(AppError, match="no such job"):
        client.predict(job="../../../etc/passwd", api_name=endpoint)


@pytest.mark.parametrize("link", ["http://127.0.0.1/x.mp3", "http://169.254.169.254/latest", "file:///etc/passwd", "x"])
def test_links_into_the_servers_network_are_refused(client, link):
    with pytest.raises(AppError, match="private network|begin with http"):
        client.predict(link=link, api_name="/from_link")


def test_the_cost_is_shown_in_the_language_of_the_browser(tune):
    request = type("Request", (), {"headers": {"accept-language": "ko"}, "session_hash": "ann", "query_params": {}})()
    values = {
        "song": str(tune), "voice": "Clara", "key": "octaves", "engine": "ensemble", "vocals_are_clean": False,
        "emotion": "neutral", "backing": "together", "backing_voice": None,
    }  # fmt: skip
    assert "메모리" in estimate_cost(values, request)
    assert estimate_cost(values | {"song": None}, request) == ""
    assert "내려받" in estimate_cost(values | {"engine": "spleeter"}, request)


class TestLinksToSettings:
    """Links are untrusted: invalid settings are ignored."""

    @pytest.fixture
    def parts(self):
        return {"shift": gr.Slider(-24, 24, value=0), "clean": gr.Checkbox(), "engine": gr.Dropdown(["a", "b"])}

    @pytest.mark.parametrize(
        ("name", "wanted", "value"),
        [
            ("shift", "3", 3.0), ("shift", "-99", -24), ("shift", "nan", 0), ("shift", "1e9", 0),
            ("clean", "true", True), ("clean", "1", False), ("engine", "b", "b"), ("engine", "<script>", None),
            ("shift", None, None),
        ],
    )  # fmt: skip
    def test_a_setting_in_a_link_is_applied_if_valid(self, parts, name, wanted, value):
        assert read_setting(name, parts[name], wanted, []).get("value") == value

    def test_a_voice_in_a_link_must_be_in_the_library_of_the_session(self, parts):
        assert read_setting("voice", parts["engine"], "Max", ["Max"])["value"] == "Max"
        assert "value" not in read_setting("voice", parts["engine"], "a", ["Max"])
