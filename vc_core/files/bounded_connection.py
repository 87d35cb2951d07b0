"""Network backend for httpcore with a deadline, a byte limit and cancellation for the whole exchange (slowloris)."""

import errno
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import httpcore2

POLL_SECONDS = 0.25
"""A deadline or a cancellation is noticed this soon."""

T = TypeVar("T")


class TransferTooSlowError(Exception):
    pass


class TransferTooLargeError(Exception):
    pass


@dataclass
class TransferBudget:
    """Limits of everything that is received, whatever the protocol calls it: headers, chunk extensions, trailers."""

    deadline: float
    """By `time.monotonic`."""
    bytes_left: int
    check_cancelled: Callable[[], None] = lambda: None

    def check_time(self) -> None:
        self.check_cancelled()
        if time.monotonic() > self.deadline:
            raise TransferTooSlowError

    def check_bytes(self) -> None:
        if self.bytes_left <= 0:
            raise TransferTooLargeError


def call_within(budget: TransferBudget, function: Callable[[], T]) -> T:
    """Call a function that can't be interrupted, such as name resolution, in a thread that is abandoned in time."""
    results: list[T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    while thread.is_alive():
        budget.check_time()
        thread.join(POLL_SECONDS)
    if errors:
        raise errors[0]
    return results[0]


class BoundedBackend(httpcore2.NetworkBackend):
    """Connects to numeric addresses only."""

    def __init__(self, budget: TransferBudget) -> None:
        self._budget = budget

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        with _raise_as(httpcore2.ConnectError):
            connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
            stream = BoundedStream(connection, self._budget)
            try:
                stream.connect((host, port), timeout)
            except BaseException:
                stream.close()
                raise
        return stream


class BoundedStream(httpcore2.NetworkStream):
    """A non-blocking socket, with or without TLS. `timeout` bounds a single operation, the budget all of them."""

    def __init__(self, connection: socket.socket, budget: TransferBudget) -> None:
        connection.setblocking(False)
        self._socket, self._budget = connection, budget

    def connect(self, address: tuple[str, int], timeout: float | None) -> None:
        self._budget.check_time()
        code = self._socket.connect_ex(address)
        if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
            end = _end_of(timeout)
            while not _is_ready(self._socket, selectors.EVENT_WRITE):
                self._check_time(end, httpcore2.ConnectTimeout)
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "the connection was not accepted")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._budget.check_bytes()
        with _raise_as(httpcore2.ReadError):
            received = self._retry(partial(self._socket.recv, max_bytes), selectors.EVENT_READ, timeout)
        self._budget.bytes_left -= len(received)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        with _raise_as(httpcore2.WriteError):
            while rest:
                sent = self._retry(partial(self._socket.send, rest), selectors.EVENT_WRITE, timeout)
                rest = rest[sent:]

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        with _raise_as(httpcore2.ConnectError):
            encrypted = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            stream = BoundedStream(encrypted, self._budget)
            try:
                stream._retry(encrypted.do_handshake, selectors.EVENT_READ, timeout)
            except BaseException:
                stream.close()
                raise
        return stream

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "socket" else None

    def _retry(self, operation: Callable[[], T], ready: int, timeout: float | None) -> T:
        """Repeat a non-blocking operation until it succeeds; `ready` is the event that it usually waits for."""
        end = _end_of(timeout)
        while True:
            self._check_time(end, httpcore2.ReadTimeout)
            try:
                return operation()
            except ssl.SSLWantReadError:
                _is_ready(self._socket, selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                _is_ready(self._socket, selectors.EVENT_WRITE)
            except BlockingIOError:
                _is_ready(self._socket, ready)

    def _check_time(self, end: float, error: type[Exception]) -> None:
        self._budget.check_time()
        if time.monotonic() > end:
            raise error("timed out")


def _end_of(timeout: float | None) -> float:
    return time.monotonic() + (float("inf") if timeout is None else timeout)


def _is_ready(connection: socket.socket, event: int) -> bool:
    """Wait for the event, but only for POLL_SECONDS."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, event)
        return bool(selector.select(POLL_SECONDS))


@contextmanager
def _raise_as(error: type[Exception]) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise error(str(cause)) from cause
