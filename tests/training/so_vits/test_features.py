"""Features for so-vits training: as the converter computes them, by speaker, and cached."""

import numpy as np
import pytest
import torch
from conversion.so_vits_maker import write_content_vec

from vc_core.files.writing import write_audio
from vc_core.speech.espeak import speak
from vc_core.training.base import Clips
from vc_core.training.so_vits.config import HOP_SAMPLES, SAMPLE_RATE
from vc_core.training.so_vits.features import FeatureOptions, extract_features, load_features, prepare_features

HEARING = FeatureOptions(768, "dio", "cpu")
"""Random ContentVec weights of the real size: the content is meaningless, but has the right shape."""


@pytest.fixture(autouse=True, scope="module")
def content_vec():
    write_content_vec()


@pytest.fixture(scope="module")
def line():
    return speak("Hold me now.", voice="en-us+m3").audio.resample(SAMPLE_RATE)


@pytest.fixture(scope="module")
def features(line):
    return extract_features(line, 3, HEARING)


def test_all_features_have_the_length_of_the_clip(features, line):
    frames = line.frames // HOP_SAMPLES
    shapes = {name: tuple(value.shape) for name, value in features.items()}
    assert shapes == {
        "spec": (1025, frames),
        "mel_spec": (80, frames),
        "f0": (frames,),
        "uv": (frames,),
        "content": (768, frames),
        "audio": (1, frames * HOP_SAMPLES),
        "spk": (),
    }
    assert features["spk"] == 3
    assert all(torch.isfinite(value).all() for value in features.values())


def test_the_pitch_is_interpolated_and_voicing_is_a_feature_of_its_own(features):
    voiced = features["uv"] > 0
    assert 0.2 < voiced.float().mean() < 1
    assert (features["f0"] > 50).all()
    assert features["f0"][voiced].median() == pytest.approx(float(features["f0"].median()), rel=0.2)


def test_the_content_features_are_those_of_so_vits_svc_fork(features, line):
    """Compare with its own functions, the same weights and the layer of the template."""
    transformers = pytest.importorskip("transformers")
    from so_vits_svc_fork import utils

    from vc_core.voices.content_vec import get_content_vec_path

    network = transformers.HubertModel(transformers.HubertConfig()).eval()
    weights = {n: v for n, v in torch.load(get_content_vec_path(), weights_only=True).items() if "final_proj" not in n}
    head = "encoder.pos_conv_embed.conv"
    for place, name in enumerate(("weight_g", "weight_v")):
        weights[f"{head}.parametrizations.weight.original{place}"] = weights.pop(f"{head}.{name}")
    network.load_state_dict(weights)
    said = utils.get_content(network, torch.from_numpy(line.samples[0]), "cpu", SAMPLE_RATE)[0]
    expected = utils.repeat_expand_2d(said, features["content"].shape[1])
    torch.testing.assert_close(features["content"], expected, atol=2e-3, rtol=1e-3)


def test_a_clip_belongs_to_the_speaker_of_its_folder_and_is_cached(tmp_path, line):
    folders = {}
    for name in ("zoe", "adam"):
        (tmp_path / name).mkdir()
        folders[name] = [tmp_path / name / "same name.flac"]
        write_audio(folders[name][0], line.slice(0, SAMPLE_RATE // 2))
    write_audio(tmp_path / "zoe" / "silence.flac", line.with_samples(np.zeros((1, SAMPLE_RATE), np.float32)))
    folders["zoe"].append(tmp_path / "zoe" / "silence.flac")
    kept = prepare_features(Clips(folders), {"adam": 0, "zoe": 1}, HEARING, tmp_path / "kept")
    assert {name: len(paths) for name, paths in kept.items()} == {"adam": 1, "zoe": 1}  # silence is skipped
    assert [int(load_features(kept[name][0])["spk"]) for name in ("adam", "zoe")] == [0, 1]

    written = kept["zoe"][0].stat().st_mtime_ns
    again = prepare_features(Clips(folders), {"adam": 0, "zoe": 1}, HEARING, tmp_path / "kept")
    assert again == kept
    assert kept["zoe"][0].stat().st_mtime_ns == written
    other_number = prepare_features(Clips(folders), {"adam": 1, "zoe": 0}, HEARING, tmp_path / "kept")
    assert int(load_features(other_number["adam"][0])["spk"]) == 1


def test_the_dataset_of_so_vits_svc_fork_reads_the_cached_features(tmp_path, features):
    from so_vits_svc_fork.dataset import TextAudioCollate, TextAudioDataset
    from so_vits_svc_fork.hparams import HParams

    torch.save(features, tmp_path / "clip.wav.data.pt")
    (tmp_path / "train.txt").write_text(str(tmp_path / "clip.wav"))
    files = {"training_files": str(tmp_path / "train.txt"), "hop_length": HOP_SAMPLES}
    dataset = TextAudioDataset(HParams(data=files, train={"seed": 0}))
    content, hertz, spectrum, _, sound, speaker, lengths, _ = TextAudioCollate()([dataset[0]])
    assert torch.equal(content[0], features["content"])
    assert torch.equal(sound[0], features["audio"])
    assert (speaker.item(), lengths.item()) == (3, len(features["f0"]))
    assert spectrum.shape[-1] == hertz.shape[-1] == lengths
