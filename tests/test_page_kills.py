"""The page's server killed at random moments amid a cover, a training and live singing, and started again on its home.

CHAOS_SECONDS makes it go on for longer.
"""

import json
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import filterfalse
from pathlib import Path
from threading import Event

import httpx
import numpy as np
import pytest
from conftest import ROOT
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from own_server import OwnServer
from ui.live.singer import BLOCK, SAMPLE_RATE, begin, open_socket
from waiting import wait_for
from websockets.exceptions import WebSocketException

from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.locks import is_locked
from vc_core.training.run.job import list_runs
from vc_core.ui.live.frames import encode_frame

CHAOS_SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
LONGEST_WORK_SECONDS = 12.0
"""Between the start of the work and the kill."""
DAYS_SECONDS = 3 * 24 * 3600
LINE = ROOT / "examples" / "spoken_line.flac"


def ask_for_ticket(address: str) -> str:
    """As the page does it; the event has no name in the API."""
    events = httpx.get(f"{address}/config", timeout=60).json()["dependencies"]
    (number,) = (event["id"] for event in events if any("ask_for_ticket" in target for target in event["targets"]))
    asked = {"data": ["Clara", 0, "short"], "fn_index": number, "session_hash": "singer"}
    httpx.post(f"{address}/gradio_api/queue/join", json=asked, timeout=60).raise_for_status()
    with httpx.stream("GET", f"{address}/gradio_api/queue/data", params={"session_hash": "singer"}, timeout=60) as told:
        events = [json.loads(line[5:]) for line in told.iter_lines() if line.startswith("data:")]
    (value,) = next(event for event in events if event["msg"] == "process_completed")["output"]["data"]
    return json.loads(value)["ticket"] if isinstance(value, str) else value["ticket"]


def sing_until_killed(address: str, sings: Event) -> None:
    """It must end with the server, not wait for it."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (1, BLOCK)).astype(np.float32)
    ended = suppress(WebSocketException, httpx.HTTPError, OSError, StopIteration, ValueError)
    with ended, open_socket(address, ask_for_ticket(address)) as socket:
        begin(socket)
        sings.set()
        for at in range(100_000):
            socket.send(encode_frame(noise, at * BLOCK / SAMPLE_RATE))
            time.sleep(BLOCK / SAMPLE_RATE)


def read_outcome(server: OwnServer, job: str) -> str:
    """“done”, or the sentence."""
    try:
        cover, *_ = server.make_client().predict(job=job, api_name="/cover_result")
    except AppError as error:
        return str(error)
    assert read_audio(Path(cover)).frames > 0
    return "done"


def list_locked(*roots: Path) -> list[Path]:
    return [path for root in roots for name in ("*.lock", "*.ticket") for path in root.rglob(name) if is_locked(path)]


def is_of_training(path: Path) -> bool:
    """Trainings go on without their server, and have a queue of their own."""
    return path.name == "worker.lock" or path.suffix == ".ticket"


@pytest.fixture
def server(tmp_path):
    """Not started; with its training it ends at the end."""
    made = OwnServer(tmp_path / "home", tmp_path / "server")
    yield made
    made.kill()
    for run in list_runs(made.home / "training"):
        run.request_stop()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_killed_server_starts_again_and_says_what_became_of_its_jobs(server, tmp_path):
    song = read_audio(ROOT / "examples" / "song.flac")
    write_audio(tmp_path / "song.wav", song.slice(0, 8 * song.sample_rate), format_name="wav16")
    generator, end, outcomes = np.random.default_rng(19), time.monotonic() + CHAOS_SECONDS, []
    server.start()
    server.wait()
    run = start_training(server, tmp_path / "go")
    sang = 0
    while time.monotonic() < end or len(outcomes) < 2:
        job, sings = work_and_kill(server, tmp_path / "song.wav", generator.uniform(0.0, LONGEST_WORK_SECONDS))
        sang += sings
        assert list(filterfalse(is_of_training, list_locked(server.home, server.folder))) == []
        server.start()
        server.wait()
        outcomes.append(read_outcome(server, job) if job else "not begun")
        assert outcomes[-1] in ("done", "not begun") or "The server was restarted" in outcomes[-1], outcomes
    (tmp_path / "go").touch()
    client = server.make_client()
    wait_for(lambda: client.predict(run=run, api_name="/train_status")["state"] == "finished", 120)
    assert len(list_runs(server.home / "training")) == 1
    wait_for(lambda: not list_locked(server.home, server.folder), 30)
    assert not server.read_tracebacks()
    check_nothing_grows(server, tmp_path / "song.wav")
    print(f"{len(outcomes)} kills, {sang} while somebody sang; {Counter(outcomes)}")
    assert sang


def start_training(server: OwnServer, go: Path) -> str:
    """One that waits for a file, in a process that outlives the server."""
    client = server.make_client()
    settings = f"steps = 1000\npause_seconds = 0.05\npauses_until = {go}\nlast_step_waits_for = {go}"
    wish = {"files": [handle_file(LINE)] * 2, "name": "Ann", "consent": "synthetic", "method": "tiny"}
    return client.predict(**wish, settings=settings, api_name="/train_start")


def work_and_kill(server: OwnServer, song: Path, seconds: float) -> tuple[str, bool]:
    """A cover, a separation and a singer, then SIGKILL: the cover's id, if it came, and whether somebody sang."""
    sings, client = Event(), server.make_client()
    with ThreadPoolExecutor(1) as pool:
        singing = pool.submit(sing_until_killed, server.address, sings)
        covering = client.submit(song=handle_file(song), voice="Clara", api_name="/cover")
        client.submit(song=handle_file(song), engine="starter", api_name="/separate")
        time.sleep(seconds)
        server.kill()
        singing.result(timeout=60)
    return next((made[-1] for made in covering.outputs() if made[-1]), ""), sings.is_set()


def check_nothing_grows(server: OwnServer, song: Path) -> None:
    """What the kills have left is deleted once it has expired: all of it is made three days older."""
    old = server.age_files(DAYS_SECONDS)
    assert old
    cover, *_ = server.make_client().predict(song=handle_file(song), voice="Clara", api_name="/cover")
    assert read_audio(Path(cover)).frames > 0
    assert [path for path in old if path.exists() and server.is_aged(path)] == []
