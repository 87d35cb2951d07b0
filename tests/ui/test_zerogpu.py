"""Handlers with a GPU lease work under ZeroGPU's real forking: results, errors, progress, Stop."""

import os
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
import rmvpe_maker
import soundfile
import torch
from conftest import ROOT, client_of
from conversion.cyclegan_maker import make_cyclegan_voice
from conversion.rvc_maker import write_export
from conversion.so_vits_maker import make_so_vits_voice, write_content_vec
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from separation import roformer_maker, tiny_demucs

from vc_core.conversion.rvc.files import RvcFiles
from vc_core.conversion.rvc.importing import import_rvc
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.separation.roformer.installing import install_model
from vc_core.separation.spleeter.layouts import MODELS
from vc_core.separation.spleeter.weights import convert_checkpoint
from vc_core.signal.pitch_methods.rmvpe import CHECKPOINT
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary


class Scheduler(ThreadingHTTPServer):
    """A fake ZeroGPU scheduler: records the requests and always grants a GPU."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.calls: list[tuple[str, dict[str, str]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def asked(self, what: str) -> list[dict[str, str]]:
        return [parameters for path, parameters in self.calls if path == what]


class _Answers(BaseHTTPRequestHandler):
    server: Scheduler

    def log_message(self, *_):
        pass

    def do_POST(self):
        parts = urlsplit(self.path)
        parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.calls.append((parts.path, parameters))
        body = b"{}"
        if parts.path == "/schedule":
            token = f"token{len(self.server.calls)}"
            body = f'{{"idle": false, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "{token}"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def scheduler():
    server = Scheduler()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The Space's disk, with a voice of each engine and the downloads that engines need, as small networks."""
    home, made = tmp_path_factory.mktemp("space"), tmp_path_factory.mktemp("made")
    content_vec = home / "models" / "content_vec" / write_content_vec().name
    content_vec.parent.mkdir(parents=True)
    os.link(write_content_vec(), content_vec)
    library = VoiceLibrary(home / "voices")
    make_cyclegan_voice(made, read_audio(ROOT / "examples" / "spoken_line.flac").slice(0, 44_100), "cyclegan")
    shutil.copytree(made, library.folder / "cyclegan")
    import_rvc(library, RvcFiles(write_export(made / "model.pth")), VoiceFacts("rvc", "synthetic", "CC0-1.0"))
    so_vits = make_so_vits_voice(made)
    shutil.copytree(so_vits.folder, library.folder / so_vits.folder.name)
    oracle = ROOT / "tests" / "data" / "spleeter" / "2stems" / "model"
    (spleeter := home / "models" / "spleeter").mkdir()
    convert_checkpoint(oracle, MODELS[2], spleeter / "2stems.safetensors")
    (demucs := home / "models" / "demucs").mkdir()
    tiny_demucs.save_package(demucs, "955717e8", tiny_demucs.make_package(tiny_demucs.make_network()))
    install_roformer(home, made)
    cached = home / "hf" / "hub" / f"models--{CHECKPOINT.repo.replace('/', '--')}" / "snapshots" / CHECKPOINT.revision
    cached.mkdir(parents=True)
    torch.save(rmvpe_maker.make_checkpoint(), cached / CHECKPOINT.file)
    return home


def install_roformer(home, made):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOICE_STUDIO_HOME", str(home))
        install_model(str(roformer_maker.write_model(made)), allow_local=True)


@pytest.fixture(scope="module")
def zerogpu(scheduler, home, free_port):
    """URL of the app as a ZeroGPU Space runs it."""
    environment = os.environ | {
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{scheduler.server_port}",
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "VOICE_STUDIO_HOME": str(home),
        "VOICE_STUDIO_SHARED": "0",
        "CUDA_LOG": str(home / "cuda.txt"),
        "GRADIO_TEMP_DIR": str(home / "gradio"),
        "GRADIO_SERVER_PORT": str(free_port),
        "SPACE_ID": "ann/studio",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }
    log = (home / "log.txt").open("w")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "ui" / "zerogpu_app.py")],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # the forked workers outlive their parent, so they are ended as a group
    )
    address = f"http://127.0.0.1:{free_port}/"
    for _ in range(1200):
        try:
            httpx.get(f"{address}healthz").raise_for_status()
            break
        except httpx.HTTPError:
            assert process.poll() is None, (home / "log.txt").read_text()
            time.sleep(0.25)
    yield address
    os.killpg(process.pid, 9)
    process.wait()


@pytest.fixture
def client(zerogpu, tmp_path):
    return client_of(zerogpu, tmp_path / "downloads")


@pytest.fixture
def tune(song, tmp_path):
    """Four seconds."""
    write_audio(tmp_path / "tune.wav", song.slice(0, 4 * song.sample_rate), format_name="wav32")
    return tmp_path / "tune.wav"


SO_VITS, RVC, CYCLEGAN, INSTANT = "Tester", "rvc", "cyclegan", "Clara"
SO_VITS_TRAINING = "start = scratch\nwidth = 0.06\nbatch_size = 1\njudges = 1\nkeep_ckpts = 0"
TRAINING = {"files": "line", "consent": "synthetic"}
CALLS = [
    # endpoint, what is given to it, how many leases it asks for, and whether CUDA is used in them
    ("separate", {"song": "tune", "engine": "starter"}, 1, True),
    ("separate", {"song": "tune", "engine": "spleeter"}, 1, True),
    ("separate", {"song": "tune", "engine": "demucs"}, 1, True),
    ("separate", {"song": "tune", "engine": "roformer", "model": "tiny"}, 1, True),
    ("preview", {"song": "tune", "engine": "starter"}, 1, True),
    ("preview", {"song": "tune", "engine": "repet"}, 1, False),
    ("convert", {"song": "line", "voice": INSTANT}, 0, False),
    ("convert", {"song": "line", "voice": CYCLEGAN}, 0, False),
    ("convert", {"song": "line", "voice": SO_VITS}, 1, True),
    ("convert", {"song": "line", "voice": SO_VITS, "pitch_method": "fcpe"}, 1, True),
    ("convert", {"song": "line", "voice": RVC}, 1, True),
    ("convert", {"song": "line", "voice": INSTANT, "pitch_method": "fcpe"}, 0, False),
    ("convert", {"song": "line", "voice": INSTANT, "pitch_method": "crepe-tiny"}, 1, True),
    ("convert", {"song": "line", "voice": INSTANT, "pitch_method": "rmvpe"}, 1, True),
    ("speak", {"text": "Hello there.", "voice": INSTANT}, 0, False),
    ("speak", {"text": "Hello there.", "voice": SO_VITS}, 1, True),
    ("speak", {"text": "Hello there.", "voice": RVC}, 1, True),
    ("voice_sample", {"voice": INSTANT}, 0, False),
    ("voice_sample", {"voice": SO_VITS}, 1, True),
    ("cover_key", {"song": "tune", "voice": SO_VITS}, 1, True),
    ("cover_preview", {"song": "tune", "voice": SO_VITS}, 2, True),
    ("cover", {"song": "tune", "voice": SO_VITS}, 2, True),
    ("cover", {"song": "tune", "voice": RVC, "vocals_are_clean": True}, 1, True),
    ("cover", {"song": "tune", "voice": INSTANT, "backing": "voice", "backing_voice": SO_VITS}, 2, True),
    ("cover", {"song": "tune", "voice": CYCLEGAN, "vocals_are_clean": True}, 0, False),
    ("emotion", {"voice": "line", "emotion": "sad", "method": "rules"}, 0, False),
    ("emotion", {"voice": "line", "emotion": "sad", "method": "relgan"}, 0, False),
    ("emotion_steps", {"voice": "line", "emotion": "sad"}, 0, False),
    ("doctor", {"files": "line", "separate": True}, 0, False),
    ("slice", {"recordings": "line", "min_seconds": 1, "max_seconds": 2}, 0, False),
    ("voice_from_recording", {"recording": "line", "name": "Eve", "consent": "synthetic"}, 0, False),
    ("train_estimate", {"files": "line", "method": "tiny", "settings": "", "separate": True}, 1, False),
    ("train_estimate", {"files": "line", "method": "so-vits", "settings": SO_VITS_TRAINING}, 1, True),
    ("train_start", TRAINING | {"name": "Ann", "method": "tiny", "settings": "steps = 5"}, 1, False),
]
"""Every endpoint that computes, with every engine."""
NO_DEVICE = {
    "from_link", "cover_result", "cover_stop", "train_stop", "train_resume", "train_take", "train_delete",
    "train_status", "trainings", "add_voice", "model_contents", "import_model", "check_origin", "publish_voice",
    "check_voice", "export_voice", "delete_voice", "voices", "takes", "take_delete", "many_separate", "many_convert",
    "many_emotion", "many_cover", "many_result", "many_stop", "mix_stems",
}  # fmt: skip
"""The rest; `many_…` use the CPU there, and `train_resume` is what `train_start` does after its preparation."""


def test_the_calls_below_are_all_there_are(client):
    endpoints = {name.strip("/") for name in client.view_api(return_format="dict")["named_endpoints"]}
    assert endpoints == {name for name, *_ in CALLS} | NO_DEVICE


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {' '.join(map(str, call[1].values()))}")
def test_each_endpoint_uses_cuda_in_its_leases_and_never_outside(client, scheduler, home, song, tmp_path, call):
    """In the page's own process CUDA raises, and so does what can't be pickled on its way to the worker."""
    endpoint, given, leases, uses_cuda = call
    names = {"tune": song.slice(0, 2 * song.sample_rate), "line": read_audio(ROOT / "examples" / "spoken_line.flac")}
    for name, audio in names.items():  # each call has its own tune, so that nothing is cached
        gain = np.float32(1 - 0.001 * len(scheduler.calls))
        write_audio(tmp_path / f"{name}.wav", audio.with_samples(audio.samples * gain), format_name="wav32")
    files = {key: handle_file(tmp_path / f"{value}.wav") for key, value in given.items() if value in names}
    given = given | {key: [file] * 3 if key in ("files", "recordings") else file for key, file in files.items()}
    before, used = len(scheduler.asked("/schedule")), count_lines(home / "cuda.txt")
    result = client.predict(**given, api_name=f"/{endpoint}")
    assert result
    schedules = scheduler.asked("/schedule")[before:]
    assert len(schedules) == leases
    assert all(20 <= int(schedule["durationSeconds"]) <= 180 for schedule in schedules)
    assert all(release["fail"] == "false" for release in scheduler.asked("/release"))
    assert (count_lines(home / "cuda.txt") > used) == uses_cuda


def count_lines(path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_the_result_is_returned_from_the_forked_worker(client, scheduler, tune):
    before = len(scheduler.asked("/schedule"))
    vocals, accompaniment, *_ = client.predict(
        song=handle_file(tune), format_name="wav32", engine="repet", api_name="/separate"
    )
    total = read_audio(vocals).samples + read_audio(accompaniment).samples
    np.testing.assert_allclose(total, read_audio(tune).samples, atol=1e-6)
    assert len(scheduler.asked("/startup-report")) == 1
    assert len(scheduler.asked("/schedule")) == before + 1
    assert scheduler.asked("/allow")
    assert scheduler.asked("/release")[-1]["fail"] == "false"


def test_the_lease_duration_follows_the_length_of_the_song(client, scheduler, tone, tmp_path):
    asked = []
    for seconds in (2, 20):
        write_audio(tmp_path / "tone.wav", tone(seconds=seconds, sample_rate=8_000), format_name="wav16")
        client.predict(song=handle_file(tmp_path / "tone.wav"), engine="repet", api_name="/separate")
        asked.append(int(scheduler.asked("/schedule")[-1]["durationSeconds"]))
    assert 15 < asked[0] < asked[1] <= 180


def test_a_cover_asks_for_a_gpu_once_and_not_again_for_another_key(client, scheduler, song, tune):
    wish = {"song": handle_file(tune), "voice": "Clara", "engine": "repet", "format_name": "wav32"}
    before = len(scheduler.asked("/schedule"))
    first, *_ = client.predict(**wish, api_name="/cover")
    assert len(scheduler.asked("/schedule")) == before + 1
    assert 15 < int(scheduler.asked("/schedule")[-1]["durationSeconds"]) <= 60
    again, *_ = client.predict(**wish, vocals_shift=2, api_name="/cover")
    assert len(scheduler.asked("/schedule")) == before + 1  # what was separated is still there
    assert read_audio(first).frames == read_audio(again).frames == 4 * song.sample_rate
    assert np.abs(read_audio(first).samples - read_audio(again).samples).max() > 0.01


def test_what_a_so_vits_voice_has_sung_takes_no_gpu_again(client, scheduler, tune):
    request = {"song": handle_file(tune), "voice": SO_VITS, "vocals_are_clean": True, "format_name": "wav32"}
    before = len(scheduler.asked("/schedule"))
    client.predict(**request, api_name="/cover")
    client.predict(**request, music_db=-3, emotion="sad", api_name="/cover")
    assert len(scheduler.asked("/schedule")) == before + 1


def test_an_error_inside_the_worker_is_shown_on_the_page(client, scheduler, tune):
    """The fault is in the last second, so that it is found only while separating."""
    fault = read_audio(tune)
    fault.samples[0, -5] = np.nan
    soundfile.write(tune, fault.samples.T, fault.sample_rate, "FLOAT")  # ours refuses to write it
    before = len(scheduler.asked("/schedule"))
    with pytest.raises(AppError, match="not numbers"):
        client.predict(song=handle_file(tune), engine="repet", api_name="/separate")
    assert len(scheduler.asked("/schedule")) == before + 1


def test_a_bad_file_takes_no_gpu(client, scheduler, tmp_path):
    (tmp_path / "x.wav").write_text("no sound")
    before = len(scheduler.asked("/schedule"))
    with pytest.raises(AppError, match="not a sound file"):
        client.predict(song=handle_file(tmp_path / "x.wav"), engine="repet", api_name="/separate")
    assert len(scheduler.asked("/schedule")) == before


def test_progress_and_stop_go_through_the_fork(client, scheduler, song, tmp_path):
    write_audio(tmp_path / "long.wav", song.with_samples(np.tile(song.samples, 20)), format_name="wav16")
    released = len(scheduler.asked("/release"))
    job = client.submit(song=handle_file(tmp_path / "long.wav"), engine="repet", api_name="/separate")
    seen = set()
    for _ in range(400):
        seen |= {unit.desc for unit in job.status().progress_data or []}
        if any("0:20" in (text or "") for text in seen):
            break
        time.sleep(0.02)
    assert any("/ 8:01" in (text or "") for text in seen), seen
    started = time.monotonic()
    job.cancel()
    while len(scheduler.asked("/release")) == released:
        assert time.monotonic() - started < 10, "the GPU was not given back"
        time.sleep(0.05)
