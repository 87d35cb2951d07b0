"""The base decoder with a speaker's average spectrum: nearer to the recording, within its bandwidth, after silence."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.signal
import torch
from conftest import ROOT

from vc_core.audio import Audio
from vc_core.files.reading import read_audio
from vc_core.models.ddsp import CURVE_POINTS, CURVE_POINTS_HZ
from vc_core.voices.instant_weights import load_content_encoder, load_decoder
from vc_core.voices.prepared_recording import LOW_SAMPLE_RATE, PreparedRecording, prepare_recording, resynthesise
from vc_core.voices.spectral_match import match_spectrum
from vc_core.voices.zero_shot import embed_speaker, fit_decoder


@pytest.fixture(scope="module")
def speech() -> Audio:
    return read_audio(ROOT / "examples" / "spoken_line.flac").to_mono().resample(LOW_SAMPLE_RATE)


@pytest.fixture(scope="module")
def recording(speech) -> PreparedRecording:
    return prepare_recording(speech, load_content_encoder(), np.random.default_rng(0), augmentations=1)


def spectrum_db(sound: torch.Tensor) -> np.ndarray:
    """Mean level of each bin over the loud frames, in bands of 500 Hz up to 10 kHz."""
    _, _, power = scipy.signal.spectrogram(sound.numpy(), LOW_SAMPLE_RATE, nperseg=LOW_SAMPLE_RATE // 25)
    loud = power.sum(0) > 0.05 * power.sum(0).mean()
    return 10 * np.log10(power[10:410, loud] + 1e-12).mean(1).reshape(20, 20).mean(1)


def test_the_spectrum_is_nearer_to_the_recording_and_the_rest_as_before(speech, recording):
    before, decoder = load_decoder(), load_decoder()
    before.code.data = decoder.code.data = embed_speaker(speech)
    match_spectrum(decoder, [recording])
    wanted = spectrum_db(recording.sound)
    made = [spectrum_db(resynthesise(one, recording)) for one in (before, decoder)]
    errors_db = [np.sqrt(np.mean((one - wanted) ** 2)) for one in made]
    assert errors_db[1] < 3.0
    assert errors_db[1] < 0.5 * errors_db[0]
    for name, value in decoder.state_dict().items():
        assert torch.equal(value, before.state_dict()[name]) == (name != "last.bias")


def test_pulses_and_noise_change_alike_and_nothing_above_the_bandwidth(recording):
    decoder, base = load_decoder(), load_decoder()
    match_spectrum(decoder, [recording, replace(recording, bandwidth_hz=4_000.0)])
    pulses, noise = (decoder.last.bias - base.last.bias).detach().reshape(2, CURVE_POINTS)
    torch.testing.assert_close(pulses, noise)
    above = torch.from_numpy(CURVE_POINTS_HZ > 4_000)
    assert (pulses[above] == 0).all()
    assert pulses[~above].abs().max() > 0.1


def test_silence_before_the_voice_and_the_level_change_little(speech):
    expected = fit_decoder(speech).last.bias
    late = speech.with_samples(np.pad(0.05 * speech.samples, ((0, 0), (70 * LOW_SAMPLE_RATE, 0))))
    assert (fit_decoder(late).last.bias - expected).abs().max() < 0.3
