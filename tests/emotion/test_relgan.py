"""RelGAN as a way to add emotion: averages and a network, from a file that training has written."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from bench.metrics import mcd_db, spectral_tilt_db
from vc_core.audio import Audio
from vc_core.emotion import OWN_MODELS, STYLERS, StyleOptions, load_styler
from vc_core.emotion.relgan.styler import SHIPPED, Relgan
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.home import get_studio_home
from vc_core.models.gan.relgan import Generator
from vc_core.signal.pitch import estimate_pitch
from vc_core.signal.world_codes import CODE_DIMENSIONS
from vc_core.voices.emotion_model import MODEL_FILE, EmotionModel, compute_mean_steps, load_emotion_model
from vc_core.voices.library import VoiceCard, hash_files, write_card
from vc_core.voices.speaker_statistics import SpeakerStatistics

STEADY = StyleOptions(changes_tempo=False)
BRIGHTER = np.eye(CODE_DIMENSIONS)[1] * -1.0


def model(*, trained: bool = False) -> EmotionModel:
    zero, one = np.zeros(CODE_DIMENSIONS), np.ones(CODE_DIMENSIONS)
    manners = {
        "happy": SpeakerStatistics(
            BRIGHTER, one, np.log(1.3), np.log(1.2), speaking_rate=np.log(1.25), aperiodicity=0.0, level=np.log(2.0)
        ),
        "neutral": SpeakerStatistics(zero, one, 0.0, 0.0),
        "sad": SpeakerStatistics(-BRIGHTER, one, np.log(0.9), np.log(0.8), speaking_rate=np.log(0.8)),
    }
    torch.manual_seed(0)
    generator = Generator(compute_mean_steps(manners), width=1 / 32)
    if trained:
        torch.nn.init.normal_(generator.body.last.weight, std=0.03)
    return EmotionModel(manners, generator.eval().requires_grad_(False))


@pytest.fixture(scope="module")
def spoken(request) -> Audio:
    return read_audio(request.config.rootpath / "examples" / "spoken_line.flac").slice(0, 55_000)


def median_hertz(audio: Audio) -> float:
    pitch = estimate_pitch(audio)
    return float(np.median(pitch.hertz[pitch.voiced]))


def test_f0_rate_and_timbre_follow_the_statistics(spoken):
    styler = Relgan(model())
    happy, sad = (styler.style(spoken, emotion, 1.0) for emotion in ("happy", "sad"))
    assert median_hertz(happy) / median_hertz(spoken) == pytest.approx(1.3, rel=0.05)
    assert happy.frames / spoken.frames == pytest.approx(0.8, abs=0.06)
    assert sad.frames > spoken.frames
    assert spectral_tilt_db(happy) > spectral_tilt_db(spoken) + 1 > spectral_tilt_db(sad) + 2
    assert styler.style(spoken, "happy", 1.0, STEADY).frames == spoken.frames


def test_changes_are_relative_to_the_source_emotion(spoken):
    styler = Relgan(model())
    assert styler.style(spoken, "sad", 1.0, StyleOptions("sad")) is spoken
    from_sad = styler.style(spoken, "happy", 1.0, StyleOptions("sad", changes_tempo=False))
    assert median_hertz(from_sad) / median_hertz(spoken) == pytest.approx(1.3 / 0.9, rel=0.05)


@pytest.mark.parametrize("trained", [False, True])
def test_little_intensity_is_little_change_and_more_is_more(spoken, trained):
    """Also with a network that gives nothing back unchanged: what it can't do is not taken for emotion."""
    styler = Relgan(model(trained=trained))
    steps = [styler.style(spoken, "happy", part, STEADY) for part in (0.02, 0.5, 1.0)]
    away = [mcd_db(spoken, step, aligned=True) for step in steps]
    assert away[0] < away[1] < away[2]


def test_a_melody_keeps_its_pitch_and_length(spoken):
    sung = Relgan(model()).style(spoken, "happy", 1.0, StyleOptions(is_singing=True))
    assert sung.frames == spoken.frames
    assert median_hertz(sung) == pytest.approx(median_hertz(spoken), rel=0.02)


def test_without_a_network_the_statistics_are_interpolated(spoken):
    averages = EmotionModel(model().statistics, None)
    codes, mean = np.random.default_rng(0).standard_normal((2, 50, CODE_DIMENSIONS)).astype(np.float32)
    before, after = averages.convert_codes(codes, mean[0], "neutral", "happy", 0.5)
    np.testing.assert_array_equal(before, codes)
    np.testing.assert_allclose(after - codes, np.broadcast_to(0.5 * BRIGHTER, codes.shape), atol=1e-5)


def test_a_model_file_is_read_back_and_an_invalid_one_is_refused(tmp_path):
    wanted = model(trained=True)
    save_file(wanted.tensors(), tmp_path / MODEL_FILE)
    found = load_emotion_model(tmp_path / MODEL_FILE)
    codes = np.random.default_rng(0).standard_normal((64, CODE_DIMENSIONS)).astype(np.float32)
    for one, other in zip(
        wanted.convert_codes(codes, codes[0], "sad", "happy", 0.7),
        found.convert_codes(codes, codes[0], "sad", "happy", 0.7),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-4)
    tensors = wanted.tensors()
    for faulty in (
        {"x": torch.zeros(3)},
        {name: value for name, value in tensors.items() if not name.startswith("generator.")},
        tensors | {"sad.deviation": torch.zeros(CODE_DIMENSIONS)},
        tensors | {"sad.mean": torch.zeros(3)},
        tensors | {"sad.mean": torch.full((CODE_DIMENSIONS,), 1e38)},
        tensors | {"sad.prosody": torch.full((5,), -1e38)},
    ):
        save_file(faulty, tmp_path / "faulty.safetensors")
        with pytest.raises(UserError, match="faulty"):
            load_emotion_model(tmp_path / "faulty.safetensors")


def test_a_trained_model_is_found_by_its_name():
    folder = get_studio_home() / OWN_MODELS / "mine"
    folder.mkdir(parents=True)
    save_file(model().tensors(), folder / MODEL_FILE)
    write_card(folder, VoiceCard("My moods", "relgan", 16_000, "MIT", "own", "A test.", hash_files(folder)))
    assert load_styler("My moods").emotions == ("happy", "neutral", "sad")
    with pytest.raises(UserError, match="rules, relgan, My moods"):
        load_styler("nobody's moods")


def test_the_shipped_model_is_small_and_knows_five_emotions(spoken):
    assert "relgan" in STYLERS
    assert SHIPPED.stat().st_size < 15e6
    styler = load_styler("relgan")
    assert set(styler.emotions) == {"neutral", "happy", "angry", "sad", "fear", "surprise"}
    for emotion in ("happy", "sad"):
        made = styler.style(spoken, emotion, 1.0)
        assert np.isfinite(made.samples).all()
        assert made.samples.std() > 0.2 * spoken.samples.std()
    with pytest.raises(UserError, match="no emotion called “bored” here"):
        styler.style(spoken, "bored", 1.0)


def test_weights_far_too_large_are_reported_and_not_heard(spoken, tmp_path):
    tensors = model(trained=True).tensors()
    huge = {name: value * 1e30 if name.startswith("generator.") else value for name, value in tensors.items()}
    save_file(huge, tmp_path / "huge.safetensors")
    with pytest.raises(UserError, match="not numbers|out of range|broken"):
        Relgan(load_emotion_model(tmp_path / "huge.safetensors")).style(spoken, "happy", 1.0)


def test_a_model_cannot_make_a_recording_endless(spoken, tmp_path):
    tensors = model().tensors()
    save_file(tensors | {"happy.prosody": torch.tensor([0.0, 0.0, -9.0, 0.0, 0.0])}, tmp_path / "slow.safetensors")
    styled = Relgan(load_emotion_model(tmp_path / "slow.safetensors")).style(spoken, "happy", 1.0)
    assert styled.frames < 5 * spoken.frames
