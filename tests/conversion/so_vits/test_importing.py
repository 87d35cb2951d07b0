"""So-vits checkpoints are taken in from the Hub and from files, of every generation, and what is wrong is said."""

import json

import numpy as np
import pytest
import torch
from conversion.so_vits_maker import (
    GENERATIONS,
    add_clusters,
    change_config,
    change_weights,
    inspect_so_vits_repo,
    make_clusters,
)
from hub_server import Fault, Repo
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from vc_core.checkpoints.hub import parse_checkpoint
from vc_core.cli import app
from vc_core.conversion.importing import ModelChoice, import_model, open_source
from vc_core.conversion.so_vits.importing import (
    CLUSTERS_FILE,
    CONFIG_FILE,
    WEIGHTS_FILE,
    import_so_vits,
    list_speakers,
)
from vc_core.conversion.so_vits.repo import SoVitsFiles, fetch_config, fetch_files
from vc_core.errors import UserError
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary, find_faults

FACTS = VoiceFacts("Drake", "permission", "CC-BY-4.0", speaker="singer")


@pytest.mark.parametrize("name", GENERATIONS)
def test_every_generation_becomes_a_voice(made, library, tmp_path, name):
    voice = import_so_vits(library, made(name, tmp_path / "mine"), FACTS)
    assert find_faults(voice) == []
    assert sorted(voice.card.files) == [CONFIG_FILE, WEIGHTS_FILE]
    assert voice.card.engine == "so-vits"
    assert voice.card.sample_rate == 44_100
    assert voice.card.settings["speaker"] == "singer"
    assert voice.card.settings["step"] == 100
    assert not any(tensor.startswith("enc_q.") for tensor in load_file(voice.folder / WEIGHTS_FILE))


def test_optimiser_state_and_training_tensors_are_dropped(files, library):
    voice = import_so_vits(library, files, FACTS)
    kept = load_file(voice.folder / WEIGHTS_FILE)
    model = torch.load(files.generator)["model"]
    assert kept.keys() == {name for name in model if not name.startswith("enc_q.")}
    assert all(torch.equal(kept[name], model[name]) for name in kept)


def test_a_compressed_checkpoint_is_imported(files, library):
    def halved(model):
        for name in list(model):
            model[name] = model[name].half()
            if name.startswith("enc_q."):
                del model[name]

    assert find_faults(import_so_vits(library, change_weights(files, halved), FACTS)) == []


def test_a_safetensors_file_is_imported(files, library, tmp_path):
    save_file(torch.load(files.generator)["model"], tmp_path / "G.safetensors")
    assert import_so_vits(library, SoVitsFiles(tmp_path / "G.safetensors", files.config), FACTS).name == "Drake"


def test_the_config_need_not_state_the_sizes(files, library):
    """They are taken from the tensors: a config with other ones used to be run with random layers."""

    def wrong(config):
        config["model"] |= {"ssl_dim": 256, "gin_channels": 768, "n_speakers": 1, "hidden_channels": 999}

    assert find_faults(import_so_vits(library, change_config(files, wrong), FACTS)) == []


def test_several_singers_are_chosen_from_by_name(files, library):
    for wrong in ("", "nobody"):
        with pytest.raises(UserError, match="singer, other"):
            import_so_vits(library, files, VoiceFacts("A", "own", "MIT", speaker=wrong))
    assert (
        import_so_vits(library, files, VoiceFacts("A", "own", "MIT", speaker="other")).card.settings["speaker"]
        == "other"
    )
    one = change_config(files, lambda c: c.update(spk={"alone": 3}))
    assert import_so_vits(library, one, VoiceFacts("B", "own", "MIT")).card.settings["speaker"] == "alone"


def test_clusters_of_its_singers_are_imported(files, library, tmp_path):
    content = make_clusters(singer=7, stranger=5)
    voice = import_so_vits(library, add_clusters(files, tmp_path / "kmeans.pt", content), FACTS)
    kept = load_file(voice.folder / CLUSTERS_FILE)
    assert list(kept) == ["singer"]
    np.testing.assert_array_equal(kept["singer"], content["singer"]["cluster_centers_"])


# From the Hub


def test_the_newest_checkpoint_is_offered_first(repo):
    offered = inspect_so_vits_repo(parse_checkpoint("me/drake"))
    assert offered.generators == ("G_106000.pth", "G_98400.pth", "G_0.pth")
    assert offered.configs == ("config.json",)
    assert list_speakers(fetch_config(offered)) == ("singer", "other")


def test_the_tutorial_s_repo_becomes_a_voice(repo, library):
    offered = inspect_so_vits_repo(parse_checkpoint("https://huggingface.co/me/drake"))
    voice = import_so_vits(library, fetch_files(offered), FACTS)
    assert voice.card.source == f"me/drake@{repo.commit}:G_106000.pth"
    assert voice.card.settings["step"] == 106_000


def test_a_link_to_one_checkpoint_offers_only_that(repo):
    assert inspect_so_vits_repo(parse_checkpoint("me/drake@main:G_98400.pth")).generators == ("G_98400.pth",)


def test_a_config_in_the_same_folder_is_taken(hub, files):
    generator, config = files.generator.read_bytes(), files.config.read_bytes()
    hub.repos["me/many"] = Repo(
        {"a/G_1.pth": generator, "b/G_2.pth": generator, "a/config.json": b"{}", "b/config.json": config}
    )
    offered = inspect_so_vits_repo(parse_checkpoint("me/many"))
    assert offered.generators == ("b/G_2.pth", "a/G_1.pth")
    assert fetch_files(offered).config.read_bytes() == config
    assert fetch_files(offered, "a/G_1.pth").config.read_bytes() == b"{}"


@pytest.mark.parametrize("kind", ["fin", "rst"])
def test_an_interrupted_download_resumes(hub, repo, library, kind, monkeypatch):
    monkeypatch.setattr("vc_core.checkpoints.hub.FIRST_PAUSE_SECONDS", 0.01)
    hub.faults = [Fault("lfs/me/drake", kind, after_bytes=100_000)]
    offered = inspect_so_vits_repo(parse_checkpoint("me/drake"))
    assert import_so_vits(library, fetch_files(offered), FACTS).name == "Drake"


@pytest.mark.parametrize(
    ("kept", "sentence"), [(("config.json",), "no voice: no .pth"), (("G_106000.pth",), "its config.json is missing")]
)
def test_a_repo_without_what_is_needed_is_refused(hub, repo, library, kept, sentence):
    hub.repos["me/drake"] = Repo({name: repo.files[name] for name in kept})
    with open_source("me/drake") as source, pytest.raises(UserError, match=sentence):
        import_model(library, source, ModelChoice(), FACTS)


def test_only_what_is_offered_can_be_chosen(repo):
    offered = inspect_so_vits_repo(parse_checkpoint("me/drake"))
    with pytest.raises(UserError, match="no file “D_106000.pth”"):
        fetch_files(offered, "D_106000.pth")


# From a shell


@pytest.mark.parametrize("source", ["me/drake", "files"])
def test_the_shell_imports_a_checkpoint(repo, files, source, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    where = str(files.generator) if source == "files" else source
    words = ["--name", "Drake", "--consent", "permission", "--licence", "MIT"]
    asked = CliRunner().invoke(app, ["voices", "import", where, *words])
    assert asked.exit_code == 1
    assert "singer, other" in asked.output
    done = CliRunner().invoke(app, ["voices", "import", where, *words, "--speaker", "other"])
    assert done.exit_code == 0, done.output
    assert "“Drake” has been added." in done.output
    assert (source == "files") != ("Taking G_106000.pth. There are also: G_98400.pth" in done.output)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--speaker", "nobody"], "singer, other"),
        (["--name", "Clara", "--speaker", "singer"], "a voice called “Clara” already"),
        (["--licence", " ", "--speaker", "singer"], "state its licence"),
        (["--speaker", "singer"], "hears through “whisper-ppg”"),
    ],
)
def test_the_shell_refuses_before_it_downloads(repo, hub, tmp_path, monkeypatch, words, sentence):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    if "whisper" in sentence:
        config = json.loads(repo.files["config.json"])
        config["model"]["speech_encoder"] = "whisper-ppg"
        repo.files["config.json"] = json.dumps(config).encode()
    given = ["--name", "Drake", "--consent", "permission", "--licence", "MIT", *words]
    asked = CliRunner().invoke(app, ["voices", "import", "me/drake", *given])
    assert asked.exit_code == 1
    assert sentence in asked.output.replace("\n", " ")
    assert not [line for line in hub.log if line.startswith("GET") and ".pth" in line]


def test_clusters_of_a_repo_are_chosen_by_name(hub, repo, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    torch.save(make_clusters(), tmp_path / "kmeans.pt")
    repo.files["kmeans_10000.pt"] = (tmp_path / "kmeans.pt").read_bytes()
    given = ["--consent", "permission", "--licence", "MIT", "--speaker", "singer"]
    for name, chosen in (("Far", "kmeans_10000.pt"), ("Near", str(tmp_path / "kmeans.pt"))):
        done = CliRunner().invoke(app, ["voices", "import", "me/drake", "--name", name, *given, "--clusters", chosen])
        assert done.exit_code == 0, done.output
        assert CLUSTERS_FILE in VoiceLibrary(tmp_path / "home" / "voices").find(name).card.files
