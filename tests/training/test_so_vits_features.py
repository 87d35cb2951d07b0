"""What so-vits voices learn from: heard as the converter hears, under the right singer, and heard only once."""

import numpy as np
import pytest
import torch
from conversion.so_vits_maker import write_content_vec

from vc_core.espeak import speak
from vc_core.training.base import Clips
from vc_core.training.so_vits_config import HOP, RATE
from vc_core.training.so_vits_features import Hearing, hear, load_features, prepare_features
from vc_core.writing import write_audio

HEARING = Hearing(768, "dio", "cpu")
"""With random weights of the real size: what is “said” means nothing, but has its form and place."""


@pytest.fixture(autouse=True, scope="module")
def content_vec():
    write_content_vec()


@pytest.fixture(scope="module")
def line():
    return speak("Hold me now.", voice="en-us+m3").audio.resampled(RATE)


@pytest.fixture(scope="module")
def heard(line):
    return hear(line, 3, HEARING)


def test_every_part_is_as_long_as_the_clip(heard, line):
    hops = line.frames // HOP
    shapes = {name: tuple(value.shape) for name, value in heard.items()}
    assert shapes == {
        "spec": (1025, hops),
        "mel_spec": (80, hops),
        "f0": (hops,),
        "uv": (hops,),
        "content": (768, hops),
        "audio": (1, hops * HOP),
        "spk": (),
    }
    assert heard["spk"] == 3
    assert all(torch.isfinite(value).all() for value in heard.values())


def test_the_pitch_has_no_gaps_and_is_told_apart_where_it_is_voiced(heard):
    voiced = heard["uv"] > 0
    assert 0.2 < voiced.float().mean() < 1
    assert (heard["f0"] > 50).all()
    assert heard["f0"][voiced].median() == pytest.approx(float(heard["f0"].median()), rel=0.2)


def test_the_content_is_what_the_original_hears(heard, line):
    """As its own functions hear it through the same weights, in the layer that its template names."""
    transformers = pytest.importorskip("transformers")
    from so_vits_svc_fork import utils

    from vc_core.content_vec import content_vec_file

    network = transformers.HubertModel(transformers.HubertConfig()).eval()
    weights = {n: v for n, v in torch.load(content_vec_file(), weights_only=True).items() if "final_proj" not in n}
    head = "encoder.pos_conv_embed.conv"
    for place, name in enumerate(("weight_g", "weight_v")):
        weights[f"{head}.parametrizations.weight.original{place}"] = weights.pop(f"{head}.{name}")
    network.load_state_dict(weights)
    said = utils.get_content(network, torch.from_numpy(line.samples[0]), "cpu", RATE)[0]
    expected = utils.repeat_expand_2d(said, heard["content"].shape[1])
    torch.testing.assert_close(heard["content"], expected, atol=2e-3, rtol=1e-3)


def test_a_clip_belongs_to_the_singer_whose_folder_it_lies_in(tmp_path, line):
    folders = {}
    for name in ("zoe", "adam"):
        (tmp_path / name).mkdir()
        folders[name] = [tmp_path / name / "same name.flac"]
        write_audio(folders[name][0], line.between(0, RATE // 2))
    write_audio(tmp_path / "zoe" / "silence.flac", line.with_samples(np.zeros((1, RATE), np.float32)))
    folders["zoe"].append(tmp_path / "zoe" / "silence.flac")
    kept = prepare_features(Clips(folders), {"adam": 0, "zoe": 1}, HEARING, tmp_path / "kept")
    assert {name: len(paths) for name, paths in kept.items()} == {"adam": 1, "zoe": 1}  # nothing is heard in silence
    assert [int(load_features(kept[name][0])["spk"]) for name in ("adam", "zoe")] == [0, 1]

    written = kept["zoe"][0].stat().st_mtime_ns
    again = prepare_features(Clips(folders), {"adam": 0, "zoe": 1}, HEARING, tmp_path / "kept")
    assert again == kept
    assert kept["zoe"][0].stat().st_mtime_ns == written
    other_number = prepare_features(Clips(folders), {"adam": 1, "zoe": 0}, HEARING, tmp_path / "kept")
    assert int(load_features(other_number["adam"][0])["spk"]) == 1


def test_the_originals_dataset_reads_what_is_kept(tmp_path, heard):
    from so_vits_svc_fork.dataset import TextAudioCollate, TextAudioDataset
    from so_vits_svc_fork.hparams import HParams

    torch.save(heard, tmp_path / "clip.wav.data.pt")
    (tmp_path / "train.txt").write_text(str(tmp_path / "clip.wav"))
    files = {"training_files": str(tmp_path / "train.txt"), "hop_length": HOP}
    dataset = TextAudioDataset(HParams(data=files, train={"seed": 0}))
    content, hertz, spectrum, _, sound, speaker, lengths, _ = TextAudioCollate()([dataset[0]])
    assert torch.equal(content[0], heard["content"])
    assert torch.equal(sound[0], heard["audio"])
    assert (speaker.item(), lengths.item()) == (3, len(heard["f0"]))
    assert spectrum.shape[-1] == hertz.shape[-1] == lengths
