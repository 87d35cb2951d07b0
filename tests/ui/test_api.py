"""The endpoints do what docs/api.md says, also for concurrent clients and stopped jobs."""

import re
import shutil
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from conftest import ROOT, client_of
from conversion.so_vits_maker import write_checkpoint
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from voice_maker import add_voice

from vc_core.emotion.profiles import PROFILES
from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.signal.pitch import estimate_pitch
from vc_core.ui.suite import build_suite, launch
from vc_core.voices.library import VoiceLibrary
from vc_core.voices.sharing import export_zip

GUIDE = ROOT / "docs" / "api.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.fixture
def folder_of_examples(tmp_path, monkeypatch):
    """A folder with the files that the guide uses."""
    for name in ("song.flac", "spoken_line.flac", "sung_line.flac"):
        shutil.copy(ROOT / "examples" / name, tmp_path / name)
    export_zip(add_voice(VoiceLibrary(tmp_path / "elsewhere")), tmp_path / "alto.zip")
    write_checkpoint(tmp_path, "upstream 4.0", step=4_000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_the_snippets_of_the_guide_run_unchanged(studio, folder_of_examples, snippet, capsys):
    assert "http://127.0.0.1:7860" in snippet
    exec(compile(snippet.replace("http://127.0.0.1:7860", studio), str(GUIDE), "exec"), {})
    if "print(" in snippet:
        assert capsys.readouterr().out.strip()


def test_the_guide_names_every_endpoint_and_no_other(studio, client):
    offered = set(client.view_api(return_format="dict")["named_endpoints"])
    named = set(re.findall(r"[`\"](/[a-z_]+)[`\"]", GUIDE.read_text()))
    assert named == offered


def test_every_parameter_is_typed_and_described(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    for name, endpoint in endpoints.items():
        for parameter in endpoint["parameters"]:
            assert parameter["python_type"]["type"] != "Any", (name, parameter)
            assert not parameter["parameter_name"].startswith("param"), (name, parameter)
            assert parameter["python_type"]["type"] not in ("Literal[]", ""), (name, parameter)
            described = parameter["python_type"]["description"]
            assert described or name in ("/cover_stop", "/train_status", "/take_delete"), (name, parameter)
    separate = {parameter["parameter_name"]: parameter for parameter in endpoints["/separate"]["parameters"]}
    assert "Literal" in separate["engine"]["python_type"]["type"]
    assert separate["stems"]["python_type"]["type"] == "Literal[2, 3, 4, 5, 6]"
    voices = [one for one in endpoints["/convert"]["parameters"] if one["parameter_name"] == "voice"]
    assert voices[0]["python_type"]["type"] == "str", "a user's own voices can be named as well"


def test_every_returned_value_has_a_name(client):
    for name, endpoint in client.view_api(return_format="dict")["named_endpoints"].items():
        names = [returned["label"] for returned in endpoint["returns"]]
        assert len(set(names)) == len(names), (name, names)
        assert all(re.fullmatch("(?!value_)[a-z][a-z_0-9]+", one) for one in names), (name, names)
    text = client.view_api(return_format="str")
    assert "__i18n__" not in text
    assert "FileData class" not in text
    assert "-> (vocals, accompaniment, drums, bass, piano, other, all_stems, pictures, notes)" in text


def test_the_stems_that_come_back_are_exact(client, song):
    vocals, accompaniment, *_, note = client.predict(
        song=handle_file(ROOT / "examples" / "song.flac"), format_name="wav32", api_name="/separate"
    )
    total = read_audio(vocals).samples + read_audio(accompaniment).samples
    np.testing.assert_allclose(total, song.samples, atol=1e-6)
    assert "preview" in note


def test_lowered_peaks_are_noted(client, song, tmp_path):
    write_audio(tmp_path / "loud.wav", song.with_samples(song.samples * 8), format_name="wav32")
    *_, note = client.predict(song=handle_file(tmp_path / "loud.wav"), api_name="/separate")
    assert "Peaks were lowered" in note


def test_emotion_at_zero_is_the_recording_and_otherwise_has_provenance(client):
    voice = handle_file(ROOT / "examples" / "spoken_line.flac")
    original = read_audio(ROOT / "examples" / "spoken_line.flac")
    steps = client.predict(voice=voice, emotion="happy", changes_tempo=False, api_name="/emotion_steps")
    sounds = [read_audio(step) for step in steps]
    np.testing.assert_array_equal(sounds[0].samples, original.samples)
    assert {sound.frames for sound in sounds} == {original.frames}
    means = [float(np.log2(pitch.hertz[pitch.voiced]).mean()) for pitch in map(estimate_pitch, sounds)]
    assert means == sorted(means)
    assert 12 * (means[-1] - means[0]) == pytest.approx(12 * np.log2(PROFILES["happy"].pitch), abs=1.0)
    assert read_origin(Path(steps[0])).provenance is None
    provenance = read_origin(Path(steps[-1])).provenance
    assert provenance.ai_generated
    assert provenance.settings["emotion"] == "happy"


def test_two_concurrent_clients_get_their_own_results(studio, tmp_path, tone):
    """Each sends a song of its own length and pitch, and must get its own result."""
    results = {}

    def one(hertz, seconds):
        path = tmp_path / f"{hertz}.wav"
        write_audio(path, tone(hertz, seconds=seconds, channels=2), format_name="wav16")
        client = client_of(studio, tmp_path / str(hertz))
        vocals, accompaniment, *_ = client.predict(song=handle_file(path), format_name="wav32", api_name="/separate")
        total = read_audio(vocals).samples + read_audio(accompaniment).samples
        spectrum = np.abs(np.fft.rfft(total[0]))
        results[hertz] = (total.shape[1], float(np.argmax(spectrum)) / seconds)

    wanted = {300: 1.0, 500: 1.5, 700: 2.0, 900: 2.5}
    threads = [threading.Thread(target=one, args=item) for item in wanted.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for hertz, seconds in wanted.items():
        frames, heard = results[hertz]
        assert frames == round(seconds * 44_100)
        assert heard == pytest.approx(hertz, abs=1)


def test_a_stopped_job_ends_and_frees_its_place_in_the_queue(client, song, tmp_path):
    long = song.with_samples(np.tile(song.samples, 12))
    write_audio(tmp_path / "long.wav", long, format_name="wav16")
    job = client.submit(song=handle_file(tmp_path / "long.wav"), api_name="/separate")
    for _ in range(200):
        if job.status().progress_data:
            break
        time.sleep(0.05)
    started = time.monotonic()
    job.cancel()
    short = tmp_path / "short.wav"
    write_audio(short, song.slice(0, 44_100), format_name="wav16")
    client.predict(song=handle_file(short), api_name="/separate")
    assert time.monotonic() - started < 10  # the whole song would take about a minute


def test_the_health_route_answers(studio):
    assert httpx.get(f"{studio}healthz").json() == {"status": "ok"}


def test_the_queue_cannot_be_bypassed(studio):
    answer = httpx.post(f"{studio}gradio_api/run/separate", json={"data": [None, "repet", 2, False, True, "flac24"]})
    assert answer.status_code == 404


def test_files_of_the_server_cannot_be_read(studio, client):
    for path in ("/etc/passwd", str(ROOT / "pyproject.toml")):
        assert httpx.get(f"{studio}gradio_api/file={path}").status_code in (403, 404)
        data = {"path": path, "meta": {"_type": "gradio.FileData"}}
        with pytest.raises(AppError):
            client.predict(song=data, api_name="/separate")


def test_a_local_path_is_refused_as_a_voice(client):
    with pytest.raises(AppError, match="not the name of a repo"):
        client.predict(archive=None, repo="/etc", name="", api_name="/add_voice")


class TestSharedPage:
    """On a shared page, sessions must not see each other's voices."""

    @pytest.fixture
    def shared(self, monkeypatch):
        monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
        suite = build_suite()
        yield launch(suite)
        suite.close()

    def test_voices_belong_to_their_session(self, shared, tmp_path):
        archive = export_zip(add_voice(VoiceLibrary(tmp_path / "elsewhere")), tmp_path / "alto.zip")
        ann, bob = (client_of(shared, tmp_path / "downloads") for _ in range(2))
        ann.predict(archive=handle_file(archive), repo="", name="", api_name="/add_voice")
        assert "Alto" in [voice["name"] for voice in ann.predict(api_name="/voices")]
        assert "Alto" not in [voice["name"] for voice in bob.predict(api_name="/voices")]
        with pytest.raises(AppError, match="no voice called"):
            bob.predict(name="Alto", api_name="/delete_voice")
