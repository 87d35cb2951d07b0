"""Demucs' hybrid transformer (htdemucs), window by window; an optional extra.

After S. Rouard, F. Massa and A. Défossez, “Hybrid transformers for music source separation”, ICASSP 2023.
The networks and their weights are the original's. Its chunking is replaced by ours on the same grid, and
its random shifts are left out, so that results are reproducible.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from vc_core.audio import Audio, Samples
from vc_core.device import download, upload
from vc_core.errors import UserError
from vc_core.home import get_studio_home
from vc_core.progress import Progress, silent, subprogress
from vc_core.separation.base import Separator, Stems
from vc_core.separation.demucs.weights import SAMPLE_RATE, SOURCES, load_network, matches_hash
from vc_core.signal.windows import Windows

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
"""The published models: files of their networks, and the stems taken from each.

A file name is a signature and the start of its SHA-256.
"""
ROOT_URL = "https://dl.fbaipublicfiles.com/demucs/hybrid_transformer"
MEGABYTES = 84
"""Approximate size of one file."""
_download_lock = Lock()


class Demucs(Separator):
    sample_rate = SAMPLE_RATE
    requires_stereo = True

    def __init__(self, networks: Sequence[tuple["nn.Module", tuple[str, ...]]], stems: int, device: str) -> None:
        """Each network with the stems that are taken from it."""
        self.stem_names = STEM_NAMES[stems]
        self.device = device
        self._networks: list[tuple[Any, tuple[str, ...]]] = [
            (network.eval().to(device), sources) for network, sources in networks
        ]
        self._frames = min(int(network.segment * SAMPLE_RATE) for network, _ in self._networks)
        own = self._frames * 3 // 4
        context = (self._frames - own) // 2
        self.windows = Windows(
            seconds=own / SAMPLE_RATE,
            context_seconds=context / SAMPLE_RATE,
            # As in the original, which cross-fades windows over their whole overlap.
            fade_seconds=2 * context / SAMPLE_RATE,
            leading_silence=True,
        )

    def split(self, window: Audio) -> Stems:
        return self.split_batch([window])[0]

    def split_batch(self, windows: Sequence[Audio]) -> list[Stems]:
        sources = self._run_networks(windows)
        return [
            self._select_stems(window, {name: sources[name][at] for name in sources})
            for at, window in enumerate(windows)
        ]

    def _select_stems(self, window: Audio, stems: dict[str, Samples]) -> Stems:
        if self.stem_names == STEM_NAMES[2]:
            vocals = stems.pop("vocals")
            # A network for vocals alone gives no other stems.
            rest = np.sum(list(stems.values()), axis=0) if stems else window.samples - vocals
            stems = {"vocals": vocals, "accompaniment": rest}
        return {name: window.with_samples(stems[name]) for name in self.stem_names}

    def _run_networks(self, windows: Sequence[Audio]) -> dict[str, Samples]:
        """Each source with shape (windows, channels, frames)."""
        import torch

        found: dict[str, Samples] = {}
        frames = windows[0].frames
        padded = np.pad(np.stack([window.samples for window in windows]), ((0, 0), (0, 0), (0, self._frames - frames)))
        with torch.inference_mode():
            mixture = upload(padded, self.device)
            # The networks normalise their input, but treat quiet sound as silence. The original prevents that with
            # the level of the whole song; the window's level does the same in a single pass.
            level = mixture.std(dim=(1, 2), keepdim=True) + 1e-8
            for network, sources in self._networks:
                estimates = network(mixture / level)[..., :frames] * level[:, None]
                for source in sources:
                    found[source] = download(estimates[:, network.sources.index(source)])
        return found


def get_models_folder() -> Path:
    """Folder of the files of `NETWORKS`, as `.th` or, named by the signature alone, as `.safetensors`."""
    return get_studio_home() / "models" / "demucs"


def estimate_demucs_download_megabytes(name: str, stems: int, folder: Path | None = None) -> int:
    """Size of the first download; 0 if all files are here."""
    return MEGABYTES * len(_list_missing(name, stems, folder or get_models_folder()))


def prepare_demucs(name: str, stems: int, folder: Path | None = None, *, progress: Progress = silent) -> None:
    """Download the weights that are not in the folder."""
    folder = folder or get_models_folder()
    with _download_lock:
        missing = _list_missing(name, stems, folder)
        for at, file in enumerate(missing):
            try:
                _download(folder / f"{file}.th", subprogress(progress, at / len(missing), (at + 1) / len(missing)))
            except UserError as error:
                names = ", ".join(f"{file}.th" for file in missing[at:])
                raise UserError(
                    "{error} Demucs needs {names} from {url}, or from you in {folder}.",
                    error=error,
                    names=names,
                    url=ROOT_URL,
                    folder=str(folder),
                ) from error


def load_demucs(name: str, stems: int, device: str, folder: Path | None = None) -> Demucs:
    """The engine, ready to use; `name` is one of `NETWORKS`, `stems` one of `STEM_NAMES`."""
    folder = folder or get_models_folder()
    prepare_demucs(name, stems, folder)
    needed = [(_find_file(folder, file), sources) for file, sources in _select_files(name, stems).items()]
    return Demucs([(load_network(path), sources) for path, sources in needed if path], stems, device)


def _select_files(name: str, stems: int) -> dict[str, tuple[str, ...]]:
    """For two stems, only the network that gives the vocals."""
    return {file: sources for file, sources in NETWORKS[name].items() if stems == 4 or "vocals" in sources}


def _list_missing(name: str, stems: int, folder: Path) -> list[str]:
    return [file for file in _select_files(name, stems) if _find_file(folder, file) is None]


def _download(path: Path, progress: Progress) -> None:
    from vc_core.files.download import download  # brings the Hub's client along, which is slow to import

    download(f"{ROOT_URL}/{path.name}", path, progress=progress)
    if not matches_hash(path):
        path.unlink()
        raise UserError(
            "{file} is not the file that was expected: its hash differs. It was deleted; try again.", file=path.name
        )


def _find_file(folder: Path, file: str) -> Path | None:
    signature = file.partition("-")[0]
    for pattern in (f"{file}.th", f"{signature}-*.th", f"{signature}.safetensors"):
        for path in sorted(folder.glob(pattern)):
            return path
    return None
