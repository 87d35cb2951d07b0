"""Tracks meet to the sample, with their gains, as loud as asked, and never clipped."""

import numpy as np
import pytest

from vc_core.loudness import loudness_lufs, true_peak_db
from vc_core.mixing import MixPlan, Track, track_paths, write_mix
from vc_core.provenance import Provenance, read_origin
from vc_core.reading import open_audio, read_audio
from vc_core.writing import write_audio


@pytest.fixture
def tracks(song, song_vocals, tmp_path):
    """Vocals and the rest of ten seconds of the song."""
    vocals, whole = (audio.between(0, 10 * 44_100 + 3) for audio in (song_vocals, song))
    rest = whole.with_samples(whole.samples - vocals.samples)
    found = {}
    for name, audio in (("vocals", vocals), ("accompaniment", rest)):
        write_audio(tmp_path / f"{name}.wav", audio, format_name="wav32")
        found[name] = Track(open_audio(tmp_path / f"{name}.wav"))
    return found


def mixed(tracks, folder, **plan):
    paths = track_paths(folder, ["mix", *tracks], "wav32")
    made = write_mix(tracks, MixPlan(paths["mix"], paths, format_name="wav32", **plan))
    return made, read_audio(paths["mix"]), {name: read_audio(paths[name]) for name in tracks}


def test_vocals_and_the_rest_are_the_song_again(tracks, song, tmp_path):
    made, mix, _ = mixed(tracks, tmp_path / "out")
    np.testing.assert_allclose(mix.samples, song.samples[:, : mix.frames], atol=1e-6)
    assert mix.frames == 10 * 44_100 + 3
    assert made.gain_db == 0.0


def test_the_mix_is_as_loud_as_asked_and_still_the_sum_of_its_tracks(tracks, tmp_path):
    made, mix, parts = mixed(tracks, tmp_path / "out", lufs=-23.0)
    assert loudness_lufs(mix) == pytest.approx(-23.0, abs=0.1)
    assert made.gain_db < 0
    np.testing.assert_allclose(mix.samples, sum(part.samples for part in parts.values()), atol=1e-6)


def test_gains_are_those_of_the_tracks(tracks, tmp_path):
    louder = tracks | {"vocals": Track(tracks["vocals"].file, 6.0)}
    _, _, plain = mixed(tracks, tmp_path / "a")
    _, _, parts = mixed(louder, tmp_path / "b")
    np.testing.assert_allclose(parts["vocals"].samples, plain["vocals"].samples * 10 ** (6 / 20), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(parts["accompaniment"].samples, plain["accompaniment"].samples)


def test_a_loud_mix_does_not_clip_and_says_so(tracks, tmp_path):
    paths = track_paths(tmp_path / "out", ["mix", *tracks], "flac24")
    made = write_mix(tracks, MixPlan(paths["mix"], paths, lufs=-6.0))
    assert true_peak_db(read_audio(paths["mix"])) <= -0.05
    assert any("Peaks were lowered" in note for note in made.notes)


def test_only_what_is_made_says_so(tracks, tmp_path):
    origin = Provenance("cover", "Clara", "instant")
    paths = track_paths(tmp_path / "out", ["mix", *tracks], "flac16")
    write_mix(tracks, MixPlan(paths["mix"], paths, None, "flac16", {"vocals": origin}, origin))
    assert read_origin(paths["mix"]).provenance.voice == "Clara"
    assert read_origin(paths["vocals"]).provenance.ai_generated
    assert read_origin(paths["accompaniment"]).provenance is None


def test_silence_stays_silence(tone, tmp_path):
    write_audio(tmp_path / "x.wav", tone().with_samples(tone().samples * 0), format_name="wav32")
    made, mix, _ = mixed({"vocals": Track(open_audio(tmp_path / "x.wav"))}, tmp_path / "out", lufs=-14.0)
    assert not mix.samples.any()
    assert made.gain_db == 0.0
