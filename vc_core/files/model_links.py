"""Download a model from a link outside the Hub, as guarded as links to audio are.

A page asks for a link several times: to inspect the model, to list its choices, to import it. So the file is cached for
an hour.
"""

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from vc_core.errors import UserError
from vc_core.expiry import delete_expired, delete_leftovers
from vc_core.files.links import LinkRules, fetch_file
from vc_core.files.model_source import MAX_GIGABYTES, MODEL_SUFFIXES, OTHER_ARCHIVES, ModelSource, open_local_source
from vc_core.files.reading import Limits
from vc_core.home import get_studio_home
from vc_core.progress import Progress, silent

MODEL_LINK_RULES = LinkRules(
    Limits(gigabytes=MAX_GIGABYTES), max_seconds=1800.0, content_types=r"(application|binary)/.*|multipart/x-zip|"
)
CACHE_SECONDS = 3600.0
UNFINISHED = ".incoming-"
PICKLE_OF_TORCH = "/data.pkl"
"""A `.pth` is a zip file with this entry."""


@contextmanager
def open_link_source(link: str, rules: LinkRules, *, progress: Progress = silent) -> Iterator[ModelSource]:
    """A zip file or a checkpoint at any public address. Its origin leaves out the query, which may hold a password."""
    path = _fetch_cached(link.strip(), rules, progress)
    with open_local_source([path]) as source:
        yield replace(source, title=path.name, origin=urlsplit(link.strip())._replace(query="", fragment="").geturl())


def _fetch_cached(link: str, rules: LinkRules, progress: Progress) -> Path:
    cache = get_studio_home() / "links"
    cache.mkdir(parents=True, exist_ok=True)
    delete_expired(cache.glob("[!.]*"), CACHE_SECONDS / 3600)
    delete_leftovers(cache, UNFINISHED)
    own = cache / hashlib.sha256(link.encode()).hexdigest()
    if not own.is_dir():
        with tempfile.TemporaryDirectory(dir=cache, prefix=UNFINISHED) as folder_name:
            _name_by_content(fetch_file(link, Path(folder_name, "model"), rules, progress=progress))
            with suppress(OSError):  # another session was faster
                Path(folder_name, "model").rename(own)
    return next(own.iterdir())


def _name_by_content(path: Path) -> None:
    """Links of file hosts often end without a file name."""
    if path.suffix.lower() in (".zip", *MODEL_SUFFIXES, *OTHER_ARCHIVES):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            suffix = ".pth" if any(name.endswith(PICKLE_OF_TORCH) for name in archive.namelist()) else ".zip"
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UserError("This link leads to no zip file and no .pth file. Take the address of the file.") from error
    path.rename(path.with_name(f"{path.name}{suffix}"))
