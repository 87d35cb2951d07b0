"""So-vits checkpoints are taken in from the Hub and from files, of every generation, and what is wrong is said."""

import json
import os
import shutil

import numpy as np
import pytest
import torch
from conversion.so_vits_maker import GENERATIONS, write_checkpoint
from hub_server import Fault, Repo
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.conversion.so_vits_import import (
    CLUSTERS_FILE,
    CONFIG_FILE,
    WEIGHTS_FILE,
    VoiceFacts,
    import_so_vits,
    speakers_of,
)
from vc_core.conversion.so_vits_repo import SoVitsFiles, fetch_config, fetch_files, look_over
from vc_core.errors import UserError
from vc_core.hub import parse_checkpoint
from vc_core.voices import VoiceLibrary, verify

FACTS = VoiceFacts("Drake", "permission", "CC-BY-4.0", speaker="singer")


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path / "voices")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that writes a tiny checkpoint once, and gives a copy of its own."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def make(name: str, place) -> SoVitsFiles:
        own = folder / name.replace(" ", "-")
        if not own.exists():
            write_checkpoint(own, name)
        shutil.copytree(own, place, dirs_exist_ok=True)
        return SoVitsFiles(place / "G_100.pth", place / "config.json")

    return make


@pytest.fixture
def files(made, tmp_path):
    return made("upstream 4.1", tmp_path / "mine")


def changed_config(files: SoVitsFiles, change) -> SoVitsFiles:
    config = json.loads(files.config.read_text())
    change(config)
    files.config.write_text(json.dumps(config))
    return files


def changed_weights(files: SoVitsFiles, change) -> SoVitsFiles:
    checkpoint = torch.load(files.generator)
    change(checkpoint["model"])
    torch.save(checkpoint, files.generator)
    return files


@pytest.mark.parametrize("name", GENERATIONS)
def test_every_generation_becomes_a_voice(made, library, tmp_path, name):
    voice = import_so_vits(library, made(name, tmp_path / "mine"), FACTS)
    assert verify(voice) == []
    assert sorted(voice.card.files) == [CONFIG_FILE, WEIGHTS_FILE]
    assert voice.card.engine == "so-vits"
    assert voice.card.sample_rate == 44_100
    assert voice.card.settings["speaker"] == "singer"
    assert voice.card.settings["step"] == 100
    assert not any(tensor.startswith("enc_q.") for tensor in load_file(voice.folder / WEIGHTS_FILE))


def test_what_training_left_in_the_file_is_dropped(files, library):
    voice = import_so_vits(library, files, FACTS)
    kept = load_file(voice.folder / WEIGHTS_FILE)
    model = torch.load(files.generator)["model"]
    assert kept.keys() == {name for name in model if not name.startswith("enc_q.")}
    assert all(torch.equal(kept[name], model[name]) for name in kept)


def test_a_compressed_checkpoint_is_taken_in(files, library):
    def halved(model):
        for name in list(model):
            model[name] = model[name].half()
            if name.startswith("enc_q."):
                del model[name]

    assert verify(import_so_vits(library, changed_weights(files, halved), FACTS)) == []


def test_a_safetensors_file_is_taken_in(files, library, tmp_path):
    save_file(torch.load(files.generator)["model"], tmp_path / "G.safetensors")
    assert import_so_vits(library, SoVitsFiles(tmp_path / "G.safetensors", files.config), FACTS).name == "Drake"


def test_the_config_need_not_know_the_sizes(files, library):
    """They are taken from the tensors: a config with other ones used to be run with random layers."""

    def wrong(config):
        config["model"] |= {"ssl_dim": 256, "gin_channels": 768, "n_speakers": 1, "hidden_channels": 999}

    assert verify(import_so_vits(library, changed_config(files, wrong), FACTS)) == []


WRONG_CONFIGS = {
    "no speakers": (lambda c: c.pop("spk"), "makes no sense|makes sense"),
    "speakers of none": (lambda c: c.update(spk={}), "names no singers"),
    "speakers by the million": (lambda c: c.update(spk={str(n): n for n in range(5000)}), "names no singers"),
    "two of one number": (lambda c: c.update(spk={"a": 0, "b": 0}), "the same number"),
    "a number too high": (lambda c: c.update(spk={"singer": 4}), "has 4 singers"),
    "a name of control letters": (lambda c: c.update(spk={"si\x00nger": 0}), "a name that is none"),
    "a number that is none": (lambda c: c.update(spk={"singer": "0"}), "spk singer is '0'"),
    "no rates": (lambda c: c["model"].pop("upsample_rates"), "upsample_rates"),
    "huge rates": (lambda c: c["model"].update(upsample_rates=[10**9]), "upsample_rates"),
    "other rates": (lambda c: c["model"].update(upsample_rates=[8, 8, 2, 2, 4]), "don't make its hop_length"),
    "fewer rates": (lambda c: c["model"].update(upsample_rates=[8, 8, 8]), "another number of layers"),
    "huge dilations": (lambda c: c["model"].update(resblock_dilation_sizes=[[10**6]] * 3), "dilation"),
    "no sample rate": (lambda c: c["data"].update(sampling_rate=0), "sampling_rate is 0"),
    "a hop of none": (lambda c: c["data"].update(hop_length=-512), "hop_length is -512"),
    "another ear": (lambda c: c["model"].update(speech_encoder="whisper-ppg"), "hears through “whisper-ppg”"),
    "a list": (lambda c: c.update(data=[1]), "makes sense"),
}


@pytest.mark.parametrize("wrong", WRONG_CONFIGS)
def test_a_config_that_makes_no_sense_is_refused(files, library, wrong):
    change, sentence = WRONG_CONFIGS[wrong]
    with pytest.raises(UserError, match=sentence):
        import_so_vits(library, changed_config(files, change), FACTS)
    assert library.list() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"data": 1, "model": 2, "spk": 3}'])
def test_a_config_that_is_none_is_refused(files, library, text):
    files.config.write_text(text)
    with pytest.raises(UserError, match="config"):
        import_so_vits(library, files, FACTS)


WRONG_WEIGHTS = {
    "a layer missing": (lambda m: m.pop("enc_p.proj.bias"), r"lacks weights \(enc_p.proj.bias\)"),
    "a layer of another size": (lambda m: m.update({"pre.bias": torch.zeros(3)}), r"misshapen weights \(pre.bias\)"),
    "a layer too many": (lambda m: m.update({"extra": torch.zeros(3)}), "unknown weights"),
    "NaN": (lambda m: m["pre.bias"].fill_(float("nan")), "not numbers"),
    "snake": (lambda m: m.update({"dec.snakes.0.alpha": torch.zeros(3)}), "nsf-snake-hifigan"),
    "tiny": (lambda m: m.update({"enc_p.depth_conv.weight": torch.zeros(3)}), "tiny"),
    "shared flow": (lambda m: m.update({"flow.wn.in_layers.0.bias": torch.zeros(3)}), "tiny"),
    "transformer flow": (
        lambda m: m.update({"flow.flows.0.pre_transformer.attn_layers.0.conv_q.bias": torch.zeros(3)}),
        "transformer flow",
    ),
    "no tensor": (lambda m: m.update({"pre.bias": "text"}), "more than weights"),
    "a discriminator": (lambda m: (m.clear(), m.update({"discriminators.0.bias": torch.zeros(3)})), "begins with G_"),
    "huge by name": (
        lambda m: m.update({"emb_g.weight": torch.zeros(1).expand(4, 3_000_000)}),
        "too large|not a whole|misshapen",
    ),
}


@pytest.mark.parametrize("wrong", WRONG_WEIGHTS)
def test_weights_that_don_t_fit_are_refused_by_name(files, library, wrong):
    change, sentence = WRONG_WEIGHTS[wrong]
    with pytest.raises(UserError, match=sentence):
        import_so_vits(library, changed_weights(files, change), FACTS)
    assert library.list() == []


class Payload:
    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def test_a_malicious_checkpoint_is_refused_and_never_run(files, library, tmp_path):
    torch.save({"model": Payload(tmp_path / "ran"), "iteration": 1}, files.generator)
    with pytest.raises(UserError, match="holds code"):
        import_so_vits(library, files, FACTS)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04half", b"noise" * 1000])
def test_a_damaged_checkpoint_is_refused(files, library, content):
    files.generator.write_bytes(content)
    with pytest.raises(UserError, match="Download it again|damaged"):
        import_so_vits(library, files, FACTS)


def test_a_file_cut_short_is_refused(files, library):
    files.generator.write_bytes(files.generator.read_bytes()[:-5000])
    with pytest.raises(UserError, match="Download it again"):
        import_so_vits(library, files, FACTS)


def test_several_singers_are_chosen_from_by_name(files, library):
    for wrong in ("", "nobody"):
        with pytest.raises(UserError, match="singer, other"):
            import_so_vits(library, files, VoiceFacts("A", "own", "MIT", speaker=wrong))
    assert (
        import_so_vits(library, files, VoiceFacts("A", "own", "MIT", speaker="other")).card.settings["speaker"]
        == "other"
    )
    one = changed_config(files, lambda c: c.update(spk={"alone": 3}))
    assert import_so_vits(library, one, VoiceFacts("B", "own", "MIT")).card.settings["speaker"] == "alone"


# Clusters


def clusters(width=768, **singers):
    """As the original's training of clusters saves them."""
    rng = np.random.default_rng(0)
    names = singers or {"singer": 7}
    return {
        name: {
            "n_features_in_": width,
            "_n_threads": 2,
            "cluster_centers_": rng.standard_normal((n, width), np.float32),
        }
        for name, n in names.items()
    }


def with_clusters(files, path, content) -> SoVitsFiles:
    torch.save(content, path)
    return SoVitsFiles(files.generator, files.config, path)


def test_clusters_of_its_singers_come_along(files, library, tmp_path):
    content = clusters(singer=7, stranger=5)
    voice = import_so_vits(library, with_clusters(files, tmp_path / "kmeans.pt", content), FACTS)
    kept = load_file(voice.folder / CLUSTERS_FILE)
    assert list(kept) == ["singer"]
    np.testing.assert_array_equal(kept["singer"], content["singer"]["cluster_centers_"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (clusters(256), "hears 768 numbers"),
        (clusters(stranger=5), "other singers: stranger"),
        ({"singer": {"cluster_centers_": np.full((3, 768), np.nan, np.float32)}}, "not numbers"),
        ({"singer": 5}, "no file of clusters"),
        ([1, 2], "no named weights"),
    ],
)
def test_clusters_that_don_t_fit_are_refused(files, library, tmp_path, content, sentence):
    with pytest.raises(UserError, match=sentence):
        import_so_vits(library, with_clusters(files, tmp_path / "kmeans.pt", content), FACTS)


def test_malicious_clusters_are_refused_and_never_run(files, library, tmp_path):
    content = clusters() | {"other": Payload(tmp_path / "ran")}
    with pytest.raises(UserError, match="holds code"):
        import_so_vits(library, with_clusters(files, tmp_path / "kmeans.pt", content), FACTS)
    assert not (tmp_path / "ran").exists()


# From the Hub


@pytest.fixture
def repo(hub, files):
    """Like the tutorial's, with more checkpoints than one."""
    config, generator = files.config.read_bytes(), files.generator.read_bytes()
    names = ("G_106000.pth", "G_98400.pth", "G_0.pth", "D_106000.pth")
    hub.repos["me/drake"] = Repo({"config.json": config, "README.md": b"#"} | dict.fromkeys(names, generator))
    return hub.repos["me/drake"]


def test_the_newest_checkpoint_is_offered_first(repo):
    offered = look_over(parse_checkpoint("me/drake"))
    assert offered.generators == ("G_106000.pth", "G_98400.pth", "G_0.pth")
    assert offered.configs == ("config.json",)
    assert speakers_of(fetch_config(offered)) == ("singer", "other")


def test_the_tutorial_s_repo_becomes_a_voice(repo, library):
    offered = look_over(parse_checkpoint("https://huggingface.co/me/drake"))
    voice = import_so_vits(library, fetch_files(offered), FACTS)
    assert voice.card.source == f"me/drake@{repo.commit}:G_106000.pth"
    assert voice.card.settings["step"] == 106_000


def test_a_link_to_one_checkpoint_offers_that_alone(repo):
    assert look_over(parse_checkpoint("me/drake@main:G_98400.pth")).generators == ("G_98400.pth",)


def test_a_config_in_the_same_folder_is_taken(hub, files):
    generator, config = files.generator.read_bytes(), files.config.read_bytes()
    hub.repos["me/many"] = Repo(
        {"a/G_1.pth": generator, "b/G_2.pth": generator, "a/config.json": b"{}", "b/config.json": config}
    )
    offered = look_over(parse_checkpoint("me/many"))
    assert offered.generators == ("b/G_2.pth", "a/G_1.pth")
    assert fetch_files(offered).config.read_bytes() == config
    assert fetch_files(offered, "a/G_1.pth").config.read_bytes() == b"{}"


@pytest.mark.parametrize("kind", ["fin", "rst"])
def test_a_download_that_breaks_off_goes_on(hub, repo, library, kind, monkeypatch):
    monkeypatch.setattr("vc_core.hub.FIRST_PAUSE_SECONDS", 0.01)
    hub.faults = [Fault("lfs/me/drake", kind, after_bytes=100_000)]
    offered = look_over(parse_checkpoint("me/drake"))
    assert import_so_vits(library, fetch_files(offered), FACTS).name == "Drake"


@pytest.mark.parametrize(
    ("kept", "sentence"), [(("config.json",), "no so-vits checkpoint"), (("G_106000.pth",), "no config.json")]
)
def test_a_repo_without_what_is_needed_is_refused(hub, repo, kept, sentence):
    hub.repos["me/drake"] = Repo({name: repo.files[name] for name in kept})
    with pytest.raises(UserError, match=sentence):
        look_over(parse_checkpoint("me/drake"))


def test_only_what_is_offered_can_be_chosen(repo):
    offered = look_over(parse_checkpoint("me/drake"))
    with pytest.raises(UserError, match="no file “D_106000.pth”"):
        fetch_files(offered, "D_106000.pth")


# From a shell


@pytest.mark.parametrize("source", ["me/drake", "files"])
def test_the_shell_takes_a_checkpoint_in(repo, files, source, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    where = str(files.generator) if source == "files" else source
    words = ["--name", "Drake", "--consent", "permission", "--licence", "MIT"]
    asked = CliRunner().invoke(app, ["voices", "add-so-vits", where, *words])
    assert asked.exit_code == 1
    assert "singer, other" in asked.output
    done = CliRunner().invoke(app, ["voices", "add-so-vits", where, *words, "--speaker", "other"])
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
    asked = CliRunner().invoke(app, ["voices", "add-so-vits", "me/drake", *given])
    assert asked.exit_code == 1
    assert sentence in asked.output.replace("\n", " ")
    assert not [line for line in hub.log if line.startswith("GET") and ".pth" in line]


def test_clusters_of_a_repo_are_chosen_by_name(hub, repo, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    torch.save(clusters(), tmp_path / "kmeans.pt")
    repo.files["kmeans_10000.pt"] = (tmp_path / "kmeans.pt").read_bytes()
    given = ["--consent", "permission", "--licence", "MIT", "--speaker", "singer"]
    for name, chosen in (("Far", "kmeans_10000.pt"), ("Near", str(tmp_path / "kmeans.pt"))):
        done = CliRunner().invoke(
            app, ["voices", "add-so-vits", "me/drake", "--name", name, *given, "--clusters", chosen]
        )
        assert done.exit_code == 0, done.output
        assert CLUSTERS_FILE in VoiceLibrary(tmp_path / "home" / "voices").find(name).card.files
