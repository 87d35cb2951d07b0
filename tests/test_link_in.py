"""Sound comes in from links, and no link is a way into a private network: not by redirect, name or disguise.

The server is a real one on this machine. Its address is private, so the rule that the tests give allows that one port
of that one address, and nothing else; all other checks are those of the pages.
"""

import ipaddress
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import ROOT

from vc_core.errors import UserError
from vc_core.link_in import LinkRules, fetch_sound, is_public
from vc_core.reading import Limits

SONG = ROOT / "examples" / "spoken_line.flac"


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[tuple[str, dict[str, str]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answers(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        content, kind, more, status = SONG.read_bytes(), "audio/flac", {}, 200
        port = self.server.server_port
        match self.path.split("?")[0]:
            case "/page":
                content, kind = b"<html>", "text/html; charset=utf-8"
            case "/lie.flac":
                content = b"<html>no sound at all</html>" * 50
            case "/gone.flac":
                status = 404
            case "/packed.flac":
                more = {"Content-Encoding": "gzip"}
            case "/large.flac":
                more = {"Content-Length": "99999999999"}
            case "/endless.flac":
                more, content = {"Content-Length": ""}, content * 50
            case "/moved":
                status, more = 302, {"Location": f"http://songs.test:{port}/a%20song.flac?x=1"}
            case "/inwards":
                status, more = 302, {"Location": f"http://127.0.0.1:{port + 1}/secret"}
            case "/to-the-cloud":
                status, more = 302, {"Location": "http://169.254.169.254/latest/meta-data"}
            case "/to-a-file":
                status, more = 302, {"Location": "file:///etc/passwd"}
            case "/round":
                status, more = 302, {"Location": "/round"}
        self.send_response(status)
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(content))} | more).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.shutdown()


@pytest.fixture
def rules(server):
    def may_connect(address, port):
        return (str(address), port) == ("127.0.0.1", server.server_port) or is_public(address, port)

    return LinkRules(may_connect=may_connect, look_up=lambda host, port: ["127.0.0.1"])


@pytest.fixture
def fetch(server, rules, tmp_path):
    return lambda path, rules=rules: fetch_sound(f"http://songs.test:{server.server_port}{path}", tmp_path, rules)


def test_a_sound_is_fetched_whole_under_its_own_name(fetch, server):
    file = fetch("/my%20song.flac")
    assert file.path.name == "my-song.flac"
    assert file.path.read_bytes() == SONG.read_bytes()
    asked, headers = server.asked[-1]
    assert headers["Host"] == f"songs.test:{server.server_port}"  # the name, though the connection goes to an address
    assert asked == "/my%20song.flac"


def test_a_redirect_is_followed(fetch):
    assert fetch("/moved").path.name == "a-song.flac"


@pytest.mark.parametrize("name", ["/..%2F..%2Fetc%2Fpasswd", "/%00%0a", "/", "/" + "x" * 300 + ".flac", "/.htaccess"])
def test_no_name_leads_out_of_the_folder(fetch, name, tmp_path):
    path = fetch(name).path
    assert path.parent == tmp_path
    assert not path.name.startswith(".")
    assert len(path.name) <= 80


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/page", "leads to no sound file"),
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
def test_what_is_not_a_public_sound_is_refused_and_nothing_is_left(fetch, path, sentence, rules, tmp_path):
    by_address = LinkRules(may_connect=rules.may_connect, look_up=lambda host, port: [rules.look_up(host, port)[0]])
    if path == "/to-the-cloud":
        by_address = LinkRules(
            may_connect=rules.may_connect,
            look_up=lambda host, port: [host if host.startswith("169") else "127.0.0.1"],
        )
    with pytest.raises(UserError, match=sentence):
        fetch(path, by_address)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_does_not_tell_its_size_is_cut_off_at_the_limit(fetch, rules, tmp_path):
    small = LinkRules(Limits(gigabytes=SONG.stat().st_size * 3 / 1e9), 60, rules.may_connect, rules.look_up)
    with pytest.raises(UserError, match="larger than"):
        fetch("/endless.flac", small)
    assert list(tmp_path.iterdir()) == []


def test_a_slow_server_is_left(fetch, rules):
    with pytest.raises(UserError, match="too slow"):
        fetch("/x.flac", LinkRules(Limits(), 0.0, rules.may_connect, rules.look_up))


def test_a_name_that_points_elsewhere_a_moment_later_changes_nothing(fetch, server, rules):
    """The rebinding attack: what was checked must be what is connected to, so one look-up is all there is."""
    asked = []

    def look_up(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    assert fetch("/x.flac", LinkRules(may_connect=rules.may_connect, look_up=look_up)).path.is_file()
    assert asked == ["songs.test"]


def test_one_private_address_among_public_ones_is_enough_to_refuse(fetch, rules):
    mixed = LinkRules(may_connect=rules.may_connect, look_up=lambda host, port: ["127.0.0.1", "10.0.0.7"])
    with pytest.raises(UserError, match="private network"):
        fetch("/x.flac", mixed)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"]
)
def test_this_machine_is_refused_in_every_disguise(host, tmp_path):
    """With the rule and the look-up of the pages."""
    with pytest.raises(UserError, match="private network|no server|not a link"):
        fetch_sound(f"http://{host}/x.flac", tmp_path)


@pytest.mark.parametrize("link", ["", "song.mp3", "ftp://a.org/x", "file:///etc/passwd", "http://", "http://a@b.org/x"])
def test_other_links_are_refused(link, tmp_path):
    with pytest.raises(UserError):
        fetch_sound(link, tmp_path)


PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("255.255.255.255", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1"),
    *("64:ff9b::a00:1", "2002:a00:1::", "2002:7f00:1::"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_private(address):
    assert not is_public(ipaddress.ip_address(address), 443)


def test_public_addresses_are_public_on_the_ports_of_the_web():
    for address in (
        "93.184.216.34",
        "2606:2800:220:1:248:1893:25c8:1946",
        "::ffff:93.184.216.34",
        "64:ff9b::5db8:d822",
    ):
        assert is_public(ipaddress.ip_address(address), 443)
        assert not is_public(ipaddress.ip_address(address), 22)
