"""Slicing: nothing audible is lost, lengths keep to the options, and no file is overwritten."""

import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.recipes.slice import SlicingOptions, SlicingTask

SAMPLE_RATE = 8_000


def make_phrases(count: int, *, seconds: float = 4.0, pause_seconds: float = 1.0, level: float = 0.2) -> Audio:
    """Stereo phrases of a swelling tone with silence between them; phrase n has a tone of 100 n Hz."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    swell = np.sin(np.pi * times / seconds) ** 0.5
    pause = np.zeros(round(pause_seconds * SAMPLE_RATE))
    phrases = [[level * swell * np.sin(2 * np.pi * 100 * n * times), pause] for n in range(1, count + 1)]
    mono = np.concatenate([wave for phrase in phrases for wave in phrase]).astype(np.float32)
    return Audio(np.stack([mono, -0.5 * mono]), SAMPLE_RATE)


def slice_all(tmp_path, *recordings: Audio, name="talk", **options):
    paths = [tmp_path / f"in{at}" / f"{name}.wav" for at in range(len(recordings))]
    for path, recording in zip(paths, recordings, strict=True):
        write_audio(path, recording, format_name="wav32")
    return SlicingTask(paths, tmp_path / "out", SlicingOptions(format_name="wav32", **options)).run()


@pytest.mark.parametrize("level", [0.2, 0.002])
def test_a_long_recording_is_cut_in_its_pauses_into_slices_of_10_to_15_seconds(tmp_path, level):
    recording = make_phrases(20, level=level)  # 100 seconds
    made = slice_all(tmp_path, recording)
    slices = [read_audio(path) for path in made.files]
    assert all(10 <= one.seconds <= 15 for one in slices[:-1])
    assert slices[-1].seconds <= 15
    assert all(one.channels == 2 for one in slices)
    loud = sum(np.count_nonzero(np.abs(one.samples[0]) > 0.1 * level) for one in slices)
    assert loud == np.count_nonzero(np.abs(recording.samples[0]) > 0.1 * level)
    assert max(np.abs(one.samples[:, edge]).max() for one in slices for edge in (0, -1)) < 0.01 * level
    assert made.seconds == pytest.approx(sum(one.seconds for one in slices))


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shortest=st.floats(0.5, 8), spread=st.floats(0.5, 10), kept=st.floats(0, 1), hop=st.floats(0.001, 0.02))
def test_no_slice_is_longer_than_asked(tmp_path, shortest, spread, kept, hop):
    lengths = {"min_seconds": shortest, "max_seconds": max(1, shortest + spread)}
    made = slice_all(tmp_path, make_phrases(4), retained_silence_seconds=kept, hop_seconds=hop, **lengths)
    assert all(read_audio(path).seconds <= lengths["max_seconds"] for path in made.files)


def test_the_options_reach_the_cut(tmp_path):
    recording = make_phrases(4)
    short = slice_all(tmp_path, recording, min_seconds=3, max_seconds=6)
    bare = slice_all(tmp_path, recording, min_seconds=3, max_seconds=6, retained_silence_seconds=0)
    assert len(short.files) == len(bare.files) == 4
    assert bare.seconds < short.seconds - 2
    one = slice_all(tmp_path, recording, min_seconds=20, max_seconds=30, min_silence_seconds=2)
    assert len(one.files) == 1


def test_recordings_of_one_name_and_earlier_slices_stay_apart(tmp_path):
    first = slice_all(tmp_path, make_phrases(3), make_phrases(3, level=0.1))
    before = {path: path.read_bytes() for path in first.files}
    again = slice_all(tmp_path, make_phrases(2))
    assert not set(first.files) & set(again.files)
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_zip_and_a_file_that_is_no_sound(tmp_path):
    write_audio(tmp_path / "a.wav", make_phrases(3), format_name="wav16")
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.write(tmp_path / "a.wav", "day/a.wav")
        archive.writestr("day/notes.txt", "no sound")
    made = SlicingTask([tmp_path / "both.zip"], tmp_path / "out").run()
    assert [path.name for path in made.files] == ["a_001.flac"]
    assert any("notes.txt" in note for note in made.notes)


def test_silence_and_impossible_lengths_are_refused(tmp_path):
    with pytest.raises(UserError, match="silent"):
        slice_all(tmp_path, Audio(np.zeros((1, 80_000), np.float32), SAMPLE_RATE))
    with pytest.raises(UserError, match="longer than the shortest"):
        SlicingOptions(min_seconds=10, max_seconds=10.2)
    with pytest.raises(UserError, match="from 0.5 to 60"):
        SlicingOptions(min_seconds=float("nan"))
