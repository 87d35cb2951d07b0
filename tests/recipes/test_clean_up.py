"""Reverb and noise are taken off before a conversion or a training, by an installed RoFormer."""

import pytest
import soundfile
from conftest import ROOT
from measures import snr_db
from separation.roformer_maker import VOCAL_STEP_MODELS, write_model
from typer.testing import CliRunner

from vc_core.audio import Audio
from vc_core.cli import app
from vc_core.conversion import STARTER_VOICES
from vc_core.errors import UserError
from vc_core.files.provenance import read_origin
from vc_core.files.reading import open_audio, read_audio
from vc_core.recipes.clean_up import CleanUpOptions, VocalExtraction
from vc_core.recipes.convert import ConversionTask
from vc_core.recipes.task import perform
from vc_core.recipes.training import extract_vocals
from vc_core.separation import SeparatorOptions, forget_separator, load_separator
from vc_core.separation.roformer import ENGINE, install_local
from vc_core.voices.library import VoiceLibrary


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    forget_separator()


@pytest.fixture(params=["dereverb", "denoise"])
def step(request, tmp_path) -> str:
    install_local(str(write_model(tmp_path / "models", VOCAL_STEP_MODELS[request.param], f"my-{request.param}")))
    return request.param


@pytest.fixture
def line(tmp_path):
    samples = read_audio(ROOT / "examples" / "sung_line.flac").samples[:1, :130_001]
    soundfile.write(tmp_path / "line.wav", samples.T, 44_100, "FLOAT")
    return tmp_path / "line.wav"


def clean(step: str, audio: Audio) -> Audio:
    """By the model itself."""
    stems = load_separator("roformer", "cpu", SeparatorOptions(model=f"my-{step}")).separate(audio)
    return stems["dry" if step == "dereverb" else "clean"]


def test_a_cleaned_recording_is_what_the_model_keeps(step, line, tmp_path):
    extraction = VocalExtraction(clean_up=step)
    extraction.prepare()
    path = extraction.extract(open_audio(line), tmp_path / "out", "wav32")
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    cleaned = read_audio(path)
    assert cleaned.samples.shape == (1, 130_001)
    assert snr_db(clean(step, read_audio(line)).samples, cleaned.samples) > 100
    assert snr_db(read_audio(line).samples, cleaned.samples) < 40


def test_a_conversion_is_that_of_the_cleaned_recording(step, line, tmp_path):
    voice = VoiceLibrary(tmp_path / "voices", [STARTER_VOICES]).find("Clara")
    soundfile.write(tmp_path / "cleaned.wav", clean(step, read_audio(line)).samples.T, 44_100, "FLOAT")
    task = ConversionTask(line, tmp_path / "made.wav", voice, format_name="wav32", clean_up=step)
    steps = list[tuple[float, str]]()
    made = perform(task, lambda at, text: steps.append((at, str(text))))
    by_hand = ConversionTask(tmp_path / "cleaned.wav", tmp_path / "by_hand.wav", voice, format_name="wav32")
    expected = read_audio(perform(by_hand).converted.path)
    sound = read_audio(made.converted.path)
    assert sound.samples.shape == expected.samples.shape == (1, 130_001)
    assert snr_db(expected.samples, sound.samples) > 30  # the cleaned recording is kept in 24 bits
    assert any(text.startswith("Cleaning up") for _, text in steps)
    assert [at for at, _ in steps] == sorted(at for at, _ in steps)
    assert read_origin(task.target).provenance.settings["clean_up"] == step
    assert "clean_up" not in read_origin(by_hand.target).provenance.settings


def test_it_has_a_speed_and_a_lease_of_its_own(step, tmp_path):
    voice = VoiceLibrary(tmp_path / "voices", [STARTER_VOICES]).find("Clara")
    plain, cleaning = (ConversionTask(ROOT, ROOT, voice, clean_up=one) for one in ("none", step))
    assert plain.estimate_for(60.0).speed_name != cleaning.estimate_for(60.0).speed_name
    assert cleaning.estimate_lease_seconds(600.0) > plain.estimate_lease_seconds(600.0)
    assert VocalExtraction(clean_up=step).engines == [ENGINE]


def test_recordings_of_a_training_lose_music_and_what_else_is_asked(step, line, tmp_path):
    alone = extract_vocals([line], tmp_path / "alone", VocalExtraction(clean_up=step))
    assert [path.name for path in alone.sources] == ["line.flac"]
    assert snr_db(clean(step, read_audio(line)).samples, read_audio(alone.sources[0]).samples) > 60
    both = extract_vocals([line], tmp_path / "both", VocalExtraction("repet", step))
    vocals = load_separator("repet", "cpu").separate(read_audio(line))["vocals"]
    assert snr_db(clean(step, vocals).samples, read_audio(both.sources[0]).samples) > 50


def test_the_shell_cleans_up_and_refuses_what_it_does_not_know(step, line, tmp_path):
    words = ["convert", line, "--voice", "Clara", "-o", tmp_path / "out.wav", "--format", "wav32", "--clean-up"]
    assert CliRunner().invoke(app, [*map(str, words), step]).exit_code == 0
    assert read_origin(tmp_path / "out.wav").provenance.settings["clean_up"] == step
    refused = CliRunner().invoke(app, [*map(str, words), "polish"])
    assert refused.exit_code == 1
    assert "polish" in refused.output
    with pytest.raises(UserError, match="There is no clean-up “polish”"):
        CleanUpOptions(clean_up="polish")


def test_without_a_wish_a_recording_stays_as_it_is():
    assert not VocalExtraction()
    assert VocalExtraction("repet")
