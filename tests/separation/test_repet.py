"""The preview engine: stems of the right shape that sum to the song, and voices really come forward."""

import numpy as np
import pytest
import soundfile
from measures import si_sdr_db

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.reading import open_audio, read_audio
from vc_core.files.writing import write_audio
from vc_core.progress import Cancelled
from vc_core.separation import SEPARATORS, load_separator


@pytest.fixture(scope="module")
def engine():
    return load_separator("repet", "cpu")


@pytest.fixture(scope="module")
def stems(engine, song):
    return engine.separate(song)


@pytest.fixture(scope="module")
def long_song(song):
    """Three windows, in mono."""
    return song.with_samples(np.tile(song.samples[:1], 2))


def test_vocals_of_the_example_are_separated(stems, song, song_vocals):
    before, after = (
        si_sdr_db(song_vocals.samples, song.samples),
        si_sdr_db(song_vocals.samples, stems["vocals"].samples),
    )
    assert after - before > 4.0
    music = song.samples - song_vocals.samples
    assert si_sdr_db(music, stems["accompaniment"].samples) - si_sdr_db(music, song.samples) > 4.0


def test_the_stems_sum_to_the_song(stems, song):
    total = stems["vocals"].samples + stems["accompaniment"].samples
    np.testing.assert_allclose(total, song.samples, atol=1e-6)


@pytest.mark.parametrize("frames", [1, 100, 4_095, 4_096, 8_000, 8_000 * 41 + 7])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_length_comes_out_to_the_sample(engine, song, frames, channels):
    audio = Audio(np.resize(song.samples[:channels], (channels, frames)), 8_000)
    stems = engine.separate(audio)
    assert {stem.samples.shape for stem in stems.values()} == {(channels, frames)}
    assert all(np.isfinite(stem.samples).all() for stem in stems.values())


@pytest.mark.parametrize("rate", [8_000, 22_050, 96_000])
def test_any_rate_is_kept(engine, song, rate):
    stems = engine.separate(song.slice(0, 200_000).resample(rate))
    assert {stem.sample_rate for stem in stems.values()} == {rate}


def test_silence_stays_silence(engine):
    stems = engine.separate(Audio(np.zeros((2, 44_100 * 3), np.float32), 44_100))
    assert not any(stem.samples.any() for stem in stems.values())


def test_windows_join_without_a_click(engine, long_song):
    """What the engine adds must not jump where they meet."""
    vocals = engine.separate(long_song)["vocals"].samples
    steps = np.abs(np.diff(vocals, axis=1)).max(axis=0)
    usual = np.percentile(steps, 99.9)
    for border in range(20 * 44_100, long_song.frames, 20 * 44_100):
        assert steps[border - 50 : border + 50].max() < 3 * usual


def test_from_file_to_file_gives_the_same_as_in_memory(engine, stems, song, tmp_path):
    path = tmp_path / "song.wav"
    write_audio(path, song, format_name="wav32")
    saved = engine.separate_file(open_audio(path), tmp_path / "out", format_name="wav32")
    assert set(saved) == set(stems) == {"vocals", "accompaniment"}
    for name, stem in stems.items():
        np.testing.assert_allclose(read_audio(saved[name].path).samples, stem.samples, atol=1e-6)


def test_a_stopped_separation_leaves_no_files(engine, long_song, tmp_path):
    path = tmp_path / "song.wav"
    write_audio(path, long_song, format_name="wav16")

    def stop_late(fraction, message):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.separate_file(open_audio(path), tmp_path / "out", progress=stop_late)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_fault_in_the_middle_of_a_file_leaves_no_files(engine, long_song, tmp_path):
    samples = long_song.samples.copy()
    samples[0, -10] = np.nan
    soundfile.write(tmp_path / "song.wav", samples.T, long_song.sample_rate, "FLOAT")  # ours refuses to write it
    with pytest.raises(UserError, match="not numbers"):
        engine.separate_file(open_audio(tmp_path / "song.wav"), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match="There are: .*repet"):
        load_separator("magic", "cpu")


def test_the_preview_is_labelled_as_one():
    assert "preview" in SEPARATORS["repet"].label.lower()
    assert "preview" in SEPARATORS["repet"].notice.lower()
