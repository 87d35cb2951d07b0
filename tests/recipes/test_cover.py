"""Covers: length, sync, loudness and peaks as in the song; cached stages do not run again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vc_core.audio import Audio, join_blocks
from vc_core.conversion import STARTER_VOICES, ConversionOptions
from vc_core.cover.options import CoverOptions
from vc_core.cover.stage_cache import StageCache
from vc_core.errors import UserError
from vc_core.files.provenance import read_origin
from vc_core.files.reading import open_audio, read_audio
from vc_core.files.writing import write_audio
from vc_core.progress import Cancelled
from vc_core.recipes.cover import advise_key, cover_song, preflight_cover, prepare_cover, separate_for_cover
from vc_core.signal.clips import measure_hop_levels_db
from vc_core.signal.loudness import measure_loudness_lufs, measure_true_peak_db
from vc_core.signal.transposing import transpose_blocks
from vc_core.voices.library import VoiceLibrary

EXCERPT = (3 * 44_100, 8 * 44_100 + 17)
"""Five seconds of the example, and some frames more so that no block size divides the length."""


@pytest.fixture(scope="module")
def clara(tmp_path_factory):
    return VoiceLibrary(tmp_path_factory.mktemp("voices"), shipped=[STARTER_VOICES]).find("Clara")


@pytest.fixture(scope="module")
def tune(tmp_path_factory, song):
    path = tmp_path_factory.mktemp("tune") / "tune.wav"
    write_audio(path, song.slice(*EXCERPT), format_name="wav32")
    return open_audio(path)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return StageCache(tmp_path_factory.mktemp("stages"))


@pytest.fixture(scope="module")
def made(tune, clara, cache, tmp_path_factory):
    """A cover with the default options, and its progress updates."""
    updates = []
    cover = cover_song(
        tune, clara, tmp_path_factory.mktemp("out"), cache=cache, progress=lambda *update: updates.append(update)
    )
    return cover, updates


def record(messages: list[str]):
    """A progress that records its messages."""
    return lambda fraction, message: messages.append(str(message))


def read(path: Path) -> Audio:
    return read_audio(path)


def test_the_cover_has_the_length_and_loudness_of_the_song_and_does_not_clip(made, tune):
    cover, song = read(made[0].path), read_audio(tune.path)
    assert cover.samples.shape == song.samples.shape
    assert measure_loudness_lufs(cover) == pytest.approx(measure_loudness_lufs(song), abs=0.5)
    assert measure_true_peak_db(cover) <= -0.05


def test_the_music_is_unchanged_and_the_stems_add_up_to_the_cover(made, tune):
    stems = {name: read(path) for name, path in made[0].stems.items()}
    assert set(stems) == {"vocals", "accompaniment", "original-vocals"}
    residual = np.abs(read(made[0].path).samples - stems["vocals"].samples - stems["accompaniment"].samples)
    assert np.quantile(residual, 0.95) < 1e-6  # except where the limiter had to lower a peak
    own = read_audio(tune.path).samples - stems["original-vocals"].samples
    assert np.corrcoef(stems["accompaniment"].samples.ravel(), own.ravel())[0, 1] > 0.99


def test_bass_residue_of_the_separation_is_not_converted(made):
    """It used to become single pulses with more than twice the peak of the vocals."""
    old, new = (read(made[0].stems[name]).samples[0] for name in ("original-vocals", "vocals"))
    size = 44_100 // 20
    old, new = (sound[: len(sound) // size * size].reshape(-1, size) for sound in (old, new))
    quiet = old.std(axis=1) < 0.1 * old.std(axis=1).max()
    quiet &= np.roll(quiet, -1)  # without attacks of notes
    assert quiet.sum() > 10
    assert np.abs(new[quiet]).max() < 0.5 * np.abs(old).max()


def test_the_new_voice_is_in_sync_with_the_original_and_as_loud(made):
    old, new = (read(made[0].stems[name]) for name in ("original-vocals", "vocals"))
    levels = [np.maximum(measure_hop_levels_db(audio, 88), -60.0) for audio in (old, new)]  # every 2 ms
    levels = [level - level.mean() for level in levels]
    lag = np.correlate(levels[1], levels[0], "full").argmax() - (len(levels[0]) - 1)
    assert abs(lag) <= 5  # the correlation hardly changes within 10 ms
    assert measure_loudness_lufs(new) == pytest.approx(measure_loudness_lufs(old), abs=2.0)
    assert np.corrcoef(old.samples[0], new.samples[0])[0, 1] < 0.5  # but another voice


def test_generated_files_have_provenance_and_the_music_has_none(made):
    origin = read_origin(made[0].path).provenance
    assert (origin.task, origin.voice) == ("cover", "Clara")
    assert read_origin(made[0].stems["vocals"]).provenance.ai_generated
    assert read_origin(made[0].stems["accompaniment"]).provenance is None
    assert made[0].picture.is_file()


def test_progress_goes_from_0_to_1_and_names_each_stage(made):
    fractions = [fraction for fraction, _ in made[1]]
    assert (np.diff(fractions) > -1e-9).all()
    assert fractions[0] == 0.0
    assert fractions[-1] == pytest.approx(1.0)
    titles = [title for _, message in made[1] if (title := str(message).split(":")[0])]
    assert list(dict.fromkeys(titles)) == ["Separating", "Analysing the melody", "Converting", "Matching", "Mixing"]


def test_another_key_runs_only_the_stages_that_depend_on_it(made, tune, clara, cache, tmp_path):
    before = {entry.name: entry.stat().st_ino for entry in cache.folder.iterdir()}
    messages = []
    options = CoverOptions(vocals_shift_semitones=12, music_shift_semitones=-2)
    cover = cover_song(tune, clara, tmp_path, options, cache=cache, progress=record(messages))
    assert cover.shift_semitones == made[0].shift_semitones + 12
    assert not any(message.startswith("Separating") for message in messages)
    after = {entry.name: entry.stat().st_ino for entry in cache.folder.iterdir()}
    assert before.items() <= after.items()
    kinds = sorted(name.split("-")[0] for name in after.keys() - before.keys())
    assert kinds == ["converted", "matched", "transposed"]
    assert read(cover.stems["accompaniment"]).frames == tune.frames


def test_a_stopped_cover_resumes_from_the_cached_stages(tune, clara, tmp_path):
    cache, messages = StageCache(tmp_path / "stages"), []

    def stop(fraction, message):
        if str(message).startswith("Converting"):
            raise Cancelled

    with pytest.raises(Cancelled):
        cover_song(tune, clara, tmp_path / "out", cache=cache, progress=stop)
    assert not (tmp_path / "out").exists()
    assert [entry.name.split("-")[0] for entry in sorted(cache.folder.iterdir())] == ["pitch", "separated"]
    cover_song(tune, clara, tmp_path / "out", cache=cache, progress=record(messages))
    assert not any(message.startswith("Separating") for message in messages)


def test_clean_vocals_are_not_separated(clara, cache, tmp_path, song_vocals):
    path = tmp_path / "acapella.wav"
    write_audio(path, song_vocals.slice(0, 6 * 44_100).to_mono(), format_name="wav32")
    cover = cover_song(open_audio(path), clara, tmp_path / "out", CoverOptions(vocals_are_clean=True), cache=cache)
    assert set(cover.stems) == {"vocals", "original-vocals"}
    made, original = read(cover.path), read_audio(path)
    assert made.samples.shape == original.samples.shape
    np.testing.assert_allclose(made.samples, read(cover.stems["vocals"]).samples, atol=1e-6)
    assert measure_loudness_lufs(made) == pytest.approx(measure_loudness_lufs(original), abs=0.5)


@pytest.fixture(scope="module")
def duet(tmp_path_factory, song_vocals):
    """Six seconds without music: a centred lead, and a backing voice a third above on the left."""
    path = tmp_path_factory.mktemp("duet") / "duet.wav"
    lead = song_vocals.slice(3 * 44_100, 9 * 44_100).to_mono()
    above = 0.5 * np.roll(join_blocks(transpose_blocks([lead], 4)).samples[0], 900)
    sides = np.stack([above, 0.3 * above])
    write_audio(path, lead.with_samples((lead.samples + sides).astype(np.float32)), format_name="wav32")
    return open_audio(path), sides


def test_backing_vocals_are_left_as_they_are_and_cached(duet, clara, tmp_path):
    (song, sides), cache, messages = duet, StageCache(tmp_path / "stages"), []
    options = CoverOptions(vocals_are_clean=True, backing="left", matches_loudness=False)
    cover = cover_song(song, clara, tmp_path / "out", options, cache=cache, progress=record(messages))
    assert set(cover.stems) == {"vocals", "backing", "original-vocals"}
    backing, lead = read(cover.stems["backing"]), read(cover.stems["vocals"])
    assert np.corrcoef(backing.samples.ravel(), sides.ravel())[0, 1] > 0.95
    assert read_origin(cover.stems["backing"]).provenance is None  # not generated
    np.testing.assert_allclose(read(cover.path).samples, backing.samples + lead.samples, atol=1e-3)
    cached = sum(entry.name.startswith("parted-") for entry in cache.folder.iterdir())
    assert cached == 1
    assert any(message.startswith("Splitting lead and backing") for message in messages)
    messages.clear()
    louder = replace(options, vocals_db=-3.0)
    cover_song(song, clara, tmp_path / "softer", louder, cache=cache, progress=record(messages))
    assert {message.split(":")[0] for message in messages} == {"Mixing"}


@pytest.mark.slow
def test_backing_vocals_can_have_another_voice(duet, clara, cache, tmp_path):
    (song, sides), max_ = duet, VoiceLibrary(tmp_path / "voices", shipped=[STARTER_VOICES]).find("Max")
    options = CoverOptions(vocals_are_clean=True, backing="voice", backing_voice=max_)
    cover = cover_song(song, clara, tmp_path / "out", options, cache=cache)
    backing = read(cover.stems["backing"])
    assert read_origin(cover.stems["backing"]).provenance.voice == "Max"
    assert abs(np.corrcoef(backing.samples.ravel(), sides.ravel())[0, 1]) < 0.5
    powers = np.square(backing.samples).sum(axis=1)
    assert powers[0] > 3 * powers[1]  # panned as in the original
    cost = preflight_cover(song, clara, options, cache=cache).seconds
    assert cost > preflight_cover(song, clara, CoverOptions(vocals_are_clean=True), cache=cache).seconds


def test_mono_vocals_are_all_lead_with_a_note(clara, cache, tmp_path, song_vocals):
    path = tmp_path / "acapella.wav"
    write_audio(path, song_vocals.slice(0, 6 * 44_100).to_mono(), format_name="wav32")
    options = CoverOptions(vocals_are_clean=True, backing="left")
    cover = cover_song(open_audio(path), clara, tmp_path / "out", options, cache=cache)
    assert set(cover.stems) == {"vocals", "original-vocals"}
    assert any("treated as the lead" in note for note in cover.notes)


@pytest.mark.slow
def test_emotion_gains_and_format_follow_the_options(made, tune, clara, cache, tmp_path):
    options = CoverOptions(
        emotion="angry", vocals_db=-6.0, matches_room=False, matches_loudness=False, format_name="wav16"
    )
    cover = cover_song(tune, clara, tmp_path, options, cache=cache)
    assert cover.path.name == "cover.wav"
    assert read_origin(cover.path).provenance.settings["emotion"] == "angry"
    assert read(cover.path).frames == tune.frames
    accompaniment, original = (read(cover.stems[name]) for name in ("accompaniment", "original-vocals"))
    np.testing.assert_allclose(
        accompaniment.samples + original.samples, read_audio(tune.path).samples, atol=1e-3
    )  # unchanged, since matching is off
    plain = read(made[0].stems["vocals"])
    assert np.corrcoef(plain.samples[0], read(cover.stems["vocals"]).samples[0])[0, 1] < 0.99


@pytest.mark.slow
def test_excerpts_and_silent_songs_can_be_covered(tune, clara, cache, tmp_path):
    cover = cover_song(tune.excerpt(2.0, 1.5), clara, tmp_path / "part", cache=cache)
    assert read(cover.path).frames == round(1.5 * 44_100)
    write_audio(tmp_path / "silence.wav", Audio(np.zeros((2, 44_100), np.float32), 44_100))
    cover = cover_song(open_audio(tmp_path / "silence.wav"), clara, tmp_path / "silent", cache=cache)
    assert not read(cover.path).samples.any()


def test_the_advice_alone_is_that_of_the_cover(made, tune, clara, cache):
    advice = advise_key(tune, clara, cache=cache)
    assert advice.shift_semitones == made[0].advice.shift_semitones
    assert get_difference_of_shifts(tune, clara, cache) % 12 == 0


def get_difference_of_shifts(tune, clara, cache) -> int:
    advice = advise_key(tune, clara, CoverOptions(key="together"), cache=cache)
    return advice.shift_semitones - advice.music_shift_semitones


def test_the_estimated_cost_is_measured_after_the_first_run(tune, clara, tmp_path, monkeypatch):
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
def test_unknown_choices_are_refused(options, tune, clara, cache, tmp_path):
    with pytest.raises(UserError):
        cover_song(tune, clara, tmp_path, CoverOptions(**options), cache=cache)


def test_preparing_the_bundled_models_needs_no_network(clara):
    prepare_cover(CoverOptions(), clara)
    prepare_cover(CoverOptions(vocals_are_clean=True, separator="demucs"), clara)


def test_too_large_a_shift_is_refused(made, tune, clara, cache, tmp_path):
    with pytest.raises(UserError, match="24"):
        CoverOptions(vocals_shift_semitones=40)
    proposed = made[0].advice.shift_semitones
    assert proposed
    options = CoverOptions(vocals_shift_semitones=24 if proposed > 0 else -24)
    with pytest.raises(UserError, match="key shift"):
        cover_song(tune, clara, tmp_path, options, cache=cache)


@pytest.mark.slow
def test_conversion_options_are_part_of_the_cache_key(made, tune, clara, cache, tmp_path):
    options = CoverOptions(conversion=replace(ConversionOptions(), formant_shift_semitones=3.0))
    cover = cover_song(tune, clara, tmp_path, options, cache=cache)
    assert np.abs(read(cover.stems["vocals"]).samples - read(made[0].stems["vocals"]).samples).max() > 0.01
