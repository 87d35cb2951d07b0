"""A singer for the tests of live singing: a program that talks to the socket as the page does."""

import json
import time
from urllib.parse import urlsplit

import numpy as np
from conftest import ROOT
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from vc_core.audio import Audio
from vc_core.conversion import STARTER_VOICES
from vc_core.files.reading import read_audio
from vc_core.ui.live.admission import get_live_sessions
from vc_core.ui.live.converting import Choice
from vc_core.ui.live.frames import FULL_SCALE, HEADER, decode_frame, encode_frame
from vc_core.ui.live.socket import PROTOCOL
from vc_core.voices.library import VoiceLibrary

SAMPLE_RATE, BLOCK = 48_000, 960
MAX_AHEAD_SECONDS = 0.3


def choose(name: str = "Clara", key: float = 0.0) -> Choice:
    return Choice(VoiceLibrary(STARTER_VOICES).find(name), key)


def issue_ticket(session: str = "ann", language: str = "en", choice: Choice | None = None) -> str:
    return get_live_sessions().issue(session, language, choice or choose())


def open_socket(address: str, ticket: str, *, origin: str | None = None, **options):
    host = urlsplit(address).netloc
    opening = connect(
        f"ws://{host}/live/socket",
        subprotocols=[PROTOCOL, ticket],
        origin=f"http://{host}" if origin is None else origin or None,
        open_timeout=60,
        close_timeout=20,
        compression=None,
        **options,
    )
    return opening.__enter__()


def read_line(seconds: float) -> Audio:
    """Singing as the socket has it, in 16 bits."""
    song = read_audio(ROOT / "examples" / "sung_line.flac").to_mono().slice(0, round(44_100 * seconds))
    return Audio(np.rint(song.resample(SAMPLE_RATE).samples * FULL_SCALE) / np.float32(FULL_SCALE), SAMPLE_RATE)


def begin(socket) -> None:
    """Send the first message and wait until the voice is loaded."""
    socket.send(json.dumps({"rate": SAMPLE_RATE}))
    assert json.loads(socket.recv(timeout=60)) == {"ready": True}


def sing(socket, song: Audio, start_seconds: float = 0.0) -> tuple[np.ndarray, list[float], list[dict]]:
    """Sing to the end and stop: what comes back as samples, the capture time of each frame, and the reports."""
    samples, times, reports = [], [], []

    def receive(timeout: float) -> None:
        message = socket.recv(timeout=timeout)
        if isinstance(message, str):
            reports.append(json.loads(message))
            return
        assert (len(message) - HEADER.size) % 2 == 0
        block, captured = decode_frame(message)
        samples.append(block[0])
        times.append(captured)

    for at in range(0, song.frames, BLOCK):
        socket.send(encode_frame(song.slice(at, at + BLOCK).samples, start_seconds + at / SAMPLE_RATE))
        while at / SAMPLE_RATE - sum(map(len, samples)) / SAMPLE_RATE > MAX_AHEAD_SECONDS:
            receive(60)
    socket.send(json.dumps({"stop": True}))
    while True:
        try:
            receive(60)
        except ConnectionClosed:
            return np.concatenate(samples or [np.zeros(0, np.float32)]), times, reports


def read_error(socket) -> str:
    """The sentence with which the server ends a conversation."""
    error = ""
    while True:
        try:
            message = socket.recv(timeout=60)
        except ConnectionClosed:
            return error
        if isinstance(message, str):
            error = json.loads(message).get("error", error)


def wait_until_free(seconds: float = 30.0) -> None:
    """Until nobody sings."""
    end = time.monotonic() + seconds
    while get_live_sessions().list_sessions():
        assert time.monotonic() < end, "a place was not given back"
        time.sleep(0.02)
