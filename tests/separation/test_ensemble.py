"""Ensembles of two engines: their rules, lengths, seams, and that page, shell, API and cover know them as an engine."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from measures import si_sdr_db, snr_db
from separation.roformer_maker import write_model

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.reading import open_audio
from vc_core.progress import Cancelled
from vc_core.separation import SEPARATORS, SeparatorOptions, choose_separator, load_separator, prepare_separator
from vc_core.separation.base import Separator
from vc_core.separation.ensemble import RULES, Ensemble, _choose_bins
from vc_core.separation.lockstep import align_streams
from vc_core.signal.windows import Windows


class Gain(Separator):
    """An engine with windows of its own size, whose vocals are the song made softer or brighter."""

    stem_names = ("vocals", "accompaniment")

    def __init__(self, gain: float, seconds: float, tilt: float = 0.0) -> None:
        self.windows, self._gain, self._tilt = Windows(seconds=seconds, context_seconds=0.1), gain, tilt

    def split(self, window: Audio) -> dict[str, Audio]:
        late = np.roll(window.samples, 1, axis=1)
        late[:, 0] = 0.0
        vocals = self._gain * (window.samples + self._tilt * late)
        return {
            "vocals": window.with_samples(vocals),
            "accompaniment": window.with_samples(window.samples - vocals),
        }


@pytest.fixture(scope="module")
def parts(song):
    """The preview and the starter model, and what each finds in the example."""
    engines = [load_separator(name, "cpu") for name in ("starter", "repet")]
    return engines, [engine.separate(song)["vocals"].samples for engine in engines]


def energy(samples: np.ndarray) -> float:
    return float(np.square(samples, dtype=np.float64).sum())


@pytest.mark.parametrize("rule", RULES)
def test_an_ensemble_of_an_engine_with_itself_is_that_engine(rule, song):
    engine, excerpt = Gain(0.5, 0.7, tilt=0.3), song.slice(0, 400_001)
    alone, twice = engine.separate(excerpt), Ensemble(engine, engine, rule).separate(excerpt)
    for name in engine.stem_names:
        assert twice[name].frames == 400_001
        assert snr_db(alone[name].samples, twice[name].samples) > 100


def test_the_example_is_separated_as_the_rule_says(parts, song, song_vocals):
    engines, (starter, preview) = parts
    made = {rule: Ensemble(*engines, rule).separate(song) for rule in RULES}
    for stems in made.values():
        assert {stem.samples.shape for stem in stems.values()} == {song.samples.shape}
        assert np.abs(sum(stem.samples for stem in stems.values()) - song.samples).max() < 1e-6
    vocals = {rule: stems["vocals"].samples for rule, stems in made.items()}
    assert snr_db((starter + preview) / 2, vocals["mean"]) > 100
    assert energy(vocals["min"]) < 0.99 * min(energy(starter), energy(preview))
    assert energy(vocals["max"]) > max(energy(starter), energy(preview))
    # Of both extremes, the same bins are taken: together they are both engines.
    assert snr_db(starter + preview, vocals["min"] + vocals["max"]) > 60
    assert all(si_sdr_db(song_vocals.samples, one) > 7 for one in vocals.values())


@pytest.mark.parametrize("rule", ["min", "max"])
@pytest.mark.parametrize("sample_rate", [44_100, 32_000])
def test_windows_meet_without_a_seam(rule, sample_rate):
    """Against the whole song at once."""
    noise = np.random.default_rng(0).standard_normal((2, 30 * sample_rate + 17)).astype(np.float32)
    noise[1] *= np.linspace(0, 1, noise.shape[1], dtype=np.float32)
    song = Audio(0.1 * noise, sample_rate)
    first, second = Gain(0.6, 0.9), Gain(0.5, 0.4, tilt=0.9)
    one, other = (engine.separate(song)["vocals"].samples for engine in (first, second))
    whole = _choose_bins(one, other, rule, 4096 if sample_rate == 44_100 else 2048)
    assert snr_db(whole, Ensemble(first, second, rule).separate(song)["vocals"].samples) > 60


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frames", [1, 100, 5_000, 70_001])
@pytest.mark.parametrize("sums_to_song", [False, True])
def test_any_length_comes_out_to_the_sample(channels, frames, sums_to_song):
    samples = 0.1 * np.random.default_rng(1).standard_normal((channels, frames)).astype(np.float32)
    ensemble = Ensemble(Gain(0.6, 0.3), Gain(0.4, 1.1, tilt=0.5), "max")
    stems = ensemble.separate(Audio(samples, 16_000), sums_to_song=sums_to_song)
    assert {stem.samples.shape for stem in stems.values()} == {(channels, frames)}
    assert all(np.isfinite(stem.samples).all() for stem in stems.values())


def test_a_song_is_read_in_blocks_and_never_held_as_a_whole(tmp_path):
    """What waits for the other engine is at most about a window."""
    most = 0

    def blocks(frames: int, count: int):
        for _ in range(count):
            yield Audio(np.zeros((1, frames), np.float32), 8_000)

    for block in align_streams([blocks(1_000, 30), blocks(15_000, 2)]):
        most = max(most, block.frames)
    assert most == 1_000


def test_progress_counts_both_and_a_stop_is_heard():
    song, seen = Audio(np.zeros((1, 80_000), np.float32), 8_000), []
    ensemble = Ensemble(Gain(0.6, 0.5), Gain(0.4, 2.0), "mean")
    ensemble.separate(song, progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert max(np.diff(seen)) < 0.3

    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        ensemble.separate(song, progress=stop)


def test_engines_with_other_stems_are_not_combined():
    other = Gain(0.5, 1.0)
    other.stem_names = ("dry", "reverb")
    with pytest.raises(UserError, match="separates into vocals, accompaniment, the other into dry, reverb"):
        Ensemble(Gain(0.5, 1.0), other, "mean")


@pytest.mark.parametrize("text", ["median:starter+repet", "max:starter", "starter+repet", "max:a+b+c"])
def test_what_is_no_ensemble_is_refused_with_an_example(text):
    options = SeparatorOptions(model=text)
    choose_separator("ensemble", options)
    with pytest.raises(UserError, match=r"is no ensemble. It is a rule \(mean, min, max\) and two engines"):
        prepare_separator("ensemble", options)


def test_an_unknown_engine_and_an_ensemble_of_ensembles_are_refused():
    for name in ("magic", "ensemble"):
        with pytest.raises(UserError, match=f"There is no engine “{name}”"):
            prepare_separator("ensemble", SeparatorOptions(model=f"max:starter+{name}"))


def test_stems_are_those_that_both_have():
    engine = SEPARATORS["ensemble"]
    assert list(engine.get_stem_counts("mean:spleeter+demucs")) == [2, 4]
    assert list(engine.get_stem_counts("mean:starter+demucs")) == [2]
    assert list(engine.get_stem_counts("nonsense")) == [2]


def test_the_page_offers_pairs_of_what_is_ready(monkeypatch, tmp_path):
    from vc_core.separation.roformer import install_local
    from vc_core.ui.tabs.separate_vocals import _fit_to_engine, _fit_to_model

    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path))
    _, _, model = _fit_to_engine("ensemble")
    assert {"max:starter+repet", "min:starter+repet", "mean:starter+repet"} <= set(model["choices"])
    assert not any("roformer" in one for one in model["choices"])
    install_local(str(write_model(tmp_path / "model")))
    monkeypatch.setenv("VOICE_STUDIO_ROFORMER", "tiny")
    assert "mean:starter+roformer" in _fit_to_engine("ensemble")[2]["choices"]
    _, info = _fit_to_model("ensemble", "mean:starter+repet", SimpleNamespace(headers={}))
    assert info["info"] == "The mean of “Starter model” and “Quick preview, no model”."


def test_the_cover_gets_it_by_its_name_and_remembers_which(monkeypatch):
    from vc_core.cover.options import CoverOptions
    from vc_core.cover.separating import make_separation_key

    song = open_audio(ROOT / "examples" / "sung_line.flac")
    usual = make_separation_key(song, CoverOptions(separator="ensemble").separator)
    monkeypatch.setenv("VOICE_STUDIO_ENSEMBLE", "max:starter+repet")
    assert make_separation_key(song, "ensemble") != usual
    assert load_separator("ensemble", "cpu").stem_names == ("vocals", "accompaniment")
