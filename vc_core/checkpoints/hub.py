"""Download checkpoints from the Hugging Face Hub: pinned to a commit, cached, available offline, with retries.

The Hub's own client resumes a download that ends early but not one whose connection is reset, and it fails when the
server hangs up even if the file is in its cache. Both are handled here.
"""

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils.tqdm import tqdm

from vc_core.errors import Message, UserError
from vc_core.progress import Progress, silent

MAX_GIGABYTES = 5.0
MAX_ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.5
CONNECT_SECONDS = 4.0
"""Most that resolving the Hub's name and connecting to it may take."""

UNREACHABLE_ERRORS = (
    httpx2.TransportError,
    ConnectionError,
    hub_errors.FileMetadataError,
    hub_errors.LocalEntryNotFoundError,
    hub_errors.OfflineModeIsEnabled,
    hub_errors.XetDownloadError,
)
XET_CONNECTION = re.compile(r"error sending request|Request middleware error|connection|timed? ?out|dns error", re.I)
"""What hf_xet, which downloads large files, says of a connection: mostly in a plain RuntimeError."""
# By default it tries for a minute and a half without a word, during which nobody can stop it.
os.environ.setdefault("HF_XET_CLIENT_RETRY_MAX_ATTEMPTS", "2")
os.environ.setdefault("HF_XET_CLIENT_RETRY_BASE_DELAY", "500ms")
BROKEN_CONNECTION_ERRORS = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)
"""An established connection that broke, which is retried; a failure to connect is not."""
RETRY_ADVICE = Message("Check the connection, and try again later.")
HTTP_ADVICE = {
    401: Message("Your token is not valid: log in again with `hf auth login`."),
    403: Message("Your token may not read it."),
    429: Message("Too many downloads in a short time: wait some minutes."),
}

_NAME = r"[\w][\w.-]{0,95}"
_REPO = re.compile(rf"(?P<repo>{_NAME}/{_NAME})(@(?P<revision>[\w./-]+))?(:(?P<file>.+))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")

T = TypeVar("T")


@dataclass(frozen=True)
class Checkpoint:
    """A file, or a whole repo where `file` is empty, at one revision; or a local file or folder."""

    repo: str = ""
    file: str = ""
    revision: str = constants.DEFAULT_REVISION
    local: Path | None = None
    kind: Literal["model", "dataset"] = "model"
    """Some weights are in dataset repos."""

    def __str__(self) -> str:
        if self.local is not None:
            return str(self.local)
        revision = self.revision[:7] if self.is_pinned else self.revision
        return f"{self.repo}@{revision}" + (f":{self.file}" if self.file else "")

    @property
    def is_pinned(self) -> bool:
        return self.local is not None or bool(_COMMIT.fullmatch(self.revision))


def _is_local(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long for a name
        return False


def parse_checkpoint(text: str, *, allow_local: bool = False) -> Checkpoint:
    """Read `owner/name`, `owner/name@revision:file`, a link to the Hub, or a path where that is allowed.

    Never allow a local path to users of a web page: it would give access to the server's files.
    """
    text = text.strip()
    if allow_local and text and _is_local(Path(text).expanduser()):
        return Checkpoint(local=Path(text).expanduser())
    if text.startswith("hf://"):
        text = text.removeprefix("hf://")
    if "://" in text or text.startswith(("huggingface.co/", "hf.co/")):
        return _parse_link(text if "://" in text else f"https://{text}")
    if (match := _REPO.fullmatch(text)) is None:
        raise UserError(
            "“{text}” is not the name of a repo. Write it as owner/name, or paste its link from the Hub.", text=text
        )
    return _check_no_path_traversal(
        Checkpoint(match["repo"], match["file"] or "", match["revision"] or constants.DEFAULT_REVISION)
    )


def is_other_link(text: str) -> bool:
    """Whether it is a link to somewhere else than the Hub."""
    text = text.strip()
    return "://" in text and not text.startswith("hf://") and not _is_hub_link(text)


def _is_hub_link(link: str) -> bool:
    hosts = ("huggingface.co", "www.huggingface.co", "hf.co", urlsplit(constants.ENDPOINT).hostname)
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname in hosts


def _parse_link(link: str) -> Checkpoint:
    if not _is_hub_link(link):
        raise UserError("Only links to the Hugging Face Hub (huggingface.co) can be opened here.")
    path = [unquote(part) for part in urlsplit(link).path.split("/") if part]
    if path[:1] in (["datasets"], ["spaces"]) or len(path) < 2:
        raise UserError("This link is not one of a model repo. It should look like huggingface.co/owner/name.")
    revision, file = constants.DEFAULT_REVISION, ""
    if len(path) > 3 and path[2] in ("tree", "blob", "resolve", "raw"):
        # Slashes in a branch name are escaped in links, so the next segment is all of it.
        revision, file = path[3], "/".join(path[4:]) if path[2] != "tree" else ""
    return _check_no_path_traversal(Checkpoint("/".join(path[:2]), file, revision))


def _check_no_path_traversal(checkpoint: Checkpoint) -> Checkpoint:
    for part in (checkpoint.file, checkpoint.revision):
        # Both become part of paths in the cache: prevent path traversal.
        if ".." in Path(part).parts or Path(part).is_absolute() or "\\" in part:
            raise UserError("“{part}” can't be a file or a revision of a repo.", part=part)
    return checkpoint


@dataclass(frozen=True)
class Repo:
    """The files of a repo at one commit."""

    checkpoint: Checkpoint
    """Pinned to that commit."""
    files: tuple[str, ...]


def inspect_repo(checkpoint: Checkpoint, *, token: str | None = None) -> Repo:
    """List the files of a repo and pin its commit; from the cache if the Hub can't be reached."""
    with explain_hub_errors(checkpoint):
        try:
            check_reachable()
            info = retry(lambda: HfApi().model_info(checkpoint.repo, revision=checkpoint.revision, token=token))
        except UNREACHABLE_ERRORS:
            if (cached := _read_cached_repo(checkpoint)) is None:
                raise
            return cached
    files = tuple(sorted(sibling.rfilename for sibling in info.siblings or ()))
    return Repo(replace(checkpoint, revision=str(info.sha)), files)


def is_cached(checkpoint: Checkpoint) -> bool:
    """Whether the file is on this disk."""
    found = try_to_load_from_cache(
        checkpoint.repo, checkpoint.file, revision=checkpoint.revision, repo_type=checkpoint.kind
    )
    return isinstance(found, str)


def fetch(checkpoint: Checkpoint, *, progress: Progress = silent, token: str | None = None) -> Path:
    """Download a file unless it is cached, and return its path; a pinned file in the cache needs no network."""
    if checkpoint.local is not None:
        return checkpoint.local
    repo, file, revision = checkpoint.repo, checkpoint.file, checkpoint.revision
    with explain_hub_errors(checkpoint):
        cached = try_to_load_from_cache(repo, file, revision=revision, repo_type=checkpoint.kind)
        if checkpoint.is_pinned and isinstance(cached, str):
            return Path(cached)
        options: dict[str, Any] = {
            "revision": revision,
            "token": token,
            "repo_type": checkpoint.kind,
            "tqdm_class": _make_progress_bar(progress, checkpoint),
        }
        try:
            check_reachable()
            return Path(retry(lambda: _download(repo, file, options), progress))
        except UNREACHABLE_ERRORS:
            # For some of these errors the client itself falls back to its cache, but not if the server hangs up.
            if not isinstance(cached, str):
                raise
            return Path(cached)


def _download(repo: str, file: str, options: dict[str, Any]) -> str:
    try:
        return str(hf_hub_download(repo, file, **options))
    except RuntimeError as error:
        if XET_CONNECTION.search(str(error)):
            raise httpx2.ConnectError(str(error)) from error
        raise


def _read_cached_repo(checkpoint: Checkpoint) -> Repo | None:
    store = Path(constants.HF_HUB_CACHE) / f"models--{checkpoint.repo.replace('/', '--')}"
    ref = store / "refs" / checkpoint.revision
    commit = ref.read_text("ascii").strip() if ref.is_file() else checkpoint.revision
    snapshot = store / "snapshots" / commit
    files = tuple(sorted(str(file.relative_to(snapshot)) for file in snapshot.rglob("*") if file.is_file()))
    return Repo(replace(checkpoint, revision=commit), files) if files else None


def check_reachable() -> None:
    """Raise if there is no connection to the Hub: its client would retry for half a minute first."""
    if getproxies():
        return  # only the proxy may be reachable
    where = urlsplit(constants.ENDPOINT)
    found: Queue[OSError | None] = Queue()

    def connect() -> None:
        try:
            address = where.hostname or "", where.port or (443 if where.scheme == "https" else 80)
            socket.create_connection(address, timeout=CONNECT_SECONDS).close()
            found.put(None)
        except OSError as error:
            found.put(error)

    threading.Thread(target=connect, daemon=True).start()  # a name server that doesn't answer has no time limit
    try:
        error = found.get(timeout=CONNECT_SECONDS)
    except Empty:
        error = TimeoutError(f"no answer within {CONNECT_SECONDS:g} seconds")
    if error is not None:
        raise httpx2.ConnectError(str(error)) from error


def retry(action: Callable[[], T], progress: Progress = silent) -> T:
    """Run `action`, and repeat it with exponential backoff when a connection breaks."""
    for attempt in range(1, MAX_ATTEMPTS):
        try:
            return action()
        except BROKEN_CONNECTION_ERRORS:
            again = Message("The connection broke; trying again ({at} of {most})", at=attempt, most=MAX_ATTEMPTS - 1)
            progress(0.0, again)
            time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    return action()


def _make_progress_bar(progress: Progress, checkpoint: Checkpoint) -> type[tqdm]:
    name = Path(checkpoint.file).name

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            total = max(self.total or 0, self.n)
            if total > MAX_GIGABYTES * 1e9:
                raise UserError(
                    "“{name}” is larger than {gigabytes:g} GB. A voice's checkpoint is not; look again.",
                    name=name,
                    gigabytes=MAX_GIGABYTES,
                )
            done, size = self.n / 1e6, total / 1e6
            step = Message("Downloading {file}: {done:.0f} of {total:.0f} MB", file=name, done=done, total=size)
            progress(self.n / total if total else 0.0, step)

    return Bar


@contextmanager
def explain_hub_errors(checkpoint: Checkpoint) -> Iterator[None]:
    """Translate the client's exceptions to `UserError`."""
    try:
        yield
    except hub_errors.HfHubHTTPError as error:
        raise _explain_response(checkpoint, error) from error
    except UNREACHABLE_ERRORS as error:
        raise UserError(
            "The Hub can't be reached, and {checkpoint} was not downloaded before. {advice}",
            checkpoint=str(checkpoint),
            advice=RETRY_ADVICE,
        ) from error
    except hub_errors.HFValidationError as error:
        raise UserError(
            "“{repo}” can't be the name of a repo. Write it as owner/name.", repo=checkpoint.repo
        ) from error


def _explain_response(checkpoint: Checkpoint, error: hub_errors.HfHubHTTPError) -> UserError:
    repo, status = checkpoint.repo, error.response.status_code
    page = f"{constants.ENDPOINT}/{repo}"
    match error:
        case hub_errors.GatedRepoError():
            return UserError(
                "{repo} asks for its terms to be accepted at {page} first. Log in with "
                "`hf auth login`, or set HF_TOKEN.",
                repo=repo,
                page=page,
            )
        case hub_errors.RepositoryNotFoundError():
            return UserError(
                "The Hub has no repo “{repo}”, or it is private. Check the name. If it is private: Log in with "
                "`hf auth login`, or set HF_TOKEN.",
                repo=repo,
            )
        case hub_errors.RevisionNotFoundError():
            return UserError(
                "{repo} has no revision “{revision}”. See {page}/commits/main.",
                repo=repo,
                revision=checkpoint.revision,
                page=page,
            )
        case hub_errors.DisabledRepoError():
            return UserError("The Hub has disabled {repo}. Choose another one.", repo=repo)
        case hub_errors.RemoteEntryNotFoundError():
            return UserError(
                "{repo} has no file “{file}”. Its files are at {page}/tree/main.",
                repo=repo,
                file=checkpoint.file,
                page=page,
            )
    return UserError(
        "The Hub refused {checkpoint} (status {status}). {advice}",
        checkpoint=str(checkpoint),
        status=status,
        advice=HTTP_ADVICE.get(status, RETRY_ADVICE),
    )
