"""A mix of stems: exact sums, levels, memory, marks, and sentences for what can't be mixed."""

import tracemalloc

import numpy as np
import pytest

from vc_core.errors import UserError
from vc_core.files.provenance import Provenance, read_origin
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.recipes.mix_stems import MixTask, pair_levels
from vc_core.recipes.task import perform


@pytest.fixture
def stems(song, song_vocals, tmp_path):
    """Vocals and the rest of twelve seconds, so that there is more than a block."""
    vocals, whole = (audio.slice(0, 12 * 44_100 + 5) for audio in (song_vocals, song))
    rest = whole.with_samples(whole.samples - vocals.samples)
    for name, audio in (("vocals", vocals), ("rest", rest)):
        write_audio(tmp_path / f"{name}.wav", audio, format_name="wav32")
    return tmp_path / "vocals.wav", tmp_path / "rest.wav"


def mix(stems, levels_db, target):
    perform(MixTask(pair_levels(stems, levels_db), target, "wav32"))
    return read_audio(target)


def test_without_levels_the_stems_are_the_song(stems, song, tmp_path):
    made = mix(stems, [], tmp_path / "mix.wav")
    np.testing.assert_allclose(made.samples, song.samples[:, : made.frames], atol=1e-6)
    assert made.frames == 12 * 44_100 + 5


def test_each_stem_has_its_level(stems, tmp_path):
    made = mix(stems, [-6, 3.5], tmp_path / "mix.wav")
    vocals, rest = (read_audio(stem).samples for stem in stems)
    np.testing.assert_allclose(made.samples, vocals * 10 ** (-6 / 20) + rest * 10 ** (3.5 / 20), atol=1e-6)


def test_a_stem_that_ends_early_is_silent_from_there_on(stems, tmp_path):
    rest = read_audio(stems[1])
    write_audio(tmp_path / "short.wav", rest.slice(0, 44_100), format_name="wav32")
    made = mix((tmp_path / "short.wav", stems[0]), [0, 0], tmp_path / "mix.wav")
    np.testing.assert_allclose(made.samples[:, 44_100:], read_audio(stems[0]).samples[:, 44_100:], atol=1e-6)


def test_memory_does_not_grow_with_the_song(tone, tmp_path):
    peaks = []
    for seconds in (60, 240):
        path = tmp_path / f"{seconds}.wav"
        write_audio(path, tone(seconds=seconds, sample_rate=16_000), format_name="wav16")
        task = MixTask(pair_levels([path, path], []), tmp_path / f"mix-{seconds}.wav", "wav16")
        tracemalloc.start()
        task.run()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_mix_with_a_generated_stem_is_marked_as_generated(stems, tmp_path, tone):
    sung = tmp_path / "sung.wav"
    write_audio(sung, tone(seconds=1), format_name="wav16", provenance=Provenance("cover", "Ann", "instant"))
    mix([stems[1], sung], [], tmp_path / "with.wav")
    mix(stems, [], tmp_path / "without.wav")
    assert read_origin(tmp_path / "with.wav").provenance.voice == "Ann"
    assert read_origin(tmp_path / "without.wav").provenance is None


@pytest.mark.parametrize("level", [-41, 12.5, float("nan"), float("inf"), "loud", None, True])
def test_a_bad_level_is_refused_with_the_name_of_its_stem(stems, level):
    with pytest.raises(UserError, match="“rest.wav” is a number from -40 to 12 dB"):
        pair_levels(stems, [0, level])


def test_there_is_a_level_for_each_stem(stems):
    with pytest.raises(UserError, match="2 stems and 1 levels"):
        pair_levels(stems, [0])


def test_nothing_and_stems_of_different_rates_are_refused(stems, tmp_path, tone):
    write_audio(tmp_path / "other.wav", tone(sample_rate=48_000), format_name="wav16")
    with pytest.raises(UserError, match="another sample rate than"):
        mix([stems[0], tmp_path / "other.wav"], [], tmp_path / "mix.wav")
    with pytest.raises(UserError, match="every stem is muted"):
        mix([], [], tmp_path / "mix.wav")
    assert not (tmp_path / "mix.wav").exists()
