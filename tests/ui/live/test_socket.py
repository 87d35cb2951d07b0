"""Real sockets on this machine: singers, and clients that vanish, flood, send garbage or come by the hundred."""

import json
import socket as sockets
import struct
import time
from contextlib import suppress
from urllib.parse import urlsplit

import numpy as np
import pytest
from measures import snr_db
from ui.live.singer import (
    BLOCK,
    SAMPLE_RATE,
    begin,
    choose,
    issue_ticket,
    open_socket,
    read_error,
    read_line,
    sing,
    wait_until_free,
)
from websockets.exceptions import ConnectionClosed, InvalidStatus

from vc_core.conversion import load_converter
from vc_core.conversion.live import LiveSettings, open_live
from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.ui.live import admission
from vc_core.ui.live import socket as live_socket
from vc_core.ui.live.admission import MAX_SINGERS, get_live_sessions
from vc_core.ui.live.frames import HEADER, encode_frame
from vc_core.ui.live.routes import MAX_MESSAGE_BYTES
from vc_core.ui.live.session import LiveConverter

SILENCE = np.zeros((1, BLOCK), np.float32)


def convert_directly(song, voice="Clara"):
    choice = choose(voice)
    settings = LiveSettings(sample_rate=SAMPLE_RATE, look_ahead_seconds=choice.look_ahead_seconds)
    stream = open_live(load_converter(choice.voice), settings=settings)
    return np.clip(np.concatenate([block.samples[0] for block in [*stream.feed(song), *stream.finish()]]), -1, 1)


def test_the_song_comes_back_in_the_voice_with_its_capture_times(address):
    song = read_line(1.5)
    with open_socket(address, issue_ticket()) as socket:
        begin(socket)
        samples, times, reports = sing(socket, song, start_seconds=7.0)
    assert len(samples) == song.frames
    assert snr_db(convert_directly(song), samples) > 50  # 16 bits
    assert times[0] == 7.0
    assert np.all(np.diff(times) > 0)
    assert times[-1] < 7.0 + song.seconds
    assert not any("error" in report for report in reports)


def test_four_singers_each_hear_their_own_voice(address):
    song, names = read_line(0.6), ["Clara", "Max", "Annie", "Leo"][:MAX_SINGERS]
    opened = [open_socket(address, issue_ticket(name, choice=choose(name))) for name in names]
    for socket in opened:
        begin(socket)
    assert len(get_live_sessions().list_sessions()) == len(names)
    for name, socket in zip(names, opened, strict=True):
        assert snr_db(convert_directly(song, name), sing(socket, song)[0]) > 50


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""], ids=["another site", "a file", "none"])
def test_pages_of_other_sites_are_refused(address, origin):
    with pytest.raises(InvalidStatus, match="403"):
        open_socket(address, issue_ticket(), origin=origin)


@pytest.mark.parametrize(
    ("header", "environment"),
    [({"X-Forwarded-Host": "studio.example"}, ""), ({}, "https://studio.example/voices")],
    ids=["by its header", "by the root path"],
)
def test_a_proxy_states_the_public_address(address, monkeypatch, header, environment):
    monkeypatch.setenv("GRADIO_ROOT_PATH", environment)
    ticket = issue_ticket()
    with open_socket(address, ticket, origin="https://studio.example", additional_headers=header) as socket:
        begin(socket)


def test_a_ticket_is_needed_and_good_for_one_socket(address, monkeypatch):
    ticket = issue_ticket()
    open_socket(address, ticket).close()
    wait_until_free()
    monkeypatch.setattr(admission, "TICKET_SECONDS", -1)
    for other in (ticket, "nonsense", issue_ticket()):
        with pytest.raises(InvalidStatus, match="403"):
            open_socket(address, other)


def test_a_hundred_sockets_without_a_ticket_harm_nobody(address):
    song = read_line(0.5)
    with open_socket(address, issue_ticket()) as singer:
        begin(singer)
        for _ in range(100):
            with pytest.raises(InvalidStatus, match="403"):
                open_socket(address, "x")
        assert snr_db(convert_directly(song), sing(singer, song)[0]) > 50


def test_a_hundred_sockets_with_tickets_find_the_server_busy(address):
    tickets = [issue_ticket(f"session {number}") for number in range(100)]
    opened = [open_socket(address, ticket) for ticket in tickets]
    for socket in opened[MAX_SINGERS:]:
        assert f"{MAX_SINGERS} people are singing live" in read_error(socket)
    assert len(get_live_sessions().list_sessions()) == MAX_SINGERS
    with pytest.raises(Exception, match="people are singing live"):
        issue_ticket("late")
    for socket in opened:
        socket.close()


def test_a_session_sings_once_at_a_time(address):
    first, second = issue_ticket(), issue_ticket()
    with open_socket(address, first) as socket:
        begin(socket)
        assert read_error(open_socket(address, second)) == "You are singing live already. Stop there first."


@pytest.mark.parametrize(
    "message",
    [
        b"",
        HEADER.pack(0.0),
        encode_frame(SILENCE, 0.0)[:-1],
        encode_frame(SILENCE, float("nan")),
        b"\xff" * 9_001,
        "",
        "[1, 2]",
        "nonsense",
        "[" * 190,
        json.dumps({"ping": "x" * 1000}),
    ],
    ids=["empty", "no sound", "half a sample", "no time", "noise", "no text", "a list", "no JSON", "nested", "long"],
)
def test_garbage_is_answered_by_a_sentence(address, message):
    with open_socket(address, issue_ticket(language="ko")) as socket:
        begin(socket)
        socket.send(message)
        assert read_error(socket) == "마이크에서 받은 데이터가 소리가 아닙니다. 다시 시작하세요."


@pytest.mark.parametrize("rate", [0, 7_999, 48_050, 10**9, 44_100.5, "48000", None, True])
def test_an_impossible_sample_rate_is_refused(address, rate):
    with open_socket(address, issue_ticket()) as socket:
        socket.send(json.dumps({"rate": rate}))
        assert "not sound" in read_error(socket)


def test_a_message_beyond_the_limit_closes_the_socket(address):
    with open_socket(address, issue_ticket()) as socket:
        begin(socket)
        with pytest.raises(ConnectionClosed):
            for _ in range(100):
                socket.send(b"\0" * (MAX_MESSAGE_BYTES + 1))
                socket.recv(timeout=5)
        assert socket.close_code == 1009


def test_a_flood_is_ended(address):
    with open_socket(address, issue_ticket()) as socket:
        begin(socket)
        with suppress(ConnectionClosed):
            for at in range(1_000):
                socket.send(encode_frame(SILENCE, at * BLOCK / SAMPLE_RATE))
        assert "More sound arrived" in read_error(socket)


def test_who_vanishes_gives_the_place_back(address):
    socket = open_socket(address, issue_ticket())
    begin(socket)
    socket.send(encode_frame(SILENCE, 0.0))
    # Closed without a goodbye: the other side gets a reset.
    socket.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket.close()
    wait_until_free(10)


def test_who_says_nothing_gives_the_place_back(address, monkeypatch):
    monkeypatch.setattr(live_socket, "HELLO_SECONDS", 0.3)
    open_socket(address, issue_ticket())
    wait_until_free(10)
    monkeypatch.setattr(live_socket, "HELLO_SECONDS", 60)
    monkeypatch.setattr(live_socket, "SILENT_SECONDS", 0.3)
    with open_socket(address, issue_ticket()) as socket:
        begin(socket)
        socket.send(encode_frame(SILENCE, 0.0))
        assert "No sound arrives" in read_error(socket)


def test_who_does_not_read_is_ended(address, monkeypatch):
    monkeypatch.setattr(live_socket, "STALLED_SECONDS", 0.5)
    monkeypatch.setattr(live_socket.Meter, "MAX_MESSAGES_PER_SECOND", 1e9)
    host, port = urlsplit(address).hostname, urlsplit(address).port
    with sockets.socket() as client:
        client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        client.connect((host, port))
        client.sendall(
            f"GET /live/socket HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\n"
            f"Sec-WebSocket-Protocol: {live_socket.PROTOCOL}, {issue_ticket()}\r\n\r\n".encode()
        )
        assert b" 101 " in client.recv(1000)
        client.sendall(mask_text({"rate": SAMPLE_RATE}))
        unsent, end = b"", time.monotonic() + 60
        client.setblocking(False)
        while get_live_sessions().list_sessions() and time.monotonic() < end:
            unsent = unsent or 100 * mask_text({"ping": "x" * 180})
            with suppress(BlockingIOError):
                unsent = unsent[client.send(unsent) :]
        wait_until_free(1)


def mask_text(message) -> bytes:
    """A frame as clients send it, masked by zeros."""
    text = json.dumps(message).encode()
    return b"\x81" + struct.pack("!BHI", 0x80 | 126, len(text), 0) + text


def test_a_session_has_an_end(address, monkeypatch):
    monkeypatch.setattr(live_socket, "limit_seconds", lambda: 0.6)
    with open_socket(address, issue_ticket()) as socket:
        socket.send(json.dumps({"rate": SAMPLE_RATE}))
        assert read_error(socket) == "The 0.01 minutes of a session are over. Start again."


def test_a_failure_of_the_engine_is_a_sentence(address, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(LiveConverter, "feed", fail)
    with open_socket(address, issue_ticket()) as socket:
        begin(socket)
        socket.send(encode_frame(SILENCE, 0.0))
        assert "Something went wrong" in read_error(socket)


def test_what_is_sung_is_recorded_only_when_asked_and_marked_as_generated(address):
    song = read_line(0.8)
    for session, is_recorded in (("ann", True), ("ben", False)):
        with open_socket(address, issue_ticket(session)) as socket:
            begin(socket)
            socket.send(json.dumps({"record": is_recorded}))
            samples, *_ = sing(socket, song)
        path = get_live_sessions().take_recording(session)
        assert (path is not None) == is_recorded
        if path:
            assert read_audio(path).frames == len(samples)
            provenance = read_origin(path).provenance
            assert (provenance.task, provenance.voice, provenance.engine) == ("live", "Clara", "instant")
    assert get_live_sessions().take_recording("ann") is None


def test_what_was_recorded_is_there_after_the_connection_broke(address):
    socket = open_socket(address, issue_ticket())
    begin(socket)
    socket.send(json.dumps({"record": True}))
    for at in range(20):
        socket.send(encode_frame(read_line(0.4).slice(at * BLOCK, (at + 1) * BLOCK).samples, at / 50))
    while isinstance(socket.recv(timeout=60), str):
        pass
    socket.socket.close()
    wait_until_free()
    end = time.monotonic() + 20
    while (path := get_live_sessions().take_recording("ann")) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert read_audio(path).frames > 0
