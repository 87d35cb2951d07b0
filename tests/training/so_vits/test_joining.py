"""Clusters, retrieval tables and diffusion are added to the voice that they are for, and the converter loads them."""

import json

import pytest
import torch
from conftest import ROOT
from conversion.so_vits_maker import write_diffusion
from so_vits_training import TINY, tiny_trainer, write_features

from vc_core.conversion.so_vits.config import read_config
from vc_core.conversion.so_vits.diffusion import load_diffusion
from vc_core.conversion.so_vits.retrieval import load_retrieval
from vc_core.errors import UserError
from vc_core.training import TRAINING_METHODS
from vc_core.training.run.publish import export_model, publish_voice
from vc_core.training.run.spec import Status
from vc_core.training.run.start import RunRequest, create_run
from vc_core.training.so_vits.diffusion import DiffusionTrainer, read_clip
from vc_core.training.so_vits.kmeans import KMeansTrainer, RetrievalTrainer, load_content_frames
from vc_core.training.so_vits.settings import DiffusionSettings, KMeansSettings
from vc_core.voices.diffusion_files import MELS, get_vocoder_folder
from vc_core.voices.library import VoiceCard, VoiceLibrary, find_faults, hash_files, write_card

LINES = [ROOT / "examples" / name for name in ("spoken_line.flac", "sung_line.flac")]
SMALL_DIFFUSION = DiffusionSettings(layers=1, channels=8, deepest=200)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """With a tiny so-vits voice, and one of another engine."""
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    library = VoiceLibrary(tmp_path / "home" / "voices")
    for name, engine in (("Ann", "so-vits"), ("Ben", "instant")):
        with library.staging_folder() as folder:
            made = tiny_trainer(tmp_path / "clips", TINY).export(folder)
            settings = {"speaker": made.settings["speaker"]}
            card = VoiceCard(name, engine, 44_100, "MIT", "synthetic", "tones", hash_files(folder), settings=settings)
            write_card(folder, card)
            library.add(folder)
    return library


@pytest.fixture
def features(tmp_path):
    return write_features(tmp_path / "features", 5)


def make_run(library, method, name="Ann", **settings):
    request = RunRequest(name, method, "synthetic", settings=settings)
    return create_run(library.folder.parent / "training", library.folder, request, LINES).run


def publish(run, trainer):
    export_model(run, trainer, 7)
    return publish_voice(run, Status("training", best_step=7))


def write_vocoder(folder, mels=MELS):
    """A tiny NSF-HiFiGAN for spectrograms of so many bands, under its usual names."""
    _, _, vocoder, _ = write_diffusion(folder)
    tensors = torch.load(vocoder, weights_only=True)
    first = tensors["generator"]["conv_pre.weight_v"]
    tensors["generator"]["conv_pre.weight_v"] = torch.randn(first.shape[0], mels, first.shape[2])
    torch.save(tensors, vocoder)


def test_clusters_and_frames_land_in_their_voice(library, features):
    frames = {"singer": load_content_frames(features)}
    before = library.find("Ann").card.files
    publish(make_run(library, "kmeans"), KMeansTrainer(frames, frames, KMeansSettings(clusters=4)))
    voice = publish(make_run(library, "retrieval"), RetrievalTrainer(frames, frames))
    assert voice == library.find("Ann")
    assert find_faults(voice) == []
    assert before.items() <= {**voice.card.files, "moments.safetensors": before["moments.safetensors"]}.items()
    assert [v.name for v in library.list()] == ["Ann", "Ben"]
    found = load_retrieval(voice.folder, 768, "cpu")
    assert found.clusters["singer"].shape == (4, 768)
    torch.testing.assert_close(found.features["singer"], frames["singer"], atol=1e-2, rtol=1e-3)
    drawn = found.move_content(frames["singer"][:20].T, "singer", 0.0, 1.0)
    torch.testing.assert_close(drawn.T, frames["singer"][:20], atol=1e-2, rtol=1e-2)


def test_tables_of_other_singers_stay(library, features):
    ann, ben = (load_content_frames([path]) for path in features[:2])
    publish(make_run(library, "retrieval"), RetrievalTrainer({"singer": ann}, {"singer": ann}))
    voice = publish(make_run(library, "retrieval"), RetrievalTrainer({"other": ben}, {"other": ben}))
    assert set(load_retrieval(voice.folder, 768, "cpu").features) == {"singer", "other"}


def test_settings_follow_from_the_voice(library):
    settings = make_run(library, "kmeans", template="quickvc").spec.settings
    assert settings == {"template": "so-vits-svc-4.0v1", "speaker": "singer"}
    with pytest.raises(UserError, match="no singer “nobody”"):
        make_run(library, "retrieval", speaker="nobody")


def test_diffusion_is_joined_with_the_users_vocoder(library, features):
    with pytest.raises(UserError, match="“model” and “config.json” into"):
        make_run(library, "diffusion")
    write_vocoder(get_vocoder_folder(), mels=16)
    with pytest.raises(UserError, match="another vocoder"):
        make_run(library, "diffusion")
    write_vocoder(get_vocoder_folder())
    run = make_run(library, "diffusion")
    trainer = DiffusionTrainer([read_clip(path) for path in features], [], SMALL_DIFFUSION, speakers=1)
    voice = publish(run, trainer)
    assert find_faults(voice) == []
    config = read_config(voice.folder / "config.json")
    diffusion = load_diffusion(voice.folder, config, 768, "cpu")
    assert diffusion.settings.deepest == 200
    weight = trainer.network.decoder.denoise_fn.output_projection.weight
    assert torch.equal(diffusion.network.decoder.denoise_fn.output_projection.weight, weight)
    for path in get_vocoder_folder().iterdir():  # the voice has its own now
        path.unlink()
    assert find_faults(publish(make_run(library, "diffusion"), trainer)) == []
    assert json.loads((voice.folder / "diffusion.json").read_text())["window"] == 2048


@pytest.mark.parametrize("method", ["kmeans", "retrieval", "diffusion"])
def test_only_a_so_vits_voice_of_the_library_gets_them(library, method):
    assert TRAINING_METHODS[method].extends
    with pytest.raises(UserError, match="no voice called “Nobody”"):
        make_run(library, method, "Nobody")
    with pytest.raises(UserError, match="“Ben” is a voice of the engine instant"):
        make_run(library, method, "Ben")


def test_a_so_vits_training_exports_frames_as_a_by_product(tmp_path):
    trainer = tiny_trainer(tmp_path, TINY)
    trainer.export(tmp_path)
    (frames,) = load_retrieval(tmp_path, 768, "cpu").features.values()
    assert len(frames) > 100
    assert len(load_content_frames(trainer._clips, 50)) <= 50


def test_a_voice_stays_whole_when_its_extension_fails(library):
    def fail(folder):
        (folder / "half.safetensors").touch()
        raise UserError("The disk is full")

    before = library.find("Ann")
    with pytest.raises(UserError):
        library.extend("Ann", fail)
    assert library.find("Ann") == before
    assert find_faults(before) == []
    assert len(list(library.folder.iterdir())) == 2
