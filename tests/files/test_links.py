"""Downloading audio from links, and SSRF protection: redirects, DNS rebinding, disguised addresses, path traversal.

The server is a real one on this machine. Its address is private, so the tests' rule also allows that address and port;
all other checks are the default ones.
"""

import ipaddress
import socket
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import ROOT

from vc_core.errors import UserError
from vc_core.files.links import LinkRules, fetch_audio, is_public
from vc_core.files.reading import Limits
from vc_core.progress import Cancelled

SONG = ROOT / "examples" / "spoken_line.flac"


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, str]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        content, content_type, extra_headers, status = SONG.read_bytes(), "audio/flac", {}, 200
        port = self.server.server_port
        match self.path.split("?")[0]:
            case "/page":
                content, content_type = b"<html>", "text/html; charset=utf-8"
            case "/lie.flac":
                content = b"<html>no sound at all</html>" * 50
            case "/gone.flac":
                status = 404
            case "/packed.flac":
                extra_headers = {"Content-Encoding": "gzip"}
            case "/large.flac":
                extra_headers = {"Content-Length": "99999999999"}
            case "/endless.flac":
                extra_headers, content = {"Content-Length": ""}, content * 50
            case "/moved":
                status, extra_headers = 302, {"Location": f"http://songs.test:{port}/a%20song.flac?x=1"}
            case "/inwards":
                status, extra_headers = 302, {"Location": f"http://127.0.0.1:{port + 1}/secret"}
            case "/to-the-cloud":
                status, extra_headers = 302, {"Location": "http://169.254.169.254/latest/meta-data"}
            case "/to-a-file":
                status, extra_headers = 302, {"Location": "file:///etc/passwd"}
            case "/round":
                status, extra_headers = 302, {"Location": "/round"}
        self.send_response(status)
        for name, value in (
            {"Content-Type": content_type, "Content-Length": str(len(content))} | extra_headers
        ).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """No test may connect to another machine, whatever the rules allow."""

    class LoopbackSocket(socket.socket):
        def connect_ex(self, address):
            assert ipaddress.ip_address(address[0]).is_loopback, address
            return super().connect_ex(address)

    monkeypatch.setattr("vc_core.files.bounded_connection.socket.socket", LoopbackSocket)


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.shutdown()


@pytest.fixture
def rules(server):
    def may_connect(address, port):
        return (str(address), port) == ("127.0.0.1", server.server_port) or is_public(address, port)

    return LinkRules(may_connect=may_connect, resolve=lambda host, port: ["127.0.0.1"])


@pytest.fixture
def fetch(server, rules, tmp_path):
    return lambda path, rules=rules: fetch_audio(f"http://songs.test:{server.server_port}{path}", tmp_path, rules)


def test_audio_is_downloaded_under_its_own_name(fetch, server):
    file = fetch("/my%20song.flac")
    assert file.path.name == "my-song.flac"
    assert file.path.read_bytes() == SONG.read_bytes()
    path, headers = server.requests[-1]
    assert headers["Host"] == f"songs.test:{server.server_port}"  # the name, though the connection goes to an address
    assert path == "/my%20song.flac"


def test_redirect_is_followed(fetch):
    assert fetch("/moved").path.name == "a-song.flac"


@pytest.mark.parametrize("name", ["/..%2F..%2Fetc%2Fpasswd", "/%00%0a", "/", "/" + "x" * 300 + ".flac", "/.htaccess"])
def test_file_names_have_no_path_traversal(fetch, name, tmp_path):
    path = fetch(name).path
    assert path.parent == tmp_path
    assert not path.name.startswith(".")
    assert len(path.name) <= 80


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/page", "leads to no file that can be used"),
        ("/lie.flac", "not a sound file"),
        ("/gone.flac", "status 404"),
        ("/packed.flac", "packs its files"),
        ("/large.flac", "larger than"),
        ("/inwards", "private network"),
        ("/to-the-cloud", "private network"),
        ("/to-a-file", "begin with http"),
        ("/round", "too many times"),
    ],
)
def test_other_content_and_private_redirects_are_refused(fetch, path, message, rules, tmp_path):
    modified = LinkRules(may_connect=rules.may_connect, resolve=lambda host, port: [rules.resolve(host, port)[0]])
    if path == "/to-the-cloud":
        modified = LinkRules(
            may_connect=rules.may_connect,
            resolve=lambda host, port: [host if host.startswith("169") else "127.0.0.1"],
        )
    with pytest.raises(UserError, match=message):
        fetch(path, modified)
    assert list(tmp_path.iterdir()) == []


def test_size_limit_applies_without_content_length(fetch, rules, tmp_path):
    small = LinkRules(Limits(gigabytes=SONG.stat().st_size * 3 / 1e9), 60, rules.may_connect, rules.resolve)
    with pytest.raises(UserError, match="larger than"):
        fetch("/endless.flac", small)
    assert list(tmp_path.iterdir()) == []


def test_time_limit_applies_to_slow_servers(fetch, rules):
    with pytest.raises(UserError, match="too slow"):
        fetch("/x.flac", LinkRules(Limits(), 0.0, rules.may_connect, rules.resolve))


OK = b"HTTP/1.1 200 OK\r\nContent-Type: audio/flac\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "headers": (OK, b"X-Header: x\r\n"),
    "one header": (OK + b"X-Header: ", b"x"),
    "interim responses": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "body": (OK + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "chunk extensions": (CHUNKED + b"1;a=", b"b"),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X-Trailer: x\r\n"),
    "nothing": (b"", b""),
}


@pytest.fixture
def raw_server():
    """A function that starts a server which sends the first bytes, and then the others again and again."""
    servers = []

    def start(first: bytes, repeated: bytes, pause: float) -> str:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    self.request.recv(65536)
                    self.request.sendall(first)
                    while True:
                        self.request.sendall(repeated)
                        time.sleep(pause)
                except OSError:
                    pass

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://songs.test:{server.server_address[1]}/x.flac"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def loopback_rules(**limits) -> LinkRules:
    return LinkRules(
        may_connect=lambda address, port: address.is_loopback, resolve=lambda host, port: ["127.0.0.1"], **limits
    )


@pytest.mark.parametrize("kind", DRIPS)
def test_one_deadline_covers_the_whole_exchange(raw_server, kind, tmp_path):
    link = raw_server(*DRIPS[kind], pause=0.02)
    start = time.monotonic()
    with pytest.raises(UserError, match="too slow"):
        fetch_audio(link, tmp_path, loopback_rules(max_seconds=0.6))
    assert time.monotonic() - start < 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", DRIPS)
def test_a_stop_ends_the_download_within_seconds(raw_server, kind, tmp_path):
    link = raw_server(*DRIPS[kind], pause=0.02)
    start = time.monotonic()

    def progress(fraction, message):
        if time.monotonic() - start > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch_audio(link, tmp_path, loopback_rules(), progress=progress)
    assert time.monotonic() - start < 3
    assert list(tmp_path.iterdir()) == []


def test_headers_have_a_deadline_of_their_own(raw_server, tmp_path):
    link = raw_server(*DRIPS["headers"], pause=0.02)
    with pytest.raises(UserError, match="too slow"):
        fetch_audio(link, tmp_path, loopback_rules(max_header_seconds=0.5))


@pytest.mark.parametrize("kind", ["headers", "one header", "interim responses"])
def test_header_bytes_are_limited(raw_server, kind, tmp_path):
    first, repeated = DRIPS[kind]
    link = raw_server(first, repeated * 500, pause=0)
    with pytest.raises(UserError, match="can't be reached, or broke off"):
        fetch_audio(link, tmp_path, loopback_rules())


@pytest.mark.parametrize("repeated", [b"1;a=" + b"b" * 5000 + b"\r\nx\r\n", b"1000\r\n" + b"x" * 0x1000 + b"\r\n"])
def test_chunk_extensions_count_towards_the_size_limit(raw_server, repeated, tmp_path):
    link = raw_server(CHUNKED, repeated * 20, pause=0)
    with pytest.raises(UserError, match="larger than"):
        fetch_audio(link, tmp_path, loopback_rules(limits=Limits(gigabytes=0.001)))
    assert list(tmp_path.iterdir()) == []


def test_slow_name_resolution_ends_with_the_deadline(tmp_path):
    resolved = threading.Event()

    def resolve(host, port):
        resolved.wait(10)
        return ["127.0.0.1"]

    with pytest.raises(UserError, match="too slow"):
        fetch_audio("http://songs.test/x.flac", tmp_path, LinkRules(max_seconds=0.3, resolve=resolve))
    resolved.set()


def test_a_tls_handshake_ends_with_the_deadline(raw_server, tmp_path):
    link = raw_server(b"\x16\x03\x03\x40\x00", b"\x00", pause=0.02).replace("http:", "https:")
    with pytest.raises(UserError, match="too slow"):
        fetch_audio(link, tmp_path, loopback_rules(max_seconds=0.6))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00" * 100,
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_malformed_answers_are_refused(answer, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            for _ in range(8):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(UserError):
            fetch_audio(f"http://songs.test:{listener.getsockname()[1]}/x.flac", tmp_path, loopback_rules())
    assert list(tmp_path.iterdir()) == []


def test_dns_rebinding_has_no_effect(fetch, server, rules):
    """The checked address is the one connected to: the name is resolved only once."""
    resolved = []

    def resolve(host, port):
        resolved.append(host)
        return ["127.0.0.1"] if len(resolved) == 1 else ["10.0.0.1"]

    assert fetch("/x.flac", LinkRules(may_connect=rules.may_connect, resolve=resolve)).path.is_file()
    assert resolved == ["songs.test"]


def test_one_private_address_among_public_ones_is_refused(fetch, rules):
    mixed = LinkRules(may_connect=rules.may_connect, resolve=lambda host, port: ["127.0.0.1", "10.0.0.7"])
    with pytest.raises(UserError, match="private network"):
        fetch("/x.flac", mixed)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"]
)
def test_disguised_loopback_addresses_are_refused(host, tmp_path):
    """With the default rules."""
    with pytest.raises(UserError, match="private network|no server|not a link"):
        fetch_audio(f"http://{host}/x.flac", tmp_path)


@pytest.mark.parametrize("link", ["", "song.mp3", "ftp://a.org/x", "file:///etc/passwd", "http://", "http://a@b.org/x"])
def test_invalid_links_are_refused(link, tmp_path):
    with pytest.raises(UserError):
        fetch_audio(link, tmp_path)


PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("255.255.255.255", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1"),
    *("64:ff9b::a00:1", "2002:a00:1::", "2002:7f00:1::"),
    # Embedded IPv4: Teredo (server and client), NAT64 into special networks, local NAT64, compatible, translated.
    *("2001:0:a00:1::f5ff:fffe", "2001:0:5db8:d822::f5ff:fffe", "64:ff9b::7f00:1", "64:ff9b::c000:9"),
    *("64:ff9b:1::5db8:d822", "64:ff9b:1:ffff:ffff:ffff:5db8:d822", "::93.184.216.34", "::ffff:0:93.184.216.34"),
    # Site-local, and networks that are not for hosts.
    *("fec0::1", "feff::1", "192.0.0.9", "192.0.0.170", "192.88.99.1", "::ffff:192.88.99.1", "2002:c058:6301::1"),
    *("5f00::1", "3fff::1", "4000::1", "100::1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address):
    assert not is_public(ipaddress.ip_address(address), 443)


def test_public_addresses_are_allowed_on_web_ports_only():
    for address in (
        "93.184.216.34",
        "2606:2800:220:1:248:1893:25c8:1946",
        "::ffff:93.184.216.34",
        "64:ff9b::5db8:d822",
    ):
        assert is_public(ipaddress.ip_address(address), 443)
        assert not is_public(ipaddress.ip_address(address), 22)
