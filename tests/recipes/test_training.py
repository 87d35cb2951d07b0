"""Vocal extraction from training recordings: of files and folders, and its duration is estimated beforehand."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace

import pytest

from vc_core.audio import join_blocks
from vc_core.device import exclusive_device
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.progress import Cancelled, silent
from vc_core.recipes import training
from vc_core.recipes.clean_up import VocalExtraction
from vc_core.recipes.training import extract_vocals, measure_separation_seconds
from vc_core.training.recordings.corpora import read_two_speakers


def test_the_separation_time_is_extrapolated_from_an_excerpt(song, tmp_path, monkeypatch):
    ticks = count()
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    excerpt = song.slice(0, 6 * song.sample_rate)
    write_audio(tmp_path / "short.flac", excerpt, format_name="flac16")
    write_audio(tmp_path / "long.flac", join_blocks([excerpt] * 4), format_name="flac16")
    short, long = tmp_path / "short.flac", tmp_path / "long.flac"
    # One tick to load, and one for the timed excerpt: of 6 seconds, or of 15 in a longer song.
    assert measure_separation_seconds([short], tmp_path / "one", VocalExtraction("repet")) == pytest.approx(1 + 1)
    seconds = measure_separation_seconds([short, long, long], tmp_path / "all", VocalExtraction("repet"))
    assert seconds == pytest.approx(1 + 54 / 15, rel=1e-3)


@pytest.fixture
def folder(song, tmp_path):
    """Songs of two people, a file that is no sound, and a damaged one."""
    for name, start in (("ann/one", 0), ("ann/two", 40_000), ("ben/one", 80_000)):
        excerpt = song.slice(start, start + 2 * song.sample_rate)
        write_audio(tmp_path / "songs" / f"{name}.flac", excerpt, format_name="flac16")
    (tmp_path / "songs" / "notes.txt").write_text("no sound")
    damaged = (tmp_path / "songs" / "ann" / "one.flac").read_bytes()[:20_000]
    (tmp_path / "songs" / "ben" / "cut.flac").write_bytes(damaged)
    return tmp_path / "songs"


def test_vocals_are_extracted_from_the_songs_of_a_folder(folder, tmp_path):
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    made = extract_vocals([folder], tmp_path / "out", VocalExtraction("repet"))
    assert [path.name for path in made.sources] == ["one.flac", "two.flac", "one.flac"]
    for path in made.sources:
        assert read_audio(path).seconds == pytest.approx(2, abs=1e-4)
        assert [other.name for other in path.parent.iterdir()] == [path.name]
    assert any("notes.txt" in note for note in made.notes)
    assert any("cut.flac" in note for note in made.notes)
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before


def test_the_extraction_waits_for_the_device(folder, tmp_path):
    def stop_when_waiting(fraction, message):
        if str(message).startswith("Waiting"):
            raise Cancelled

    with exclusive_device(silent), ThreadPoolExecutor(1) as threads:
        work = threads.submit(
            extract_vocals, [folder], tmp_path / "out", VocalExtraction("repet"), progress=stop_when_waiting
        )
        assert isinstance(work.exception(60), Cancelled)


def test_vocals_of_sorted_songs_are_sorted_as_well(folder, tmp_path):
    made = extract_vocals([folder], tmp_path / "out", VocalExtraction("repet"), sort=read_two_speakers)
    (vocals,) = made.sources
    clips = read_two_speakers(vocals)
    assert {who: len(paths) for who, paths in clips.folders.items()} == {"ann": 2, "ben": 1}


def test_songs_that_are_all_damaged_are_refused(folder, tmp_path):
    with pytest.raises(UserError, match=r"cut\.flac"):
        extract_vocals([folder / "ben" / "cut.flac"], tmp_path / "out", VocalExtraction("repet"))
