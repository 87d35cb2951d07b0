"""The starter's corpus: exact sums, levels as promised, the same again, and a test that training never heard."""

import numpy as np
import pytest
import torch

from starters.separator import corpus
from starters.separator.corpus import TEST, TRAINING, Pool, fill_pool, held_out_mixture, mix, render_band, render_vocals
from starters.separator.effects import active_level
from starters.separator.train import Excerpts, Plan


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    fill_pool(folder, tracks=3)
    return Pool(folder)


@pytest.fixture(scope="module")
def vocals():
    return render_vocals(TRAINING, 0, seconds=4)


@pytest.fixture(scope="module")
def layers():
    return render_band(TRAINING, 0, seconds=4)


def voices_of(half) -> set[str]:
    cast = half.cast
    return {f"{name}+{variant}" for names in cast.languages.values() for name in names for variant in cast.variants} | {
        *cast.recorded
    }


def test_a_song_is_the_exact_sum_of_its_stems(pool):
    mixture = pool.draw(np.random.default_rng(3), 44_100)
    assert mixture.song.dtype == np.float32
    np.testing.assert_array_equal(mixture.song, mixture.vocals + mixture.accompaniment)


def test_tracks_and_layers_are_stored_at_one_level(vocals, layers):
    for sound in (vocals, *layers.values()):
        assert sound.shape == (2, 4 * 44_100)
        assert np.isfinite(sound).all()
        assert active_level(sound) == pytest.approx(corpus.LEVEL, rel=0.01)


def test_the_voice_is_within_6_db_of_the_band_and_nothing_clips(vocals, layers):
    band = sum(layers.values())
    for seed in range(20):
        mixture = mix(vocals, band, np.random.default_rng(seed))
        ratio_db = 20 * np.log10(active_level(mixture.vocals) / active_level(mixture.accompaniment))
        assert -6.1 < ratio_db < 6.1
        assert 0.1 < np.abs(mixture.song).max() < 1.0


@pytest.mark.parametrize("half", [TRAINING, TEST])
def test_a_track_follows_from_its_number(half):
    np.testing.assert_array_equal(render_vocals(half, 5, seconds=3), render_vocals(half, 5, seconds=3))
    first, again = render_band(half, 5, seconds=3), render_band(half, 5, seconds=3)
    assert first.keys() == again.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])


def test_the_same_seed_draws_the_same_songs_and_another_seed_others(pool):
    def drawn(seed):
        generator = np.random.default_rng(seed)
        return [pool.draw(generator, 20_000).song for _ in range(3)]

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert not np.array_equal(drawn(1), drawn(2))


def test_some_songs_are_all_voice_and_some_all_music(pool):
    """Or the model would hear a voice in everything."""
    generator = np.random.default_rng(0)
    drawn = [pool.draw(generator, 4_410) for _ in range(300)]
    assert 5 < sum(not mixture.accompaniment.any() for mixture in drawn) < 90
    assert 5 < sum(not mixture.vocals.any() for mixture in drawn) < 90


def test_the_test_shares_nothing_with_the_training():
    assert not voices_of(TRAINING) & voices_of(TEST)
    assert not set(TRAINING.cast.variants) & set(TEST.cast.variants)
    sentences = [{text for texts in half.cast.sentences.values() for text in texts} for half in (TRAINING, TEST)]
    assert not sentences[0] & sentences[1]
    assert not set(TRAINING.band.instruments) & set(TEST.band.instruments)
    assert TRAINING.band.kit is not TEST.band.kit
    assert not set(TRAINING.band.progressions) & set(TEST.band.progressions)


def test_the_voices_of_the_examples_and_of_the_later_evaluation_are_kept_out():
    assert not {"f3", "m3"} & set(TRAINING.cast.variants)
    assert "rms" not in TRAINING.cast.recorded


def test_every_voice_has_something_to_say():
    for half in (TRAINING, TEST):
        assert set(half.cast.languages) - {""} == set(half.cast.sentences)


def test_a_held_out_song_has_voice_and_music():
    mixture = held_out_mixture(2, seconds=3)
    assert mixture.vocals.shape == mixture.accompaniment.shape == (2, 3 * 44_100)
    assert mixture.vocals.any()
    assert mixture.accompaniment.any()


def test_training_hears_what_the_mixture_holds(pool):
    """The best share of the song's spectrum, and what even that leaves wrong, are those of its vocals."""
    magnitudes, share, rest = next(iter(Excerpts(pool.folder, Plan(moments=32))))
    assert magnitudes.shape == share.shape == rest.shape == (2, 32, 1024)
    assert (magnitudes >= 0).all()
    assert (rest >= 0).all()
    assert torch.isfinite(share).all()
    # What is left wrong is at a right angle to the song, so it is no larger than the vocals are.
    vocals = ((share * magnitudes) ** 2 + rest**2).sum().sqrt()
    assert rest.norm() <= vocals * 1.0001
