"""A handler that takes the GPU works under ZeroGPU's real forking: results, sentences, progress, Stop."""

import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
from conftest import ROOT, client_of
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from vc_core.reading import read_audio
from vc_core.writing import write_audio


class Scheduler(ThreadingHTTPServer):
    """What hands out GPUs on ZeroGPU: it notes what was asked of it, and always has one."""

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
def zerogpu(scheduler, tmp_path_factory, free_port):
    """The address of the app as a ZeroGPU Space runs it."""
    home = tmp_path_factory.mktemp("space")
    environment = os.environ | {
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{scheduler.server_port}",
        "HOME": str(home),
        "GRADIO_TEMP_DIR": str(home / "gradio"),
        "GRADIO_SERVER_PORT": str(free_port),
        "SPACE_ID": "ann/studio",
        "PYTHONPATH": str(ROOT),
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
    for _ in range(240):
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


def test_the_result_comes_out_of_the_forked_worker(client, scheduler, song):
    before = len(scheduler.asked("/schedule"))
    vocals, accompaniment, *_ = client.predict(
        song=handle_file(ROOT / "examples" / "song.flac"), format_name="wav32", engine="repet", api_name="/separate"
    )
    total = read_audio(vocals).samples + read_audio(accompaniment).samples
    np.testing.assert_allclose(total, song.samples, atol=1e-6)
    assert len(scheduler.asked("/startup-report")) == 1
    assert len(scheduler.asked("/schedule")) == before + 1
    assert scheduler.asked("/allow")
    assert scheduler.asked("/release")[-1]["fail"] == "false"


def test_the_time_that_is_asked_for_follows_the_length_of_the_song(client, scheduler, song, tmp_path):
    client.predict(song=handle_file(ROOT / "examples" / "song.flac"), engine="repet", api_name="/separate")
    short = int(scheduler.asked("/schedule")[-1]["durationSeconds"])
    write_audio(tmp_path / "long.wav", song.with_samples(np.tile(song.samples, 6)), format_name="wav16")
    client.predict(song=handle_file(tmp_path / "long.wav"), engine="repet", api_name="/separate")
    assert 15 < short < int(scheduler.asked("/schedule")[-1]["durationSeconds"]) <= 180


def test_a_cover_asks_for_a_gpu_once_and_not_again_for_another_key(client, scheduler, song, tmp_path):
    write_audio(tmp_path / "tune.wav", song.between(0, 4 * song.sample_rate), format_name="wav16")
    wish = {"song": handle_file(tmp_path / "tune.wav"), "voice": "Clara", "engine": "repet", "format_name": "wav32"}
    before = len(scheduler.asked("/schedule"))
    first, *_ = client.predict(**wish, api_name="/cover")
    assert len(scheduler.asked("/schedule")) == before + 1
    assert 15 < int(scheduler.asked("/schedule")[-1]["durationSeconds"]) <= 60
    again, *_ = client.predict(**wish, vocals_shift=2, api_name="/cover")
    assert len(scheduler.asked("/schedule")) == before + 1  # what was separated is still there
    assert read_audio(first).frames == read_audio(again).frames == 4 * song.sample_rate
    assert np.abs(read_audio(first).samples - read_audio(again).samples).max() > 0.01


def test_a_sentence_from_inside_the_worker_reaches_the_visitor(client, song, tmp_path):
    """The fault is in the last second, so that it is met only while separating."""
    samples = np.tile(song.samples, 2)
    samples[0, -5] = np.nan
    write_audio(tmp_path / "nan.wav", song.with_samples(samples), format_name="wav32")
    with pytest.raises(AppError, match="not numbers"):
        client.predict(song=handle_file(tmp_path / "nan.wav"), engine="repet", api_name="/separate")


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
