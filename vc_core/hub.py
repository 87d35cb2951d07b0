"""Checkpoints on the Hugging Face Hub: named, pinned to a commit, downloaded once, and found again offline.

The Hub's own client resumes a download that ends early but not one whose connection is reset, and it
fails on a server that hangs up even where the file is in the cache; both are dealt with here.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils.tqdm import tqdm

from vc_core.errors import UserError
from vc_core.progress import Progress, silent

MAX_GIGABYTES = 5.0
TRIES = 4
FIRST_PAUSE_SECONDS = 0.5

UNREACHABLE = (httpx2.TransportError, hub_errors.LocalEntryNotFoundError, hub_errors.OfflineModeIsEnabled)
BROKEN_OFF = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)
"""A connection that was there and broke; one that never came about is not tried again."""
LATER = "Check the connection, and try again later."
HTTP_ADVICE = {
    401: "Your token is not valid: log in again with `hf auth login`.",
    403: "Your token may not read it.",
    429: "Too many downloads in a short time: wait some minutes.",
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
    """Some weights lie in repos of data."""

    def __str__(self) -> str:
        if self.local is not None:
            return str(self.local)
        revision = self.revision[:7] if self.is_pinned else self.revision
        return f"{self.repo}@{revision}" + (f":{self.file}" if self.file else "")

    @property
    def is_pinned(self) -> bool:
        return self.local is not None or bool(_COMMIT.fullmatch(self.revision))


def parse_checkpoint(text: str, *, allow_local: bool = False) -> Checkpoint:
    """Read `owner/name`, `owner/name@revision:file`, a link to the Hub, or a path where that is allowed.

    A path must never be allowed to visitors of a page: it would read the server's own files.
    """
    text = text.strip()
    if allow_local and text and Path(text).expanduser().exists():
        return Checkpoint(local=Path(text).expanduser())
    if text.startswith("hf://"):
        text = text.removeprefix("hf://")
    if "://" in text or text.startswith(("huggingface.co/", "hf.co/")):
        return _parse_link(text if "://" in text else f"https://{text}")
    if (match := _REPO.fullmatch(text)) is None:
        raise UserError(f"“{text}” is not the name of a repo. Write it as owner/name, or paste its link from the Hub.")
    return _checked(Checkpoint(match["repo"], match["file"] or "", match["revision"] or constants.DEFAULT_REVISION))


def _parse_link(link: str) -> Checkpoint:
    parts = urlsplit(link)
    hosts = ("huggingface.co", "www.huggingface.co", "hf.co", urlsplit(constants.ENDPOINT).hostname)
    if parts.scheme not in ("http", "https") or parts.hostname not in hosts:
        raise UserError("Only links to the Hugging Face Hub (huggingface.co) can be opened here.")
    path = [unquote(part) for part in parts.path.split("/") if part]
    if path[:1] in (["datasets"], ["spaces"]) or len(path) < 2:
        raise UserError("This link is not one of a model repo. It should look like huggingface.co/owner/name.")
    revision, file = constants.DEFAULT_REVISION, ""
    if len(path) > 3 and path[2] in ("tree", "blob", "resolve", "raw"):
        # A branch may hold slashes only where they are escaped, so the next part is the whole of it.
        revision, file = path[3], "/".join(path[4:]) if path[2] != "tree" else ""
    return _checked(Checkpoint("/".join(path[:2]), file, revision))


def _checked(checkpoint: Checkpoint) -> Checkpoint:
    for part in (checkpoint.file, checkpoint.revision):
        # Both become part of paths in the cache.
        if ".." in Path(part).parts or Path(part).is_absolute() or "\\" in part:
            raise UserError(f"“{part}” can't be a file or a revision of a repo.")
    return checkpoint


@dataclass(frozen=True)
class Repo:
    """What a repo holds at one commit."""

    checkpoint: Checkpoint
    """Pinned to that commit."""
    files: tuple[str, ...]


def look_up(checkpoint: Checkpoint, *, token: str | None = None) -> Repo:
    """What a repo holds now, or held when it was last seen if the Hub can't be reached."""
    with explained(checkpoint):
        try:
            info = retried(lambda: HfApi().model_info(checkpoint.repo, revision=checkpoint.revision, token=token))
        except UNREACHABLE:
            if (seen := _seen_before(checkpoint)) is None:
                raise
            return seen
    files = tuple(sorted(sibling.rfilename for sibling in info.siblings or ()))
    return Repo(replace(checkpoint, revision=str(info.sha)), files)


def fetch(checkpoint: Checkpoint, *, progress: Progress = silent, token: str | None = None) -> Path:
    """The file on this disk, downloaded if it isn't yet; a pinned one that is here needs no network at all."""
    if checkpoint.local is not None:
        return checkpoint.local
    repo, file, revision = checkpoint.repo, checkpoint.file, checkpoint.revision
    with explained(checkpoint):
        cached = try_to_load_from_cache(repo, file, revision=revision, repo_type=checkpoint.kind)
        if checkpoint.is_pinned and isinstance(cached, str):
            return Path(cached)
        wanted: dict[str, Any] = {
            "revision": revision,
            "token": token,
            "repo_type": checkpoint.kind,
            "tqdm_class": _bar_reporting_to(progress, checkpoint),
        }
        try:
            return Path(retried(lambda: hf_hub_download(repo, file, **wanted), progress))
        except UNREACHABLE:
            # The client itself looks into its cache for some of these faults, but not if the server hangs up.
            if not isinstance(cached, str):
                raise
            return Path(cached)


def _seen_before(checkpoint: Checkpoint) -> Repo | None:
    store = Path(constants.HF_HUB_CACHE) / f"models--{checkpoint.repo.replace('/', '--')}"
    ref = store / "refs" / checkpoint.revision
    commit = ref.read_text("ascii").strip() if ref.is_file() else checkpoint.revision
    snapshot = store / "snapshots" / commit
    files = tuple(sorted(str(file.relative_to(snapshot)) for file in snapshot.rglob("*") if file.is_file()))
    return Repo(replace(checkpoint, revision=commit), files) if files else None


def retried(action: Callable[[], T], progress: Progress = silent) -> T:
    """What `action` gives, tried again after pauses where a connection breaks."""
    for attempt in range(1, TRIES):
        try:
            return action()
        except BROKEN_OFF:
            progress(0.0, f"The connection broke; trying again ({attempt} of {TRIES - 1})")
            time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    return action()


def _bar_reporting_to(progress: Progress, checkpoint: Checkpoint) -> type[tqdm]:
    name = Path(checkpoint.file).name

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            total = max(self.total or 0, self.n)
            if total > MAX_GIGABYTES * 1e9:
                raise UserError(
                    f"“{name}” is larger than {MAX_GIGABYTES:g} GB. A voice's checkpoint is not; look again."
                )
            progress(
                self.n / total if total else 0.0, f"Downloading {name}: {self.n / 1e6:.0f} of {total / 1e6:.0f} MB"
            )

    return Bar


@contextmanager
def explained(checkpoint: Checkpoint) -> Iterator[None]:
    """Turn the client's errors into what happened and what to do about it."""
    page = f"{constants.ENDPOINT}/{checkpoint.repo}"
    log_in = "Log in with `hf auth login`, or set HF_TOKEN."
    try:
        yield
    except hub_errors.GatedRepoError as error:
        raise UserError(f"{checkpoint.repo} asks for its terms to be accepted at {page} first. {log_in}") from error
    except hub_errors.RepositoryNotFoundError as error:
        raise UserError(
            f"The Hub has no repo “{checkpoint.repo}”, or it is private. Check the name. If it is private: {log_in}"
        ) from error
    except hub_errors.RevisionNotFoundError as error:
        raise UserError(
            f"{checkpoint.repo} has no revision “{checkpoint.revision}”. See {page}/commits/main."
        ) from error
    except hub_errors.DisabledRepoError as error:
        raise UserError(f"The Hub has disabled {checkpoint.repo}. Choose another one.") from error
    except hub_errors.RemoteEntryNotFoundError as error:
        raise UserError(
            f"{checkpoint.repo} has no file “{checkpoint.file}”. Its files are at {page}/tree/main."
        ) from error
    except hub_errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise UserError(f"The Hub refused {checkpoint} (status {status}). {HTTP_ADVICE.get(status, LATER)}") from error
    except UNREACHABLE as error:
        raise UserError(f"The Hub can't be reached, and {checkpoint} was not downloaded before. {LATER}") from error
    except hub_errors.HFValidationError as error:
        raise UserError(f"“{checkpoint.repo}” can't be the name of a repo. Write it as owner/name.") from error
