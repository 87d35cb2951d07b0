"""Which recordings of a folder are what: by emotion, also in the layouts of published corpora, or by who speaks.

Each stays under its own licence, and so may what is trained on it:

- ESD (K. Zhou et al., 2021): research purposes only.
- RAVDESS (S. Livingstone and F. Russo, 2018): CC BY-NC-SA 4.0, not commercial.
- CREMA-D (H. Cao et al., 2014): Open Database License (ODbL) 1.0, with attribution.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from vc_core.errors import UserError
from vc_core.training.base import Clips

SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a")
ESD = {"neutral": "neutral", "happy": "happy", "angry": "angry", "sad": "sad", "surprise": "surprise"}
RAVDESS = {
    "01": "neutral", "02": "calm", "03": "happy", "04": "sad", "05": "angry", "06": "fear", "07": "disgust",
    "08": "surprise",
}  # fmt: skip
CREMA_D = {"NEU": "neutral", "HAP": "happy", "ANG": "angry", "SAD": "sad", "FEA": "fear", "DIS": "disgust"}
_RAVDESS_NAME = re.compile(r"\d\d(-\d\d){6}")
_CREMA_D_NAME = re.compile(r"\d{4}_[A-Z]{3}_[A-Z]{3}_[A-Z]{2}")

Found = Iterator[tuple[str, Path]]


def find_esd(folder: Path) -> Found:
    """`0011/Angry/0011_000351.wav`, and the same with train, test and evaluation folders below the emotion."""
    for path in _sounds(folder):
        for parent in path.relative_to(folder).parts[1:-1]:
            if parent.lower() in ESD and re.match(r"\d{4}_\d{6}$", path.stem):
                yield ESD[parent.lower()], path


def find_ravdess(folder: Path) -> Found:
    """`Actor_01/03-01-05-02-01-01-01.wav`: speech alone, since the same actors sing there too."""
    for path in _sounds(folder):
        if _RAVDESS_NAME.fullmatch(path.stem) and path.stem[3:5] == "01" and path.stem[6:8] in RAVDESS:
            yield RAVDESS[path.stem[6:8]], path


def find_crema_d(folder: Path) -> Found:
    """`AudioWAV/1001_DFA_ANG_XX.wav`."""
    for path in _sounds(folder):
        if _CREMA_D_NAME.fullmatch(path.stem) and path.stem[9:12] in CREMA_D:
            yield CREMA_D[path.stem[9:12]], path


def find_named_folders(folder: Path) -> Found:
    """A folder for each emotion, in any language: what it is called is what it is."""
    for path in _sounds(folder):
        if len(parts := path.relative_to(folder).parts) > 1:
            yield parts[0].lower(), path


CORPORA: dict[str, Callable[[Path], Found]] = {
    "ESD": find_esd,
    "RAVDESS": find_ravdess,
    "CREMA-D": find_crema_d,
    "folders": find_named_folders,
}
"""Another corpus is one function and one entry here; the first that recognises anything is taken."""


def read_emotions(folder: Path) -> Clips:
    """Recordings by emotion, of whichever layout they are in."""
    for find in CORPORA.values():
        folders: dict[str, list[Path]] = {}
        for emotion, path in find(folder):
            folders.setdefault(emotion, []).append(path)
        if folders:
            return Clips(folders)
    raise UserError(
        f"“{folder.name}” holds no recordings by emotion. Put them into folders such as happy, neutral, sad."
    )


def read_two_speakers(folder: Path) -> Clips:
    """A folder for each of two people, by their names."""
    folders: dict[str, list[Path]] = {}
    for path in _sounds(folder):
        if len(parts := path.relative_to(folder).parts) > 1:
            folders.setdefault(parts[0], []).append(path)
    if len(folders) != 2:
        found = ", ".join(folders) or "none"
        raise UserError(f"Bring a folder for each of two people, with recordings in them. There are: {found}.")
    return Clips(folders)


def speaker_of(path: Path) -> str:
    """As the file's name says it; files that don't say so are all one person's."""
    if found := _RAVDESS_NAME.match(path.stem):
        return found[0][-2:]
    return path.stem.partition("_")[0] if "_" in path.stem else ""


def _sounds(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUNDS)
