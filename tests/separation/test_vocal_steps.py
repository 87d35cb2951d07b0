"""What follows a separation: lead and backing, without reverb, without noise; in Separate and in Cover."""

import numpy as np
import pytest
import soundfile
from conftest import ROOT
from measures import snr_db
from separation.roformer_maker import VOCAL_STEP_MODELS, write_model
from voice_maker import add_voice

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.reading import open_audio, read_audio
from vc_core.progress import silent
from vc_core.recipes.separate import SeparationOptions, SeparationTask
from vc_core.recipes.task import perform
from vc_core.separation import SeparatorOptions, choose_refinement, find_lead_model, forget_separator, load_separator
from vc_core.separation.roformer import install_local
from vc_core.separation.vocal_steps import RefinedSeparator, StereoSplitter
from vc_core.signal.backing import split_lead_and_backing

STEMS = {"lead": ("lead", "backing"), "dereverb": ("dry", "reverb"), "denoise": ("clean", "noise")}


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    forget_separator()


def install(tmp_path, step: str) -> str:
    return install_local(str(write_model(tmp_path / "models", VOCAL_STEP_MODELS[step], f"my-{step}")))


@pytest.fixture
def wide_song() -> Audio:
    """A voice in the centre and another one at the left, over noise."""
    sung = read_audio(ROOT / "examples" / "sung_line.flac").samples[0]
    lead, harmony = sung[:130_001], np.roll(sung, 20_000)[:130_001]
    stereo = np.stack([lead + 0.5 * harmony, lead])
    return Audio(stereo + 0.001 * np.random.default_rng(0).standard_normal(stereo.shape).astype(np.float32), 44_100)


@pytest.fixture
def song_file(tmp_path, wide_song):
    soundfile.write(tmp_path / "song.wav", wide_song.samples.T, wide_song.sample_rate, "FLOAT")
    return tmp_path / "song.wav"


@pytest.mark.parametrize("step", STEMS)
def test_a_model_that_is_installed_takes_the_next_step(step, tmp_path, wide_song):
    model = install(tmp_path, step)
    assert choose_refinement(step).model == model
    plain = load_separator("repet", "cpu").separate(wide_song)
    stems = load_separator("repet", "cpu", SeparatorOptions(then=step)).separate(wide_song)
    assert tuple(stems) == (*STEMS[step], "accompaniment")
    wanted, rest = (stems[name].samples for name in STEMS[step])
    assert snr_db(plain["vocals"].samples, wanted + rest) > 100
    assert snr_db(plain["accompaniment"].samples, stems["accompaniment"].samples) > 100
    assert np.abs(sum(stem.samples for stem in stems.values()) - wide_song.samples).max() < 1e-5
    vocals_alone = load_separator("roformer", "cpu", SeparatorOptions(model=model)).separate(plain["vocals"])
    assert snr_db(vocals_alone[STEMS[step][0]].samples, wanted) > 60


def test_a_model_that_was_installed_meanwhile_is_used(tmp_path, wide_song):
    """The engine that is kept in memory was loaded without it."""
    options = SeparatorOptions(then="lead")
    by_stereo = load_separator("repet", "cpu", options).separate(wide_song)
    install(tmp_path, "lead")
    by_model = load_separator("repet", "cpu", options).separate(wide_song)
    assert snr_db(by_stereo["lead"].samples, by_model["lead"].samples) < 20


def test_without_a_model_lead_and_backing_follow_from_stereo(wide_song):
    assert find_lead_model() == ""
    stems = load_separator("repet", "cpu", SeparatorOptions(then="lead")).separate(wide_song)
    vocals = load_separator("repet", "cpu").separate(wide_song)["vocals"]
    lead = np.concatenate([lead.samples for lead, _ in split_lead_and_backing([vocals])], axis=1)
    assert snr_db(lead, stems["lead"].samples) > 60
    assert stems["backing"].samples.any()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frames", [1, 5_000, 70_001])
def test_any_length_and_mono_songs_come_out_to_the_sample(channels, frames):
    samples = 0.1 * np.random.default_rng(1).standard_normal((channels, frames)).astype(np.float32)
    separator = RefinedSeparator(load_separator("repet", "cpu"), StereoSplitter())
    stems = separator.separate(Audio(samples, 16_000))
    assert {stem.samples.shape for stem in stems.values()} == {(channels, frames)}
    assert np.abs(sum(stem.samples for stem in stems.values()) - samples).max() < 1e-5


def test_known_models_are_downloaded_for_cleaning_and_none_for_lead_and_backing():
    assert choose_refinement("dereverb").model == "dereverb-anvuew"
    assert choose_refinement("denoise").model == "denoise-aufr33"
    assert choose_refinement("lead").model == ""
    assert choose_refinement("none") is None


def test_nothing_follows_a_model_without_vocals(tmp_path):
    name = install(tmp_path, "dereverb")
    with pytest.raises(UserError, match=r"separates no vocals \(dry, reverb\)"):
        load_separator("roformer", "cpu", SeparatorOptions(model=name, then="lead"))


def test_the_task_writes_a_file_for_each_stem_and_learns_its_own_speed(tmp_path, song_file):
    options = SeparationOptions(engine="repet", then="lead", format_name="wav32")
    saved = perform(SeparationTask(song_file, tmp_path / "out", options))
    assert list(saved) == ["lead", "backing", "accompaniment"]
    assert all(open_audio(stem.path).frames == 130_001 for stem in saved.values())
    before = options.speed_name
    assert before != SeparationOptions(engine="repet").speed_name
    install(tmp_path, "lead")
    assert options.speed_name != before


def test_a_cover_splits_by_the_model_that_is_installed(tmp_path, song_file):
    from vc_core.cover.options import CoverOptions
    from vc_core.cover.separating import split_backing, use_as_vocals
    from vc_core.cover.stage_cache import StageCache
    from vc_core.cover.stages import start_stages
    from vc_core.voices.library import VoiceLibrary

    voice, opened = add_voice(VoiceLibrary(tmp_path / "voices")), open_audio(song_file)
    options = CoverOptions(vocals_are_clean=True, backing="left")

    def split():
        with start_stages(opened, voice, options, StageCache(tmp_path / "stages"), silent) as stages:
            separated = split_backing(use_as_vocals(opened), stages)
            assert separated.backing is not None
            sounds = [read_audio(line.vocals.path).samples for line in (separated.lead, separated.backing)]
            return separated, stages.estimates["split"], sounds

    stereo, stereo_estimate, _ = split()
    install(tmp_path, "lead")
    modelled, estimate, (lead, backing) = split()
    assert snr_db(read_audio(song_file).samples, lead + backing) > 100
    assert modelled.lead.key != stereo.lead.key
    assert (stereo_estimate.speed_name, estimate.speed_name) == ("part", "part:my-lead:cpu")
    assert estimate.guessed_speed > stereo_estimate.guessed_speed
