"""Demucs' hybrid transformer (htdemucs), window by window; an extra to install.

After S. Rouard, F. Massa and A. Défossez, “Hybrid transformers for music source separation”, ICASSP 2023.
The networks and their weights are the original's. Its cutting of songs is replaced by ours on the same grid,
and its random shifts are left out, so that the same song gives the same stems.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from vc_core.audio import Audio, Samples
from vc_core.errors import UserError
from vc_core.home import studio_home
from vc_core.progress import Progress, part_of, silent
from vc_core.separation.base import Separator, Stems
from vc_core.separation.demucs_weights import RATE, SOURCES, has_its_hash, load_network
from vc_core.slicing import Windows

if TYPE_CHECKING:
    from torch import nn

STEM_NAMES = {2: ("vocals", "accompaniment"), 4: ("vocals", "drums", "bass", "other")}
NETWORKS: dict[str, dict[str, tuple[str, ...]]] = {
    "htdemucs": {"955717e8-8726e21a": SOURCES},
    "htdemucs_ft": {
        "f7e0c4bc-ba3fe64a": ("drums",),
        "d12395a8-e57c48e6": ("bass",),
        "92cfc3b6-ef3bcb9c": ("other",),
        "04573f0d-f3cf25b2": ("vocals",),
    },
}
"""The published models: their networks' files, and the stems that are taken from each.

A file's name is its signature and the start of its own SHA-256.
"""
ROOT_URL = "https://dl.fbaipublicfiles.com/demucs/hybrid_transformer"
MEGABYTES = 84
"""Of one file, about."""
NOT_INSTALLED = "The engine Demucs is not installed: pip install 'vc-core[demucs]'"
_one_at_a_time = Lock()


class Demucs(Separator):
    sample_rate = RATE
    hears_stereo = True

    def __init__(self, networks: Sequence[tuple["nn.Module", tuple[str, ...]]], stems: int, device: str) -> None:
        """Each network comes with the stems that are taken from it."""
        self.stem_names = STEM_NAMES[stems]
        self._device = device
        self._networks: list[tuple[Any, tuple[str, ...]]] = [
            (network.eval().to(device), sources) for network, sources in networks
        ]
        self._frames = min(int(network.segment * RATE) for network, _ in self._networks)
        own = self._frames * 3 // 4
        context = (self._frames - own) // 2
        self.windows = Windows(
            seconds=own / RATE,
            context_seconds=context / RATE,
            # As in the original, whose windows fade into one another wherever they overlap.
            fade_seconds=2 * context / RATE,
            starts_in_silence=True,
        )

    def split(self, piece: Audio) -> Stems:
        stems = self._estimates(piece)
        if self.stem_names == STEM_NAMES[2]:
            vocals = stems.pop("vocals")
            # A network of its own for the vocals says nothing of the rest.
            rest = np.sum(list(stems.values()), axis=0) if stems else piece.samples - vocals
            stems = {"vocals": vocals, "accompaniment": rest}
        return {name: piece.with_samples(stems[name]) for name in self.stem_names}

    def _estimates(self, piece: Audio) -> dict[str, Samples]:
        import torch

        found: dict[str, Samples] = {}
        padded = np.pad(piece.samples, ((0, 0), (0, self._frames - piece.frames)))
        with torch.inference_mode():
            mixture = torch.from_numpy(padded).to(self._device)
            # The networks scale what they hear themselves, but take soft sound for silence. The original prevents
            # that with the level of the whole song; the window's own does the same and needs no second reading.
            level = mixture.std() + 1e-8
            for network, sources in self._networks:
                parts = network((mixture / level)[None])[0, ..., : piece.frames] * level
                for source in sources:
                    found[source] = parts[network.sources.index(source)].cpu().numpy()
        return found


def models_folder() -> Path:
    """Where the files of `NETWORKS` are kept, as `.th` or, named by the signature alone, as `.safetensors`."""
    return studio_home() / "models" / "demucs"


def demucs_is_installed() -> bool:
    return find_spec("demucs") is not None


def demucs_download_megabytes(name: str, stems: int, folder: Path | None = None) -> int:
    """How much is downloaded the first time; 0 if all is here."""
    return MEGABYTES * len(_absent(name, stems, folder or models_folder()))


def prepare_demucs(name: str, stems: int, folder: Path | None = None, *, progress: Progress = silent) -> None:
    """Download the weights that are not in the folder."""
    if not demucs_is_installed():
        raise UserError(NOT_INSTALLED)
    folder = folder or models_folder()
    with _one_at_a_time:
        absent = _absent(name, stems, folder)
        for at, file in enumerate(absent):
            try:
                _download(folder / f"{file}.th", part_of(progress, at / len(absent), (at + 1) / len(absent)))
            except UserError as error:
                names = ", ".join(f"{file}.th" for file in absent[at:])
                raise UserError(f"{error} Demucs needs {names} from {ROOT_URL}, or from you in {folder}.") from error


def load_demucs(name: str, stems: int, device: str, folder: Path | None = None) -> Demucs:
    """The engine, ready to use; `name` is one of `NETWORKS`, `stems` one of `STEM_NAMES`."""
    folder = folder or models_folder()
    prepare_demucs(name, stems, folder)
    needed = [(_find(folder, file), sources) for file, sources in _needed(name, stems).items()]
    return Demucs([(load_network(path), sources) for path, sources in needed if path], stems, device)


def _needed(name: str, stems: int) -> dict[str, tuple[str, ...]]:
    """For two stems, only the network that gives the vocals."""
    return {file: sources for file, sources in NETWORKS[name].items() if stems == 4 or "vocals" in sources}


def _absent(name: str, stems: int, folder: Path) -> list[str]:
    return [file for file in _needed(name, stems) if _find(folder, file) is None]


def _download(path: Path, progress: Progress) -> None:
    from vc_core.download import download  # brings the Hub's client along, which is slow to import

    download(f"{ROOT_URL}/{path.name}", path, progress=progress)
    if not has_its_hash(path):
        path.unlink()
        raise UserError(f"{path.name} is not the file that was expected: its hash differs. It was deleted; try again.")


def _find(folder: Path, file: str) -> Path | None:
    signature = file.partition("-")[0]
    for pattern in (f"{file}.th", f"{signature}-*.th", f"{signature}.safetensors"):
        for path in sorted(folder.glob(pattern)):
            return path
    return None
