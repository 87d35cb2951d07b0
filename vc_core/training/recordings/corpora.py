"""Sort recordings by emotion, from folders or the layouts of published corpora, or by speaker.

Each corpus has its own licence, which may extend to models trained on it:

- ESD (K. Zhou et al., 2021): research purposes only.
- RAVDESS (S. Livingstone and F. Russo, 2018): CC BY-NC-SA 4.0, not commercial.
- CREMA-D (H. Cao et al., 2014): Open Database License (ODbL) 1.0, with attribution.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from vc_core.errors import Message, UserError
from vc_core.training.base import Clips

AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".m4a")
ESD = {"neutral": "neutral", "happy": "happy", "angry": "angry", "sad": "sad", "surprise": "surprise"}
RAVDESS = {
    "01": "neutral", "02": "calm", "03": "happy", "04": "sad", "05": "angry", "06": "fear", "07": "disgust",
    "08": "surprise",
}  # fmt: skip
CREMA_D = {"NEU": "neutral", "HAP": "happy", "ANG": "angry", "SAD": "sad", "FEA": "fear", "DIS": "disgust"}
_RAVDESS_NAME = re.compile(r"\d\d(-\d\d){6}")
_CREMA_D_NAME = re.compile(r"\d{4}_[A-Z]{3}_[A-Z]{3}_[A-Z]{2}")

LabelledPaths = Iterator[tuple[str, Path]]


def find_esd(folder: Path) -> LabelledPaths:
    """`0011/Angry/0011_000351.wav`, also with train, test and evaluation folders below the emotion."""
    for path in _list_audio_files(folder):
        for parent in path.relative_to(folder).parts[1:-1]:
            if parent.lower() in ESD and re.match(r"\d{4}_\d{6}$", path.stem):
                yield ESD[parent.lower()], path


def find_ravdess(folder: Path) -> LabelledPaths:
    """`Actor_01/03-01-05-02-01-01-01.wav`: speech only, since the corpus also contains singing."""
    for path in _list_audio_files(folder):
        if _RAVDESS_NAME.fullmatch(path.stem) and path.stem[3:5] == "01" and path.stem[6:8] in RAVDESS:
            yield RAVDESS[path.stem[6:8]], path


def find_crema_d(folder: Path) -> LabelledPaths:
    """`AudioWAV/1001_DFA_ANG_XX.wav`."""
    for path in _list_audio_files(folder):
        if _CREMA_D_NAME.fullmatch(path.stem) and path.stem[9:12] in CREMA_D:
            yield CREMA_D[path.stem[9:12]], path


def find_named_folders(folder: Path) -> LabelledPaths:
    """A folder named after each emotion, in any language."""
    for path in _list_audio_files(folder):
        if len(parts := path.relative_to(folder).parts) > 1:
            yield parts[0].lower(), path


CORPORA: dict[str, Callable[[Path], LabelledPaths]] = {
    "ESD": find_esd,
    "RAVDESS": find_ravdess,
    "CREMA-D": find_crema_d,
    "folders": find_named_folders,
}
"""Another corpus is one function and one entry here; the first that finds any recording is used."""


def read_emotions(folder: Path) -> Clips:
    """Sort recordings by emotion, in any known layout."""
    for find in CORPORA.values():
        folders: dict[str, list[Path]] = {}
        for emotion, path in find(folder):
            folders.setdefault(emotion, []).append(path)
        if folders:
            return Clips(folders)
    raise UserError(
        "“{folder}” holds no recordings by emotion. Put them into folders such as happy, neutral, sad.",
        folder=folder.name,
    )


def read_two_speakers(folder: Path) -> Clips:
    """Sort recordings by the folders of two speakers."""
    folders: dict[str, list[Path]] = {}
    for path in _list_audio_files(folder):
        if len(parts := path.relative_to(folder).parts) > 1:
            folders.setdefault(parts[0], []).append(path)
    if len(folders) != 2:
        found = ", ".join(folders) or Message("none")
        raise UserError(
            "Bring a folder for each of two people, with recordings in them. There are: {found}.", found=found
        )
    return Clips(folders)


def get_speaker(path: Path) -> str:
    """The speaker by the file name; "" for names without one."""
    if found := _RAVDESS_NAME.match(path.stem):
        return found[0][-2:]
    return path.stem.partition("_")[0] if "_" in path.stem else ""


def _list_audio_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
