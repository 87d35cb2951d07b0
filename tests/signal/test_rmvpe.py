"""RMVPE: published checkpoint format, mel spectrogram, accuracy, download, and malicious checkpoints.

The weights are made by `rmvpe_maker.py`; everything from the download to F0 is the real code.
"""

import os
import pickle
import zipfile
from dataclasses import replace

import hub_server
import librosa
import numpy as np
import pytest
import torch

from vc_core.audio import Audio
from vc_core.checkpoints.hub import Checkpoint
from vc_core.errors import UserError
from vc_core.models import rmvpe
from vc_core.signal.pitch import (
    METHODS,
    Pitch,
    correct_octave_errors,
    estimate_pitch,
    load_pitch_method,
    prepare_pitch_method,
)
from vc_core.signal.pitch_methods import rmvpe as rmvpe_method

RATE = 16_000


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    from rmvpe_maker import make_checkpoint

    path = tmp_path_factory.mktemp("rmvpe") / "rmvpe.pt"
    torch.save(make_checkpoint(), path)
    return path


@pytest.fixture(scope="module")
def estimator(checkpoint):
    return rmvpe_method.Rmvpe(Checkpoint(local=checkpoint), "cpu")


def make_singing(octaves: np.ndarray) -> Audio:
    """Eight harmonics of an F0 per sample in octaves above 1 Hz."""
    phase = 2 * np.pi * np.cumsum(2**octaves) / RATE
    wave = sum(np.sin(count * phase) * 0.7 ** (count - 1) for count in range(1, 9)) * 0.15
    return Audio(wave[None].astype(np.float32), RATE)


def errors_in_cents(pitch: Pitch, octaves: np.ndarray) -> np.ndarray:
    at = np.minimum(np.round(np.arange(pitch.frames) * pitch.hop_seconds * RATE).astype(int), len(octaves) - 1)
    inside = slice(10, pitch.frames - 10)
    assert pitch.voiced[inside].all()
    return 1200 * (np.log2(pitch.hertz[inside]) - octaves[at[inside]])


def test_network_has_the_published_names_and_shapes():
    """The public checkpoint has 741 tensors and 181 184 272 bytes: 2 per value plus the zip overhead."""
    with torch.device("meta"):
        tensors = rmvpe.Rmvpe().state_dict()
    assert len(tensors) == 741
    assert 0 < 181_184_272 - 2 * sum(value.numel() for value in tensors.values()) < 500 * 741
    shapes = {
        "unet.encoder.bn.running_mean": (1,),
        "unet.encoder.layers.0.conv.0.conv.0.weight": (16, 1, 3, 3),
        "unet.encoder.layers.4.conv.0.shortcut.bias": (256,),
        "unet.encoder.layers.4.conv.3.conv.4.weight": (256,),
        "unet.intermediate.layers.0.conv.0.conv.0.weight": (512, 256, 3, 3),
        "unet.intermediate.layers.3.conv.3.conv.3.weight": (512, 512, 3, 3),
        "unet.decoder.layers.0.conv1.0.weight": (512, 256, 3, 3),
        "unet.decoder.layers.0.conv2.0.shortcut.weight": (256, 512, 1, 1),
        "unet.decoder.layers.4.conv2.3.conv.0.weight": (16, 16, 3, 3),
        "cnn.weight": (3, 16, 3, 3),
        "fc.0.gru.weight_ih_l0_reverse": (768, 384),
        "fc.1.weight": (360, 512),
    }
    assert {name: tuple(tensors[name].shape) for name in shapes} == shapes
    assert not any("shortcut" in name for name in tensors if "encoder.layers.2.conv.1" in name)


def test_mel_spectrogram_equals_librosas(song):
    wave = song.to_mono().resample(RATE).samples[0, : 3 * RATE]
    settings = {"sr": RATE, "n_fft": 1024, "hop_length": 160, "n_mels": 128, "fmin": 30, "fmax": 8000}
    mels = librosa.feature.melspectrogram(y=wave, power=1.0, htk=True, pad_mode="reflect", **settings)
    ours = rmvpe.compute_log_mel(torch.from_numpy(wave)[None])[0].numpy()
    np.testing.assert_allclose(ours, np.log(np.maximum(mels, 1e-5)).T, atol=1e-3)


def test_network_accepts_any_number_of_frames():
    torch.manual_seed(0)
    network = rmvpe.Rmvpe().eval()
    with torch.inference_mode():
        for frames in (21, 32, 33, 64):
            found = network(torch.randn(1, frames, rmvpe.MELS))
            assert found.shape == (1, frames, rmvpe.PITCH_BINS)
            assert ((found > 0) & (found < 1)).all()


@pytest.mark.parametrize("hop_seconds", [0.005, 512 / 44_100])
def test_vibrato_is_accurate_at_any_hop(estimator, hop_seconds):
    times = np.arange(3 * RATE) / RATE
    octaves = np.log2(220) + 0.5 * times / 3 + 0.05 * np.sin(2 * np.pi * 5 * times)
    audio = make_singing(octaves)
    pitch = estimate_pitch(audio, estimator, hop_seconds=hop_seconds)
    assert pitch.frames == int(audio.seconds / hop_seconds + 1e-9) + 1
    off = np.abs(errors_in_cents(pitch, octaves))
    assert np.percentile(off, 95) < 15
    assert np.abs(errors_in_cents(correct_octave_errors(pitch), octaves)).max() < 50


def test_silence_and_noise_are_unvoiced(estimator):
    noise = np.random.default_rng(0).standard_normal((1, 2 * RATE)).astype(np.float32)
    for level in (0.0, 0.0001, 0.1):
        assert estimate_pitch(Audio(level * noise, RATE), estimator).voiced.mean() < 0.05


def test_result_does_not_depend_on_windows(estimator, monkeypatch):
    times = np.arange(5 * RATE) / RATE
    audio = make_singing(np.log2(300) + 0.3 * np.sin(times))
    whole = estimate_pitch(audio, estimator)
    monkeypatch.setattr("vc_core.signal.pitch.WINDOW_SECONDS", 1.3)
    windowed = estimate_pitch(audio, estimator)
    np.testing.assert_array_equal(windowed.voiced, whole.voiced)
    np.testing.assert_allclose(windowed.hertz, whole.hertz, rtol=0.002)


def test_malicious_pickle_is_refused_without_running_code(tmp_path):
    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "rmvpe.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"cnn.weight": Payload()}, protocol=2))
        archive.writestr("archive/version", "3")
    with pytest.raises(UserError, match="was not loaded"):
        rmvpe_method.Rmvpe(Checkpoint(local=path), "cpu")
    assert not (tmp_path / "ran").exists()


def test_checkpoint_of_another_network_is_refused(tmp_path):
    torch.save({"cnn.weight": torch.zeros(3, 16, 3, 3)}, tmp_path / "rmvpe.pt")
    with pytest.raises(UserError, match="does not fit this engine: it lacks weights"):
        rmvpe_method.Rmvpe(Checkpoint(local=tmp_path / "rmvpe.pt"), "cpu")


def test_preparing_offline_raises(hub):
    hub.down = True
    with pytest.raises(UserError, match="can't be reached"):
        prepare_pitch_method("rmvpe")


@pytest.mark.slow
def test_weights_are_downloaded_once_despite_a_connection_reset(hub, checkpoint, monkeypatch):
    hub.repos["lj1995/VoiceConversionWebUI"] = repo = hub_server.Repo({"rmvpe.pt": checkpoint.read_bytes()})
    monkeypatch.setattr(rmvpe_method, "CHECKPOINT", replace(rmvpe_method.CHECKPOINT, revision=repo.commit))
    hub.faults.append(hub_server.Fault("/lfs/", "rst", after_bytes=50_000_000))
    assert METHODS["rmvpe"].download_megabytes(None) == 181
    messages = []
    prepare_pitch_method("rmvpe", progress=lambda fraction, message: messages.append(message))
    assert any("trying again" in str(message) for message in messages)
    assert METHODS["rmvpe"].download_megabytes(None) == 0
    hub.down = True
    load_pitch_method.cache_clear()
    octaves = np.full(RATE, np.log2(330.0))
    assert np.abs(np.median(errors_in_cents(estimate_pitch(make_singing(octaves), "rmvpe"), octaves))) < 10
    load_pitch_method.cache_clear()


def test_checkpoint_is_pinned_to_a_commit():
    assert rmvpe_method.CHECKPOINT.is_pinned
    assert str(rmvpe_method.CHECKPOINT) == "lj1995/VoiceConversionWebUI@6b3b855:rmvpe.pt"
