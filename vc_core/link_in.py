"""Sound from a link: only from public addresses, within limits of size and time, and only if it is sound.

A server that opens links for strangers must not become their way into its own network. So a name is looked up once,
every address it has is checked, and the connection goes to a checked address itself: a name that points elsewhere a
moment later changes nothing. Each redirect is a new link, checked as the first. Proxies of the environment are not
used, since they would look the name up again.
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

import httpx2

from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.reading import AudioFile, Limits, open_audio

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Rule = Callable[[Address, int], bool]
"""Whether an address and a port may be connected to."""
LookUp = Callable[[str, int], list[str]]

PORTS = (80, 443, 8000, 8080, 8443)
MOST_REDIRECTS = 5
TIMEOUT_SECONDS = 15.0
NAT64 = ipaddress.ip_network("64:ff9b::/96")
SOUND_TYPES = re.compile(r"(audio|video)/.*|application/(octet-stream|ogg|x-flac|mp4)|binary/octet-stream|")
LONGEST_NAME = 80
LINK_LIMITS = Limits(gigabytes=0.5)


def is_public(address: Address, port: int) -> bool:
    """No address of this machine, of its network, or of one behind another kind of address."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(each is not None and not is_public(each, port) for each in inside):
            return False
    return port in PORTS and address.is_global and not address.is_multicast


def addresses_of(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class LinkRules:
    limits: Limits = LINK_LIMITS
    most_seconds: float = 300.0
    may_connect: Rule = is_public
    look_up: LookUp = addresses_of


def fetch_sound(link: str, folder: Path, rules: LinkRules = LinkRules(), *, progress: Progress = silent) -> AudioFile:
    """The sound file behind a link, in `folder`."""
    url = _parsed(link)
    deadline = time.monotonic() + rules.most_seconds
    for _ in range(MOST_REDIRECTS + 1):
        with _explained(url), _answer(url, rules) as response:
            if response.has_redirect_location:
                url = _parsed(str(url.join(response.headers["location"])))
                continue
            _check(response, url, rules)
            path = folder / _name(url)
            _save(response, path, rules, deadline, progress)
        return _opened(path, rules)
    raise UserError("This link is passed on too many times. Open it in a browser, and copy the last address.")


def _parsed(link: str) -> httpx2.URL:
    try:
        url = httpx2.URL(link.strip())
    except (httpx2.InvalidURL, UnicodeError):
        raise UserError("This is not a link. It should look like https://example.org/song.mp3.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise UserError("Only links that begin with http:// or https:// can be opened.")
    if url.userinfo:
        raise UserError("Links with a name and a password in them are not opened here.")
    return url


@contextmanager
def _answer(url: httpx2.URL, rules: LinkRules) -> Iterator[httpx2.Response]:
    """From an address that was checked; the server still gets the name, and must prove that it is its own."""
    port = url.port or (443 if url.scheme == "https" else 80)
    address = _checked_address(url.host, port, rules)
    headers = {"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity", "User-Agent": "voice-studio"}
    with (
        httpx2.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client,
        client.stream(
            "GET",
            url.copy_with(host=str(address), port=port),
            headers=headers,
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
            follow_redirects=False,
        ) as response,
    ):
        yield response


def _checked_address(host: str, port: int, rules: LinkRules) -> Address:
    try:
        addresses = [ipaddress.ip_address(found.split("%")[0]) for found in rules.look_up(host, port)]
    except (OSError, UnicodeError):
        raise UserError(f"There is no server called “{host}”. Check the link.") from None
    # One bad address among good ones is reason enough for distrust.
    if not addresses or not all(rules.may_connect(address, port) for address in addresses):
        raise UserError(
            "This link leads into a private network, or to an unusual port. Only public links can be opened."
        )
    return addresses[0]


def _check(response: httpx2.Response, url: httpx2.URL, rules: LinkRules) -> None:
    if response.status_code != httpx2.codes.OK:
        raise UserError(f"The server of this link refused it (status {response.status_code}). Check the link.")
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if not SOUND_TYPES.fullmatch(kind):
        raise UserError(f"This link leads to no sound file ({kind}). Take the address of the file itself.")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UserError("The server of this link packs its files, which is not opened here. Download it yourself.")
    stated = response.headers.get("content-length", "0")
    if stated.isdigit() and int(stated) > rules.limits.gigabytes * 1e9:
        raise _too_large(rules)


def _save(response: httpx2.Response, path: Path, rules: LinkRules, deadline: float, progress: Progress) -> None:
    have, total = 0, int(response.headers.get("content-length", "0") or 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as file:
            for chunk in response.iter_raw():  # as it comes: whoever drips bytes is noticed
                file.write(chunk)
                have += len(chunk)
                if have > rules.limits.gigabytes * 1e9:
                    raise _too_large(rules)
                if time.monotonic() > deadline:
                    raise UserError(
                        "The server of this link is too slow. Download the file yourself, and open it here."
                    )
                progress(min(have / total, 1.0) if total else 0.0, f"Downloading: {have / 1e6:.1f} MB")
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _opened(path: Path, rules: LinkRules) -> AudioFile:
    try:
        return open_audio(path, rules.limits)
    except UserError:
        path.unlink(missing_ok=True)
        raise


def _name(url: httpx2.URL) -> str:
    """The last part of the link, as a name that is safe on every system."""
    plain = re.sub(r"[^\w.-]+", "-", unquote(url.path).rsplit("/", 1)[-1]).strip(".-_")
    return plain[-LONGEST_NAME:].lstrip(".-_") or "song"


@contextmanager
def _explained(url: httpx2.URL) -> Iterator[None]:
    try:
        yield
    except (httpx2.TransportError, httpx2.StreamError) as error:
        raise UserError(f"{url.host} can't be reached, or broke off. Check the link, and try again later.") from error


def _too_large(rules: LinkRules) -> UserError:
    return UserError(f"The file behind this link is larger than {rules.limits.gigabytes:g} GB.")
