"""Download a file from a user's link without SSRF (server-side request forgery), with size and time limits.

One deadline covers everything from resolving the name to the last byte, and one limit all bytes that are received.

A host name is resolved once, all of its addresses must be public, and the connection goes to a checked address: DNS
rebinding has no effect. Each redirect is checked like the first link. Proxy environment variables are ignored, since a
proxy would resolve the name again.
"""

import ipaddress
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpcore2
import httpx2

from vc_core.errors import Message, UserError
from vc_core.files.bounded_connection import (
    BoundedBackend,
    TransferBudget,
    TransferTooLargeError,
    TransferTooSlowError,
    call_within,
)
from vc_core.files.reading import AudioFile, Limits, open_audio
from vc_core.progress import Progress, silent

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
ConnectionRule = Callable[[Address, int], bool]
"""Whether connecting to an address and a port is allowed."""
HostResolver = Callable[[str, int], list[str]]

PORTS = (80, 443, 8000, 8080, 8443)
MAX_REDIRECTS = 5
TIMEOUT_SECONDS = 15.0
"""Of a single read or write."""
HEADERS = [("Accept", "*/*"), ("Accept-Encoding", "identity"), ("User-Agent", "voice-studio"), ("Connection", "close")]
MAX_HEADER_BYTES = 65_536
"""Of one response, with all interim (1xx) responses before it."""
MAX_FRAMING = 1.1
"""How much larger than its content a transfer may be, by chunk headers."""
REDIRECTS = (301, 302, 303, 307, 308)
NAT64 = ipaddress.ip_network("64:ff9b::/96")
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""The rest of IPv6 is reserved, local, or a translation to an IPv4 network that nobody here can check."""
SPECIAL_NETWORKS = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""Protocol assignments, 6to4 relays and documentation, which `ipaddress` takes for global."""
AUDIO_CONTENT_TYPES = r"(audio|video)/.*|application/(octet-stream|ogg|x-flac|mp4)|binary/octet-stream|"
MAX_NAME_LENGTH = 80
LINK_LIMITS = Limits(gigabytes=0.5)


def is_public(address: Address, port: int) -> bool:
    """Not private, local or multicast, including IPv4 addresses embedded in IPv6 (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, ipaddress.IPv6Address):
        embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            embedded.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(each is not None and not is_public(each, port) for each in embedded):
            return False
        if address.ipv4_mapped is None and address not in NAT64 and address not in GLOBAL_UNICAST:
            return False
    if any(address in network for network in SPECIAL_NETWORKS):
        return False
    return port in PORTS and address.is_global and not address.is_multicast


def resolve_host(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class LinkRules:
    limits: Limits = LINK_LIMITS
    max_seconds: float = 300.0
    may_connect: ConnectionRule = is_public
    resolve: HostResolver = resolve_host
    max_header_seconds: float = 30.0
    """From resolving the name to the end of the last response's headers."""
    content_types: str = AUDIO_CONTENT_TYPES
    """A regular expression."""


def fetch_audio(link: str, folder: Path, rules: LinkRules = LinkRules(), *, progress: Progress = silent) -> AudioFile:
    """Download the audio file behind a link to `folder`."""
    path = fetch_file(link, folder, rules, progress=progress)
    try:
        return open_audio(path, rules.limits)
    except UserError:
        path.unlink(missing_ok=True)
        raise


def fetch_file(link: str, folder: Path, rules: LinkRules, *, progress: Progress = silent) -> Path:
    """Download the file behind a link to `folder`, under the name in the link."""
    url, state = _parse_url(link), _Transfer(progress)
    start = time.monotonic()
    budget = TransferBudget(start + min(rules.max_header_seconds, rules.max_seconds), 0, state.report)
    for _ in range(MAX_REDIRECTS + 1):
        with _explain_network_errors(url), _open_stream(url, rules, budget) as response:
            location = response.location
            if location is None:
                _check_response(response, rules)
                budget.deadline = start + rules.max_seconds
                budget.bytes_left = int(rules.limits.gigabytes * 1e9 * MAX_FRAMING) + MAX_HEADER_BYTES
                path = folder / _choose_file_name(url)
                _save_body(response, path, rules, state)
                return path
        url = _join_url(url, location)
    raise UserError("This link is passed on too many times. Open it in a browser, and copy the last address.")


def _parse_url(link: str) -> httpx2.URL:
    try:
        url = httpx2.URL(link.strip())
    except (httpx2.InvalidURL, UnicodeError):
        raise UserError("This is not a link. It should look like https://example.org/song.mp3.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise UserError("Only links that begin with http:// or https:// can be opened.")
    if url.userinfo:
        raise UserError("Links with a name and a password in them are not opened here.")
    return url


def _join_url(url: httpx2.URL, location: str) -> httpx2.URL:
    try:
        return _parse_url(str(url.join(location)))
    except (httpx2.InvalidURL, UnicodeError):
        raise UserError("This is not a link. It should look like https://example.org/song.mp3.") from None


@dataclass
class _Transfer:
    """What has been downloaded so far."""

    progress: Progress
    received: int = 0
    total: int = 0

    def report(self) -> None:
        """Report progress, which raises `Cancelled` to stop the download."""
        fraction = min(self.received / self.total, 1.0) if self.total else 0.0
        self.progress(fraction, Message("Downloading: {megabytes:.1f} MB", megabytes=self.received / 1e6))


@dataclass(frozen=True)
class _Response:
    status: int
    headers: httpx2.Headers
    body: Iterator[bytes]

    @property
    def location(self) -> str | None:
        """Where the response redirects to."""
        return self.headers.get("location") if self.status in REDIRECTS else None


@contextmanager
def _open_stream(url: httpx2.URL, rules: LinkRules, budget: TransferBudget) -> Iterator[_Response]:
    """Request a checked address; the Host header and TLS (SNI and certificate) still use the host name."""
    port = url.port or (443 if url.scheme == "https" else 80)
    address = call_within(budget, lambda: _resolve_checked_address(url.host, port, rules))
    budget.bytes_left = MAX_HEADER_BYTES
    headers = [("Host", url.netloc.decode("ascii")), *HEADERS]
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_SECONDS)
    ssl_context = httpx2.create_ssl_context(trust_env=False)
    with (
        httpcore2.ConnectionPool(ssl_context, network_backend=BoundedBackend(budget)) as pool,
        pool.stream(
            "GET",
            httpcore2.URL(scheme=url.raw_scheme, host=str(address), port=port, target=url.raw_path),
            headers=headers,
            extensions={"sni_hostname": url.raw_host.decode("ascii"), "timeout": timeouts},
        ) as response,
    ):
        yield _Response(response.status, httpx2.Headers(response.headers), response.iter_stream())


def _resolve_checked_address(host: str, port: int, rules: LinkRules) -> Address:
    try:
        addresses = [ipaddress.ip_address(found.split("%")[0]) for found in rules.resolve(host, port)]
    except (OSError, UnicodeError):
        raise UserError("There is no server called “{host}”. Check the link.", host=host) from None
    # All addresses must be allowed.
    if not addresses or not all(rules.may_connect(address, port) for address in addresses):
        raise UserError(
            "This link leads into a private network, or to an unusual port. Only public links can be opened."
        )
    return addresses[0]


def _check_response(response: _Response, rules: LinkRules) -> None:
    if response.status != httpx2.codes.OK:
        raise UserError("The server of this link refused it (status {status}). Check the link.", status=response.status)
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if not re.fullmatch(rules.content_types, kind):
        raise UserError(
            "This link leads to no file that can be used here ({kind}). Take the address of the file itself.", kind=kind
        )
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UserError("The server of this link packs its files, which is not opened here. Download it yourself.")
    stated = response.headers.get("content-length", "0")
    if stated.isdigit() and int(stated) > rules.limits.gigabytes * 1e9:
        raise _make_too_large_error(rules)


def _save_body(response: _Response, path: Path, rules: LinkRules, state: _Transfer) -> None:
    state.total = int(response.headers.get("content-length", "0") or 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as file:
            for chunk in response.body:
                file.write(chunk)
                state.received += len(chunk)
                if state.received > rules.limits.gigabytes * 1e9:
                    raise _make_too_large_error(rules)
                state.report()
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, TransferTooLargeError):
            raise _make_too_large_error(rules) from None
        raise


def _choose_file_name(url: httpx2.URL) -> str:
    """The last path segment of the link as a safe file name (no path traversal)."""
    plain = re.sub(r"[^\w.-]+", "-", unquote(url.path).rsplit("/", 1)[-1]).strip(".-_")
    return plain[-MAX_NAME_LENGTH:].lstrip(".-_") or "song"


@contextmanager
def _explain_network_errors(url: httpx2.URL) -> Iterator[None]:
    try:
        yield
    except TransferTooSlowError:
        raise UserError("The server of this link is too slow. Download the file yourself, and open it here.") from None
    except (
        httpcore2.NetworkError,
        httpcore2.TimeoutException,
        httpcore2.ProtocolError,
        TransferTooLargeError,
    ) as error:
        raise UserError(
            "{host} can't be reached, or broke off. Check the link, and try again later.", host=url.host
        ) from error


def _make_too_large_error(rules: LinkRules) -> UserError:
    return UserError("The file behind this link is larger than {gigabytes:g} GB.", gigabytes=rules.limits.gigabytes)
