"""Mixdown: sample-synchronous tracks, gains, loudness normalisation, no clipping."""

import numpy as np
import pytest

from vc_core.cover.mixdown import MixPlan, Track, make_track_paths, write_mix
from vc_core.files.provenance import Provenance, read_origin
from vc_core.files.reading import open_audio, read_audio
from vc_core.files.writing import write_audio
from vc_core.signal.loudness import measure_loudness_lufs, measure_true_peak_db


@pytest.fixture
def tracks(song, song_vocals, tmp_path):
    """Vocals and the rest of ten seconds of the song."""
    vocals, whole = (audio.slice(0, 10 * 44_100 + 3) for audio in (song_vocals, song))
    rest = whole.with_samples(whole.samples - vocals.samples)
    found = {}
    for name, audio in (("vocals", vocals), ("accompaniment", rest)):
        write_audio(tmp_path / f"{name}.wav", audio, format_name="wav32")
        found[name] = Track(open_audio(tmp_path / f"{name}.wav"))
    return found


def mix_down(tracks, folder, **plan):
    paths = make_track_paths(folder, ["mix", *tracks], "wav32")
    made = write_mix(tracks, MixPlan(paths["mix"], paths, format_name="wav32", **plan))
    return made, read_audio(paths["mix"]), {name: read_audio(paths[name]) for name in tracks}


def test_vocals_and_accompaniment_add_up_to_the_song(tracks, song, tmp_path):
    made, mix, _ = mix_down(tracks, tmp_path / "out")
    np.testing.assert_allclose(mix.samples, song.samples[:, : mix.frames], atol=1e-6)
    assert mix.frames == 10 * 44_100 + 3
    assert made.gain_db == 0.0


def test_the_mix_has_the_requested_loudness_and_is_the_sum_of_its_tracks(tracks, tmp_path):
    made, mix, stems = mix_down(tracks, tmp_path / "out", lufs=-23.0)
    assert measure_loudness_lufs(mix) == pytest.approx(-23.0, abs=0.1)
    assert made.gain_db < 0
    np.testing.assert_allclose(mix.samples, sum(stem.samples for stem in stems.values()), atol=1e-6)


def test_each_track_has_its_own_gain(tracks, tmp_path):
    louder = tracks | {"vocals": Track(tracks["vocals"].file, 6.0)}
    _, _, plain = mix_down(tracks, tmp_path / "a")
    _, _, louder_stems = mix_down(louder, tmp_path / "b")
    np.testing.assert_allclose(
        louder_stems["vocals"].samples, plain["vocals"].samples * 10 ** (6 / 20), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_array_equal(louder_stems["accompaniment"].samples, plain["accompaniment"].samples)


def test_a_loud_mix_is_limited_with_a_note(tracks, tmp_path):
    paths = make_track_paths(tmp_path / "out", ["mix", *tracks], "flac24")
    made = write_mix(tracks, MixPlan(paths["mix"], paths, lufs=-6.0))
    assert measure_true_peak_db(read_audio(paths["mix"])) <= -0.05
    assert any("Peaks were lowered" in note for note in made.notes)


def test_only_generated_tracks_have_provenance(tracks, tmp_path):
    origin = Provenance("cover", "Clara", "instant")
    paths = make_track_paths(tmp_path / "out", ["mix", *tracks], "flac16")
    write_mix(tracks, MixPlan(paths["mix"], paths, None, "flac16", {"vocals": origin}, origin))
    assert read_origin(paths["mix"]).provenance.voice == "Clara"
    assert read_origin(paths["vocals"]).provenance.ai_generated
    assert read_origin(paths["accompaniment"]).provenance is None


def test_silence_stays_silent(tone, tmp_path):
    write_audio(tmp_path / "x.wav", tone().with_samples(tone().samples * 0), format_name="wav32")
    made, mix, _ = mix_down({"vocals": Track(open_audio(tmp_path / "x.wav"))}, tmp_path / "out", lufs=-14.0)
    assert not mix.samples.any()
    assert made.gain_db == 0.0
