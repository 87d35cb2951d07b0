"""The server of the tests of live singing."""

import socket

import pytest
from ui.live.singer import wait_until_free

from vc_core.ui.suite import build_suite, launch


@pytest.fixture(scope="module")
def address():
    suite = build_suite(["voices"])
    address = launch(suite)
    (listener,) = suite.server.servers[0].sockets
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)  # soon full if nobody reads
    yield address
    suite.close()


@pytest.fixture(autouse=True)
def free_places():
    yield
    wait_until_free()
