"""The separation corpus: exact sums, levels, reproducibility, and a held-out test split."""

import numpy as np
import pytest

from starters.separator import corpus
from starters.separator.corpus import TEST, TRAINING, fill_pool, held_out_mixture, mix, render_band, render_vocals
from starters.separator.effects import measure_active_level
from starters.separator.remix import Pool


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    fill_pool(folder / "synthetic", tracks=3)
    # The other kind needs programs and speech that aren't there in tests: the same tracks stand in for it.
    (folder / "natural").symlink_to(folder / "synthetic")
    return Pool(folder)


@pytest.fixture(scope="module")
def vocals():
    return render_vocals(TRAINING, 0, seconds=4)


@pytest.fixture(scope="module")
def layers():
    return render_band(TRAINING, 0, seconds=4)


def voices_of(split) -> set[str]:
    cast = split.cast
    return {f"{name}+{variant}" for names in cast.languages.values() for name in names for variant in cast.variants} | {
        *cast.recorded
    }


def test_a_song_is_the_exact_sum_of_its_stems(pool):
    mixture = pool.draw(np.random.default_rng(3), 44_100)
    assert mixture.song.dtype == np.float32
    np.testing.assert_array_equal(mixture.song, mixture.vocals + mixture.accompaniment)


def test_tracks_and_layers_are_stored_at_the_same_level(vocals, layers):
    for sound in (vocals, *layers.values()):
        assert sound.shape == (2, 4 * 44_100)
        assert np.isfinite(sound).all()
        assert measure_active_level(sound) == pytest.approx(corpus.LEVEL, rel=0.01)


def test_the_vocals_are_within_6_db_of_the_band_without_clipping(vocals, layers):
    band = sum(layers.values())
    for seed in range(20):
        mixture = mix(vocals, band, np.random.default_rng(seed))
        ratio_db = 20 * np.log10(measure_active_level(mixture.vocals) / measure_active_level(mixture.accompaniment))
        assert -6.1 < ratio_db < 6.1
        assert 0.1 < np.abs(mixture.song).max() < 1.0


@pytest.mark.parametrize("split", [TRAINING, TEST])
def test_a_track_follows_from_its_number(split):
    np.testing.assert_array_equal(render_vocals(split, 5, seconds=3), render_vocals(split, 5, seconds=3))
    first, again = render_band(split, 5, seconds=3), render_band(split, 5, seconds=3)
    assert first.keys() == again.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])


def test_the_same_seed_draws_the_same_songs_and_another_seed_others(pool):
    def drawn(seed):
        generator = np.random.default_rng(seed)
        return [pool.draw(generator, 20_000).song for _ in range(3)]

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert not np.array_equal(drawn(1), drawn(2))


def test_some_songs_are_only_vocals_and_some_only_music(pool):
    """Otherwise the model would find vocals everywhere."""
    generator = np.random.default_rng(0)
    drawn = [pool.draw(generator, 4_410) for _ in range(300)]
    assert 5 < sum(not mixture.accompaniment.any() for mixture in drawn) < 90
    assert 5 < sum(not mixture.vocals.any() for mixture in drawn) < 90


def test_the_splits_share_nothing():
    assert not voices_of(TRAINING) & voices_of(TEST)
    assert not set(TRAINING.cast.variants) & set(TEST.cast.variants)
    sentences = [{text for texts in split.cast.sentences.values() for text in texts} for split in (TRAINING, TEST)]
    assert not sentences[0] & sentences[1]
    assert not set(TRAINING.band.instruments) & set(TEST.band.instruments)
    assert TRAINING.band.kit is not TEST.band.kit
    assert not set(TRAINING.band.progressions) & set(TEST.band.progressions)


def test_the_voices_of_the_examples_and_evaluations_are_held_out():
    assert not {"f3", "m3"} & set(TRAINING.cast.variants)
    assert "rms" not in TRAINING.cast.recorded


def test_every_language_has_sentences():
    for split in (TRAINING, TEST):
        assert set(split.cast.languages) - {""} == set(split.cast.sentences)


def test_a_held_out_song_has_vocals_and_music():
    mixture = held_out_mixture(2, seconds=3)
    assert mixture.vocals.shape == mixture.accompaniment.shape == (2, 3 * 44_100)
    assert mixture.vocals.any()
    assert mixture.accompaniment.any()
