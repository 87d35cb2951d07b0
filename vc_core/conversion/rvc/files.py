"""Find RVC voices among the files of a repo, an archive or a folder, and the index that belongs to each.

Nothing in an index says whose it is, so its name and its folder decide; where they don't, the user does.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vc_core.errors import UserError
from vc_core.files.model_source import MODEL_SUFFIXES, ModelSource
from vc_core.progress import Progress, silent, subprogress

ENGINE_NAME = "rvc"
WEIGHTS_FILE, INDEX_FILE = "rvc.safetensors", "index.safetensors"
"""Of a voice in the library."""
INDEX_SUFFIX, ARRAY_FILE = ".index", "total_fea.npy"
NO_INDEX = "none"
"""The choice of a voice without its index."""
OTHER_NETWORK = re.compile(
    r"\.|(f0)?D[_\-]?\d+k?\.|model_\d+\.pt$|kmeans|rmvpe|fcpe|crepe|hubert|content.?vec|optimizer", re.IGNORECASE
)
"""Hidden files, discriminators, diffusions of so-vits, and networks that are no voices."""
TRAINING_CHECKPOINT = re.compile(r"G[_\-]?\d+", re.IGNORECASE)
TRAINED_FOR = re.compile(r"_e\d+(_s\d+)?$", re.IGNORECASE)
INDEX_PREFIX = re.compile(r"(added|trained)?_?IVF\d+_Flat_nprobe_\d+_?", re.IGNORECASE)
SHORTEST_NAME = 3
INDEX_VERSION = re.compile(r"_v[12]$", re.IGNORECASE)


@dataclass(frozen=True)
class RvcOffer:
    """RVC files of a source, of which the user chooses one of each."""

    models: tuple[str, ...]
    """Exported voices first, the longest trained of them first."""
    indexes: tuple[str, ...]


@dataclass(frozen=True)
class RvcFiles:
    """Local files of a voice."""

    model: Path
    index: Path | None = None
    source: str = ""


def find_rvc_files(source: ModelSource) -> RvcOffer:
    """Those of a source; of a link to a folder, the voices in there, and the file of a link comes first."""
    link = source.chosen.rstrip("/")
    is_file = link.lower().endswith(MODEL_SUFFIXES)
    models = [
        file
        for file in source.files
        if file.lower().endswith(MODEL_SUFFIXES)
        and not OTHER_NETWORK.match(PurePosixPath(file).name)
        and (is_file or file.startswith(link))
    ]
    if is_file and link in source.files and link not in models:
        models.append(link)
    models.sort(key=lambda file: (file != link, _rank_model(file)))
    return RvcOffer(tuple(models), (*_find_indexes(source.files), *source.own))


def _find_indexes(files: Iterable[str]) -> tuple[str, ...]:
    """Without those that have centroids only, where there are others, and arrays, where there is an index."""
    files = [file for file in files if not PurePosixPath(file).name.startswith(".")]
    found = [file for file in files if file.lower().endswith(INDEX_SUFFIX)]
    full = [file for file in found if not PurePosixPath(file).name.lower().startswith("trained")]
    arrays = [file for file in files if PurePosixPath(file).name.lower() == ARRAY_FILE]
    return tuple(full or found or arrays)


def _rank_model(file: str) -> tuple[bool, int, str]:
    stem = PurePosixPath(file).stem
    numbers = re.findall(r"\d+", stem)
    return bool(TRAINING_CHECKPOINT.fullmatch(stem)), -int(numbers[-1][:12]) if numbers else 0, file


def pair_index(model: str, offer: RvcOffer) -> str:
    """The index that belongs to the model by its name, or because both are alone; empty if that is unclear."""
    name, folder = _simplify(read_model_name(model)), PurePosixPath(model).parent
    indexes = {index: _simplify(read_index_name(index)) for index in offer.indexes}
    beside = [one for one in indexes if PurePosixPath(one).parent == folder]
    is_alone = [PurePosixPath(one).parent for one in offer.models].count(folder) == 1
    for candidates in (
        [one for one, other in indexes.items() if other == name],
        [one for one in indexes if is_named_alike(read_model_name(model), read_index_name(one))],
        beside if is_alone else [],
        list(indexes) if len(offer.models) == 1 else [],
    ):
        exact = [one for one in candidates if read_index_name(one) == read_model_name(model)]
        for narrowed in (candidates, [one for one in candidates if one in beside], exact):
            if len(narrowed) == 1:
                return narrowed[0]
        if candidates:
            return ""
    return ""


def is_named_alike(name: str, other: str) -> bool:
    """Whether the names are the same or, if both have letters enough to tell, one contains the other."""
    name, other = _simplify(name), _simplify(other)
    return name == other or (min(len(name), len(other)) >= SHORTEST_NAME and (name in other or other in name))


def read_model_name(file: str) -> str:
    return TRAINED_FOR.sub("", PurePosixPath(file).stem)


def read_index_name(file: str) -> str:
    return INDEX_VERSION.sub("", INDEX_PREFIX.sub("", PurePosixPath(file).stem, count=1))


def _simplify(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def choose_rvc_files(source: ModelSource, offer: RvcOffer, model: str = "", index: str = "") -> tuple[str, str]:
    """Model and index by these choices, or the first model and its own index; raises `UserError` if unclear."""
    if not offer.models:
        raise UserError("{source} has no voice: no .pth file, and no zip file with one.", source=source.title)
    model = model or offer.models[0]
    index = index or pair_index(model, offer) or ("" if offer.indexes else NO_INDEX)
    if not index:
        raise UserError(
            "Choose the index of “{model}”, or “none”: {indexes}.",
            model=model,
            indexes=", ".join(offer.indexes[:8]),
        )
    for file, known in ((model, offer.models), (index, (*offer.indexes, NO_INDEX))):
        if file not in known:
            raise UserError("{repo} has no file “{file}” to choose.", repo=source.title, file=file)
    return model, "" if index == NO_INDEX else index


def fetch_rvc_files(source: ModelSource, chosen: Sequence[str], *, progress: Progress = silent) -> RvcFiles:
    model, index = chosen
    return RvcFiles(
        model=source.fetch(model, subprogress(progress, 0.0, 0.5)),
        index=source.fetch(index, subprogress(progress, 0.5, 1.0)) if index else None,
        source=source.name_origin(model),
    )
