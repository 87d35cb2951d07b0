"""Download a file by its address: resumed where it broke off, and kept only if its hash is right."""

from pathlib import Path

import httpx2

from vc_core.errors import UserError
from vc_core.hub import LATER, retried
from vc_core.progress import Progress, silent
from vc_core.provenance import sha256_of

MAX_GIGABYTES = 2.0
CHUNK_BYTES = 1 << 18
TIMEOUT_SECONDS = 20.0


def download(url: str, path: Path, *, sha256: str = "", progress: Progress = silent) -> Path:
    """The file at `url`, as `path`; what came of it before a broken connection, or a Stop, is used again."""
    if path.is_file() and (not sha256 or sha256_of(path) == sha256):
        return path
    part = path.with_name(f".{path.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        retried(lambda: _fetch_rest(url, part, progress), progress)
    except httpx2.HTTPStatusError as error:
        raise UserError(f"{url} can't be had (status {error.response.status_code}). {LATER}") from error
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise UserError(
            f"{httpx2.URL(url).host} can't be reached, so {path.name} was not downloaded. {LATER}"
        ) from error
    if sha256 and sha256_of(part) != sha256:
        part.unlink()
        raise UserError(f"{path.name} is not the file that was expected: its hash differs. It was deleted; try again.")
    part.replace(path)
    return path


def _fetch_rest(url: str, part: Path, progress: Progress) -> None:
    have = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
    with httpx2.stream("GET", url, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=True) as response:
        if response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
            return  # all of it is here; the hash tells whether it is right
        response.raise_for_status()
        if response.status_code != httpx2.codes.PARTIAL_CONTENT:
            have = 0
        total = have + int(response.headers.get("content-length", 0))
        with part.open("ab" if have else "wb") as file:
            for chunk in response.iter_bytes(CHUNK_BYTES):
                file.write(chunk)
                have += len(chunk)
                if max(have, total) > MAX_GIGABYTES * 1e9:
                    raise UserError(f"{part.stem.lstrip('.')} is larger than {MAX_GIGABYTES:g} GB. It was not kept.")
                progress(have / total if total else 0.0, f"Downloading: {have / 1e6:.0f} of {total / 1e6:.0f} MB")
