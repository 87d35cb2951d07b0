"""The WebSocket of live singing: handshake, limits, and the two directions of sound. Its client is untrusted."""

import asyncio
import json
import os
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.websockets import WebSocket, WebSocketDisconnect

from vc_core.audio import HIGHEST_SAMPLE_RATE, LOWEST_SAMPLE_RATE
from vc_core.errors import Message, UserError
from vc_core.ui.live.admission import Ticket, get_live_sessions, limit_seconds
from vc_core.ui.live.frames import decode_frame, make_no_sound_error
from vc_core.ui.live.recording import Recording
from vc_core.ui.live.session import LiveSession, Report
from vc_core.ui.server.sessions import create_results_folder
from vc_core.ui.words import translate_message

PROTOCOL = "voice-studio-live"
"""The subprotocol; a second one is the ticket, which in the URL would be in the log of each proxy."""
HELLO_SECONDS, FIRST_SOUND_SECONDS, SILENT_SECONDS, STALLED_SECONDS = 10.0, 60.0, 10.0, 10.0
"""Longest waits: for the first message, for the first and the next sound, for a client that doesn't read."""
MAX_MESSAGES = 64
"""That wait for a client which reads too slowly: about a second of sound. The oldest are dropped."""
MAX_TEXT_LENGTH = 200
SAMPLE_RATE_STEP = 100
"""The instant engine renders at multiples of it."""


class Outbox:
    """Messages from the worker thread to the socket, on whose event loop it is created."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._messages: asyncio.Queue[bytes | Report | None] = asyncio.Queue(MAX_MESSAGES)

    def put(self, message: bytes | Report | None) -> None:
        with suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(self._offer, message)

    async def get(self) -> bytes | Report | None:
        return await self._messages.get()

    def _offer(self, message: bytes | Report | None) -> None:
        if self._messages.full():
            self._messages.get_nowait()
        self._messages.put_nowait(message)


class Meter:
    """Ends a client that sends more than anyone can sing."""

    MAX_MESSAGES_PER_SECOND, MAX_AHEAD_SECONDS = 500, 2.0

    def __init__(self) -> None:
        self._start, self._messages, self._sound_seconds = time.monotonic(), 0, 0.0

    def count(self, sound_seconds: float) -> None:
        self._messages += 1
        self._sound_seconds += sound_seconds
        elapsed = time.monotonic() - self._start + self.MAX_AHEAD_SECONDS
        if self._sound_seconds > 1.01 * elapsed or self._messages > self.MAX_MESSAGES_PER_SECOND * elapsed:
            raise UserError("More sound arrived than can be sung in that time. Start again.")


async def serve_live(websocket: WebSocket) -> None:
    """The endpoint. Refusals before `accept` are HTTP 403; later ones are a sentence."""
    offered: list[str] = websocket.scope["subprotocols"]
    ticket = get_live_sessions().redeem(offered[-1]) if offered and is_same_origin(websocket.headers) else None
    if ticket is None:
        await websocket.close()
        return
    await websocket.accept(subprotocol=PROTOCOL)
    conversation = Conversation(websocket, ticket)
    with suppress(WebSocketDisconnect, TimeoutError, RuntimeError):  # the client has gone
        try:
            await conversation.run()
        except UserError as error:
            await conversation.send({"error": conversation.describe(error)})
        await websocket.close()


def is_same_origin(headers: Headers) -> bool:
    """Whether a page of this server opens the socket: browsers let the pages of all sites open sockets to any."""
    hosts = [headers.get("host", ""), *headers.get("x-forwarded-host", "").split(",")]
    hosts.append(urlsplit(os.environ.get("GRADIO_ROOT_PATH", "")).netloc)
    origin = urlsplit(headers.get("origin", "")).netloc.lower()
    return bool(origin) and origin in {host.strip().lower() for host in hosts}


class Conversation:
    """With one client, from its first message to the end."""

    def __init__(self, websocket: WebSocket, ticket: Ticket) -> None:
        self._websocket, self._ticket, self._outbox = websocket, ticket, Outbox()
        self._session = LiveSession(ticket.choice, self._emit, self.describe)
        self._meter = Meter()
        self._sample_rate = 0

    def describe(self, message: Message) -> str:
        return translate_message(self._ticket.language, message)

    async def run(self) -> None:
        sessions = get_live_sessions()
        sessions.admit(self._ticket, self._session)
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                self._sample_rate = _read_sample_rate(await self._receive())
        except BaseException:
            sessions.release(self._ticket)
            raise
        self._session.start(self._sample_rate)  # from here on the session releases its place itself
        try:
            await self._sing()
        finally:
            self._session.stop(discard=True)
            if self._session.recording:
                await asyncio.shield(asyncio.to_thread(self._save, self._session.recording))

    def _emit(self, message: bytes | Report | None) -> None:
        if message is None:
            get_live_sessions().release(self._ticket)
        self._outbox.put(message)

    async def _sing(self) -> None:
        listening = asyncio.create_task(self._listen())
        sending = asyncio.create_task(self._send_all())
        try:
            done, _ = await asyncio.wait(
                {listening, sending}, timeout=limit_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise UserError(
                    "The {minutes:g} minutes of a session are over. Start again.", minutes=limit_seconds() / 60
                )
            if listening in done:
                await listening
                self._session.stop()
            await sending
        finally:
            listening.cancel()
            sending.cancel()

    async def _listen(self) -> None:
        """Until the client stops."""
        deadline = time.monotonic() + FIRST_SOUND_SECONDS
        while True:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    message = await self._receive()
            except TimeoutError:
                raise UserError("No sound arrives from your microphone. Start again.") from None
            if isinstance(message, bytes):
                samples, captured_seconds = decode_frame(message)
                self._meter.count(samples.shape[1] / self._sample_rate)
                self._session.feed(samples, captured_seconds)
                deadline = time.monotonic() + SILENT_SECONDS
                continue
            self._meter.count(0.0)
            if "stop" in message:
                return
            if "ping" in message:
                self._outbox.put({"pong": message["ping"]})
            if "record" in message:
                self._session.recording = self._session.recording or Recording()
                self._session.recording.is_paused = not message["record"]

    async def _receive(self) -> bytes | dict[str, Any]:
        """The next frame of sound, or a message."""
        await asyncio.sleep(0)  # what has arrived is received at once, so a flood would hold up the event loop
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1000))
        if (sound := event.get("bytes")) is not None:
            return bytes(sound)
        text = event.get("text") or ""
        try:
            message = json.loads(text) if len(text) <= MAX_TEXT_LENGTH else None
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise make_no_sound_error()
        return message

    async def _send_all(self) -> None:
        while (message := await self._outbox.get()) is not None:
            await self.send(message)

    async def send(self, message: bytes | Report) -> None:
        async with asyncio.timeout(STALLED_SECONDS):
            if isinstance(message, bytes):
                await self._websocket.send_bytes(message)
            else:
                await self._websocket.send_text(json.dumps(message))

    def _save(self, recording: Recording) -> None:
        path = create_results_folder() / "live.flac"
        if recording.save(path):
            get_live_sessions().add_recording(self._ticket.session, path)


def _read_sample_rate(message: bytes | dict[str, Any]) -> int:
    rate = message.get("rate") if isinstance(message, dict) else None
    if type(rate) is not int or not LOWEST_SAMPLE_RATE <= rate <= HIGHEST_SAMPLE_RATE or rate % SAMPLE_RATE_STEP:
        raise make_no_sound_error()
    return rate
