"""Download a file by URL: partial downloads resume with a Range request, and the SHA-256 hash is verified."""

from pathlib import Path

import httpx2

from vc_core.checkpoints.hub import RETRY_ADVICE, retry
from vc_core.errors import Message, UserError
from vc_core.files.provenance import compute_sha256
from vc_core.progress import Progress, silent

MAX_GIGABYTES = 2.0
CHUNK_BYTES = 1 << 18
TIMEOUT_SECONDS = 20.0


def download(url: str, path: Path, *, sha256: str = "", progress: Progress = silent) -> Path:
    """Download `url` to `path`; bytes received before a broken connection or a cancellation are reused."""
    if path.is_file() and (not sha256 or compute_sha256(path) == sha256):
        return path
    partial_file = path.with_name(f".{path.name}.part")
    partial_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        retry(lambda: _download_rest(url, partial_file, progress), progress)
    except httpx2.HTTPStatusError as error:
        raise UserError(
            "{url} can't be had (status {status}). {advice}",
            url=url,
            status=error.response.status_code,
            advice=RETRY_ADVICE,
        ) from error
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise UserError(
            "{host} can't be reached, so {file} was not downloaded. {advice}",
            host=httpx2.URL(url).host,
            file=path.name,
            advice=RETRY_ADVICE,
        ) from error
    if sha256 and compute_sha256(partial_file) != sha256:
        partial_file.unlink()
        raise UserError(
            "{file} is not the file that was expected: its hash differs. It was deleted; try again.", file=path.name
        )
    partial_file.replace(path)
    return path


def _download_rest(url: str, partial_file: Path, progress: Progress) -> None:
    received = partial_file.stat().st_size if partial_file.is_file() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={received}-"} if received else {})
    with httpx2.stream("GET", url, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=True) as response:
        if response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
            return  # the partial file is complete; its hash is checked next
        response.raise_for_status()
        if response.status_code != httpx2.codes.PARTIAL_CONTENT:
            received = 0
        total = received + int(response.headers.get("content-length", 0))
        with partial_file.open("ab" if received else "wb") as file:
            for chunk in response.iter_bytes(CHUNK_BYTES):
                file.write(chunk)
                received += len(chunk)
                if max(received, total) > MAX_GIGABYTES * 1e9:
                    raise UserError(
                        "{file} is larger than {gigabytes:g} GB. It was not kept.",
                        file=partial_file.stem.lstrip("."),
                        gigabytes=MAX_GIGABYTES,
                    )
                progress(received / total if total else 0.0, _describe(received, total))


def _describe(received: int, total: int) -> Message:
    return Message("Downloading: {done:.0f} of {total:.0f} MB", done=received / 1e6, total=total / 1e6)
