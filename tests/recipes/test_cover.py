"""A cover is as long as its song, in step with it, as loud, never clipped; and only what changed is done again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vc_core.audio import Audio, join
from vc_core.conversion import STARTER_VOICES, ConversionOptions
from vc_core.errors import UserError
from vc_core.loudness import loudness_lufs, true_peak_db
from vc_core.progress import Cancelled
from vc_core.provenance import read_origin
from vc_core.reading import open_audio, read_audio
from vc_core.recipes import CoverOptions, advise_key, cover_song, preflight_cover, prepare_cover, separate_for_cover
from vc_core.slicing import hop_levels_db
from vc_core.stage_cache import StageCache
from vc_core.transposing import transposed
from vc_core.voices import VoiceLibrary
from vc_core.writing import write_audio

EXCERPT = (3 * 44_100, 8 * 44_100 + 17)
"""Of the example: five seconds, and a few frames so that nothing divides."""


@pytest.fixture(scope="module")
def clara(tmp_path_factory):
    return VoiceLibrary(tmp_path_factory.mktemp("voices"), shipped=[STARTER_VOICES]).find("Clara")


@pytest.fixture(scope="module")
def tune(tmp_path_factory, song):
    path = tmp_path_factory.mktemp("tune") / "tune.wav"
    write_audio(path, song.between(*EXCERPT), format_name="wav32")
    return open_audio(path)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return StageCache(tmp_path_factory.mktemp("stages"))


@pytest.fixture(scope="module")
def made(tune, clara, cache, tmp_path_factory):
    """A cover with nothing chosen, and the steps that were told."""
    steps = []
    cover = cover_song(
        tune, clara, tmp_path_factory.mktemp("out"), cache=cache, progress=lambda at, said: steps.append((at, said))
    )
    return cover, steps


def sound(path: Path) -> Audio:
    return read_audio(path)


def test_the_cover_is_as_long_as_loud_and_not_clipped(made, tune):
    cover, song = sound(made[0].path), read_audio(tune.path)
    assert cover.samples.shape == song.samples.shape
    assert loudness_lufs(cover) == pytest.approx(loudness_lufs(song), abs=0.5)
    assert true_peak_db(cover) <= -0.05


def test_the_music_is_the_songs_own_and_the_stems_are_the_cover(made, tune):
    stems = {name: sound(path) for name, path in made[0].stems.items()}
    assert set(stems) == {"vocals", "accompaniment", "original-vocals"}
    beside = np.abs(sound(made[0].path).samples - stems["vocals"].samples - stems["accompaniment"].samples)
    assert np.quantile(beside, 0.95) < 1e-6  # except where the limiter had to lower a peak
    own = read_audio(tune.path).samples - stems["original-vocals"].samples
    assert np.corrcoef(stems["accompaniment"].samples.ravel(), own.ravel())[0, 1] > 0.99


def test_what_separation_leaves_of_a_bass_is_not_sung(made):
    """Below any melody it gave single pulses, more than twice as high as all else."""
    old, new = (np.abs(sound(made[0].stems[name]).samples).max() for name in ("original-vocals", "vocals"))
    assert new < 1.5 * old


def test_the_new_voice_is_in_step_with_the_old_one_and_as_loud(made):
    old, new = (sound(made[0].stems[name]) for name in ("original-vocals", "vocals"))
    levels = [np.maximum(hop_levels_db(audio, 88), -60.0) for audio in (old, new)]  # every 2 ms
    levels = [level - level.mean() for level in levels]
    lag = np.correlate(levels[1], levels[0], "full").argmax() - (len(levels[0]) - 1)
    assert abs(lag) <= 5  # their likeness hardly changes within 10 ms
    assert loudness_lufs(new) == pytest.approx(loudness_lufs(old), abs=2.0)
    assert np.corrcoef(old.samples[0], new.samples[0])[0, 1] < 0.5  # and yet another voice


def test_made_sound_says_so_and_the_music_does_not(made):
    origin = read_origin(made[0].path).provenance
    assert (origin.task, origin.voice) == ("cover", "Clara")
    assert read_origin(made[0].stems["vocals"]).provenance.ai_generated
    assert read_origin(made[0].stems["accompaniment"]).provenance is None
    assert made[0].picture.is_file()


def test_progress_goes_from_nothing_to_all_and_names_each_step(made):
    fractions = [at for at, _ in made[1]]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == pytest.approx(1.0)
    said = [title for _, message in made[1] if (title := message.split(":")[0])]
    assert list(dict.fromkeys(said)) == ["Separating", "Finding the melody", "Converting", "Matching", "Mixing"]


def test_another_key_does_again_only_what_depends_on_it(made, tune, clara, cache, tmp_path):
    before = {entry.name: entry.stat().st_ino for entry in cache.folder.iterdir()}
    said = []
    options = CoverOptions(vocals_shift_semitones=12, music_shift_semitones=-2)
    cover = cover_song(tune, clara, tmp_path, options, cache=cache, progress=lambda at, what: said.append(what))
    assert cover.shift_semitones == made[0].shift_semitones + 12
    assert not any(what.startswith(("Separating", "Finding")) for what in said)
    after = {entry.name: entry.stat().st_ino for entry in cache.folder.iterdir()}
    assert before.items() <= after.items()
    kinds = sorted(name.split("-")[0] for name in after.keys() - before.keys())
    assert kinds == ["converted", "matched", "transposed"]
    assert sound(cover.stems["accompaniment"]).frames == tune.frames


def test_a_cover_that_was_stopped_goes_on_where_it_was(tune, clara, tmp_path):
    cache, said = StageCache(tmp_path / "stages"), []

    def stopping(at, what):
        if what.startswith("Converting"):
            raise Cancelled

    with pytest.raises(Cancelled):
        cover_song(tune, clara, tmp_path / "out", cache=cache, progress=stopping)
    assert not (tmp_path / "out").exists()
    assert [entry.name.split("-")[0] for entry in sorted(cache.folder.iterdir())] == ["pitch", "separated"]
    cover_song(tune, clara, tmp_path / "out", cache=cache, progress=lambda at, what: said.append(what))
    assert not any(what.startswith("Separating") for what in said)


def test_clean_vocals_are_not_separated(clara, cache, tmp_path, song_vocals):
    path = tmp_path / "acapella.wav"
    write_audio(path, song_vocals.between(0, 6 * 44_100).mono(), format_name="wav32")
    cover = cover_song(open_audio(path), clara, tmp_path / "out", CoverOptions(vocals_are_clean=True), cache=cache)
    assert set(cover.stems) == {"vocals", "original-vocals"}
    made, original = sound(cover.path), read_audio(path)
    assert made.samples.shape == original.samples.shape
    np.testing.assert_allclose(made.samples, sound(cover.stems["vocals"]).samples, atol=1e-6)
    assert loudness_lufs(made) == pytest.approx(loudness_lufs(original), abs=0.5)


@pytest.fixture(scope="module")
def duet(tmp_path_factory, song_vocals):
    """Six seconds without music: a lead in the middle, and somebody a third above to the left."""
    path = tmp_path_factory.mktemp("duet") / "duet.wav"
    lead = song_vocals.between(3 * 44_100, 9 * 44_100).mono()
    above = 0.5 * np.roll(join(transposed([lead], 4)).samples[0], 900)
    sides = np.stack([above, 0.3 * above])
    write_audio(path, lead.with_samples((lead.samples + sides).astype(np.float32)), format_name="wav32")
    return open_audio(path), sides


def test_backing_vocals_are_left_and_kept_as_a_stage_of_their_own(duet, clara, tmp_path):
    (song, sides), cache, said = duet, StageCache(tmp_path / "stages"), []
    options = CoverOptions(vocals_are_clean=True, backing="left", matches_loudness=False)
    cover = cover_song(song, clara, tmp_path / "out", options, cache=cache, progress=lambda at, what: said.append(what))
    assert set(cover.stems) == {"vocals", "backing", "original-vocals"}
    backing, lead = sound(cover.stems["backing"]), sound(cover.stems["vocals"])
    assert np.corrcoef(backing.samples.ravel(), sides.ravel())[0, 1] > 0.95
    assert read_origin(cover.stems["backing"]).provenance is None  # nobody made it
    np.testing.assert_allclose(sound(cover.path).samples, backing.samples + lead.samples, atol=1e-3)
    parted = sum(entry.name.startswith("parted-") for entry in cache.folder.iterdir())
    assert parted == 1
    assert any(what.startswith("Parting lead and backing") for what in said)
    said.clear()
    louder = replace(options, vocals_db=-3.0)
    cover_song(song, clara, tmp_path / "softer", louder, cache=cache, progress=lambda at, what: said.append(what))
    assert {what.split(":")[0] for what in said} == {"Mixing"}


@pytest.mark.slow
def test_backing_vocals_are_sung_by_a_voice_of_their_own(duet, clara, cache, tmp_path):
    (song, sides), max_ = duet, VoiceLibrary(tmp_path / "voices", shipped=[STARTER_VOICES]).find("Max")
    options = CoverOptions(vocals_are_clean=True, backing="voice", backing_voice=max_)
    cover = cover_song(song, clara, tmp_path / "out", options, cache=cache)
    backing = sound(cover.stems["backing"])
    assert read_origin(cover.stems["backing"]).provenance.voice == "Max"
    assert abs(np.corrcoef(backing.samples.ravel(), sides.ravel())[0, 1]) < 0.5
    powers = np.square(backing.samples).sum(axis=1)
    assert powers[0] > 3 * powers[1]  # and stands where it stood
    cost = preflight_cover(song, clara, options, cache=cache).seconds
    assert cost > preflight_cover(song, clara, CoverOptions(vocals_are_clean=True), cache=cache).seconds


def test_vocals_of_one_channel_are_all_lead_and_this_is_said(clara, cache, tmp_path, song_vocals):
    path = tmp_path / "acapella.wav"
    write_audio(path, song_vocals.between(0, 6 * 44_100).mono(), format_name="wav32")
    options = CoverOptions(vocals_are_clean=True, backing="left")
    cover = cover_song(open_audio(path), clara, tmp_path / "out", options, cache=cache)
    assert set(cover.stems) == {"vocals", "original-vocals"}
    assert any("taken for the lead" in note for note in cover.notes)


@pytest.mark.slow
def test_emotion_gains_and_format_are_those_asked_for(made, tune, clara, cache, tmp_path):
    options = CoverOptions(
        emotion="angry", vocals_db=-6.0, matches_room=False, matches_loudness=False, format_name="wav16"
    )
    cover = cover_song(tune, clara, tmp_path, options, cache=cache)
    assert cover.path.name == "cover.wav"
    assert read_origin(cover.path).provenance.settings["emotion"] == "angry"
    assert sound(cover.path).frames == tune.frames
    accompaniment, original = (sound(cover.stems[name]) for name in ("accompaniment", "original-vocals"))
    np.testing.assert_allclose(
        accompaniment.samples + original.samples, read_audio(tune.path).samples, atol=1e-3
    )  # untouched, since nothing is matched
    plain = sound(made[0].stems["vocals"])
    assert np.corrcoef(plain.samples[0], sound(cover.stems["vocals"]).samples[0])[0, 1] < 0.99


@pytest.mark.slow
def test_a_part_of_a_song_and_a_silent_one_are_covered_too(tune, clara, cache, tmp_path):
    cover = cover_song(tune.excerpt(2.0, 1.5), clara, tmp_path / "part", cache=cache)
    assert sound(cover.path).frames == round(1.5 * 44_100)
    write_audio(tmp_path / "silence.wav", Audio(np.zeros((2, 44_100), np.float32), 44_100))
    cover = cover_song(open_audio(tmp_path / "silence.wav"), clara, tmp_path / "silent", cache=cache)
    assert not sound(cover.path).samples.any()


def test_the_advice_alone_is_that_of_the_cover(made, tune, clara, cache):
    advice = advise_key(tune, clara, cache=cache)
    assert advice.shift_semitones == made[0].advice.shift_semitones
    assert advice_of_both(tune, clara, cache) % 12 == 0


def advice_of_both(tune, clara, cache) -> int:
    advice = advise_key(tune, clara, CoverOptions(key="together"), cache=cache)
    return advice.shift_semitones - advice.music_shift_semitones


def test_the_cost_is_told_beforehand_and_known_after_the_first_run(tune, clara, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    cache = StageCache(tmp_path / "stages")
    guess = preflight_cover(tune, clara, cache=cache)
    assert guess.seconds > 1.0
    assert not guess.is_measured
    assert guess.download_megabytes == 0
    separate_for_cover(tune, clara, CoverOptions(), cache)
    after = preflight_cover(tune, clara, cache=cache)
    assert after.seconds < guess.seconds
    cover_song(tune, clara, tmp_path / "out", cache=cache)
    assert preflight_cover(tune, clara, cache=cache).is_measured
    spleeter = preflight_cover(tune, clara, CoverOptions(separator="spleeter"), cache=cache)
    assert spleeter.download_megabytes > 50
    assert 20 <= spleeter.lease_seconds <= 60
    assert preflight_cover(tune, clara, CoverOptions(vocals_are_clean=True), cache=cache).lease_seconds == 0


@pytest.mark.parametrize(
    "options",
    [
        {"key": "up"},
        {"backing": "loud"},
        {"backing": "voice"},
        {"format_name": "aac"},
        {"vocals_db": 99.0},
        {"emotion": "hungry"},
        {"separator": "magic"},
    ],
)
def test_what_is_not_there_is_refused(options, tune, clara, cache, tmp_path):
    with pytest.raises(UserError):
        cover_song(tune, clara, tmp_path, CoverOptions(**options), cache=cache)


def test_preparing_what_comes_with_the_app_needs_no_network(clara):
    prepare_cover(CoverOptions(), clara)
    prepare_cover(CoverOptions(vocals_are_clean=True, separator="demucs"), clara)


def test_too_far_a_shift_is_refused(tune, clara, cache, tmp_path):
    with pytest.raises(UserError, match="semitones"):
        cover_song(tune, clara, tmp_path, CoverOptions(vocals_shift_semitones=40), cache=cache)


@pytest.mark.slow
def test_the_voices_own_settings_are_part_of_what_is_kept(made, tune, clara, cache, tmp_path):
    options = CoverOptions(conversion=replace(ConversionOptions(), formant_shift_semitones=3.0))
    cover = cover_song(tune, clara, tmp_path, options, cache=cache)
    assert np.abs(sound(cover.stems["vocals"]).samples - sound(made[0].stems["vocals"]).samples).max() > 0.01
