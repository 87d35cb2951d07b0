"""A voice of CycleGAN sings in windows, at its own pitch, exactly as long as the song, and leaves silence alone."""

import numpy as np
import pytest
import torch
from conversion.cyclegan_maker import make_cyclegan_voice
from safetensors.torch import save_file

from bench.metrics import spectral_tilt_db
from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.conversion.cyclegan.converter import load_cyclegan
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.signal.pitch import estimate_pitch
from vc_core.voices.library import Voice
from vc_core.voices.speaker_model import MODEL_FILE

AS_IT_IS = ConversionOptions(automatic_key="off")


@pytest.fixture(scope="module")
def spoken(request) -> Audio:
    return read_audio(request.config.rootpath / "examples" / "spoken_line.flac").slice(0, 66_150)


@pytest.fixture(scope="module")
def voice(spoken, tmp_path_factory) -> Voice:
    return make_cyclegan_voice(tmp_path_factory.mktemp("voice"), spoken)


def times_as_high(made: Audio, source: Audio) -> float:
    """In frames that both have voiced: an untrained network may change the voicing of some."""
    mine, theirs = estimate_pitch(made), estimate_pitch(source)
    both = mine.voiced & theirs.voiced
    assert both.sum() > 50
    return float(np.median(mine.hertz[both] / theirs.hertz[both]))


def test_length_sample_rate_and_channels_stay(voice, spoken):
    stereo = Audio(np.repeat(spoken.samples, 2, axis=0)[:, :40_001], spoken.sample_rate)
    made = load_converter(voice).convert(stereo)
    assert (made.channels, made.frames, made.sample_rate) == (2, 40_001, spoken.sample_rate)


def test_the_envelope_moves_to_the_target_and_the_pitch_to_its_octave(voice, spoken):
    converter = load_converter(voice)
    made, same_key = converter.convert(spoken), converter.convert(spoken, AS_IT_IS)
    assert spectral_tilt_db(made) < spectral_tilt_db(spoken) - 1
    assert times_as_high(made, spoken) == pytest.approx(2, rel=0.01)
    assert times_as_high(same_key, spoken) == pytest.approx(1, rel=0.01)
    level = [20 * np.log10(audio.samples.std()) for audio in (spoken, same_key)]
    assert level[0] == pytest.approx(level[1], abs=3)


def test_silence_stays_silent(voice):
    silence = Audio(np.zeros((1, 24_000), np.float32), 24_000)
    assert np.abs(load_converter(voice).convert(silence).samples).max() < 1e-4


def test_a_voice_without_its_network_or_at_an_odd_sample_rate_is_refused(voice, tmp_path):
    odd = Voice(type(voice.card)(**{**vars(voice.card), "sample_rate": 48_000}), voice.folder)
    with pytest.raises(UserError, match="can't sing at"):
        load_cyclegan(odd)
    save_file({"something": torch.zeros(3)}, tmp_path / MODEL_FILE)
    with pytest.raises(UserError, match="does not say how “source” sounds"):
        load_cyclegan(Voice(voice.card, tmp_path))
