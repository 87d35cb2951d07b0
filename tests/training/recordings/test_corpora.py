"""Recordings are sorted by emotion and speaker, also in the layouts of published corpora."""

from pathlib import Path

import pytest

from vc_core.errors import UserError
from vc_core.training.recordings.corpora import get_speaker, read_emotions, read_two_speakers


def laid_out(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def sorted_names(folder: Path) -> dict[str, list[str]]:
    return {emotion: [path.name for path in paths] for emotion, paths in read_emotions(folder).folders.items()}


def test_esd(tmp_path):
    folder = laid_out(
        tmp_path,
        "0011/Angry/0011_000351.wav",
        "0011/Neutral/evaluation/0011_000001.wav",
        "0012/Surprise/train/0012_001401.wav",
        "0011/0011.txt",
    )
    assert sorted_names(folder) == {
        "angry": ["0011_000351.wav"],
        "neutral": ["0011_000001.wav"],
        "surprise": ["0012_001401.wav"],
    }
    assert get_speaker(folder / "0011/Angry/0011_000351.wav") == "0011"


def test_ravdess_without_its_songs(tmp_path):
    folder = laid_out(
        tmp_path,
        "Actor_01/03-01-01-01-01-01-01.wav",
        "Actor_12/03-01-06-02-01-01-12.wav",
        "Actor_12/03-02-03-01-01-01-12.wav",
    )
    assert sorted_names(folder) == {"neutral": ["03-01-01-01-01-01-01.wav"], "fear": ["03-01-06-02-01-01-12.wav"]}
    assert get_speaker(Path("03-01-06-02-01-01-12.wav")) == "12"
    assert get_speaker(Path("03-01-06-02-01-01-12_2.flac")) == "12"


def test_crema_d(tmp_path):
    folder = laid_out(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1091_WSI_HAP_LO.wav", "README.md")
    assert sorted_names(folder) == {"angry": ["1001_DFA_ANG_XX.wav"], "happy": ["1091_WSI_HAP_LO.wav"]}
    assert get_speaker(Path("1091_WSI_HAP_LO.wav")) == "1091"


def test_folders_that_are_named_after_emotions(tmp_path):
    folder = laid_out(tmp_path, "Happy/one.flac", "neutral/more/two.mp3", "neutral/notes.txt", "loose.wav")
    assert sorted_names(folder) == {"happy": ["one.flac"], "neutral": ["two.mp3"]}
    assert get_speaker(Path("one.flac")) == ""


def test_a_folder_without_emotions_raises_an_error(tmp_path):
    with pytest.raises(UserError, match="no recordings by emotion"):
        read_emotions(laid_out(tmp_path, "loose.wav"))


def test_two_speakers_are_two_folders(tmp_path):
    folder = laid_out(tmp_path, "Ann/one.wav", "Bob/two.wav")
    assert list(read_two_speakers(folder).folders) == ["Ann", "Bob"]
    with pytest.raises(UserError, match="There are: Ann, Bob, Cem"):
        read_two_speakers(laid_out(folder, "Cem/three.wav"))
