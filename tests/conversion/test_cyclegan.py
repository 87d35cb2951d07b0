"""A voice of CycleGAN sings in windows, at its own pitch, exactly as long as the song, and leaves silence alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from bench.metrics import spectral_tilt_db
from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.conversion.cyclegan import load_cyclegan
from vc_core.errors import UserError
from vc_core.manners import listen, manner_of
from vc_core.models.cyclegan import Generator
from vc_core.pitch import find_pitch
from vc_core.reading import read_audio
from vc_core.speaker_model import MODEL_FILE, SpeakerModel
from vc_core.voices import Voice, VoiceCard, hashes_of, write_card
from vc_core.world_codes import DIMENSIONS, log_levels

AS_IT_IS = ConversionOptions(automatic_key="off")


@pytest.fixture(scope="module")
def spoken(request) -> Audio:
    return read_audio(request.config.rootpath / "examples" / "spoken_line.flac").between(0, 66_150)


@pytest.fixture(scope="module")
def voice(spoken, tmp_path_factory) -> Voice:
    """As training leaves it after no step: it moves averages, here to a voice that is darker and an octave higher."""
    folder = tmp_path_factory.mktemp("voice")
    heard = listen(spoken)
    source = manner_of([heard])
    shift = np.zeros(DIMENSIONS)
    shift[1] = 1.5
    level = float(log_levels(heard.codes + shift).mean())
    target = replace(source, mean=source.mean + shift, pitch=source.pitch + np.log(2), level=level)
    model = SpeakerModel(source, target, Generator(DIMENSIONS, width=1 / 32).eval())
    save_file(model.tensors(), folder / MODEL_FILE)
    middle = float(np.exp(target.pitch))
    card = VoiceCard(
        "Test", "cyclegan", 24_000, "MIT", "synthetic", "A test.", hashes_of(folder), (0.8 * middle, 1.25 * middle)
    )
    write_card(folder, card)
    return Voice(card, folder)


def times_as_high(made: Audio, source: Audio) -> float:
    """Where both are voiced: a network that has learned nothing may make a moment more or less so."""
    mine, theirs = find_pitch(made), find_pitch(source)
    both = mine.voiced & theirs.voiced
    assert both.sum() > 50
    return float(np.median(mine.hertz[both] / theirs.hertz[both]))


def test_it_is_as_long_as_the_song_at_its_rate_and_with_its_channels(voice, spoken):
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


def test_a_voice_without_its_network_or_at_an_odd_rate_is_refused(voice, tmp_path):
    odd = Voice(type(voice.card)(**{**vars(voice.card), "sample_rate": 48_000}), voice.folder)
    with pytest.raises(UserError, match="can't sing at"):
        load_cyclegan(odd)
    save_file({"something": torch.zeros(3)}, tmp_path / MODEL_FILE)
    with pytest.raises(UserError, match="does not say how “source” sounds"):
        load_cyclegan(Voice(voice.card, tmp_path))
