"""A so-vits-svc model is inspected, imported and used for a conversion, over connections that break."""

import io
import json
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from conftest import client_of
from conversion.so_vits_maker import write_checkpoint, write_content_vec
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from hub_server import Fault, Repo
from huggingface_hub import constants

from vc_core.conversion.report_card import MEASURES
from vc_core.conversion.so_vits.importing import import_so_vits as take_in
from vc_core.conversion.so_vits.repo import SoVitsFiles
from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.ui.suite import build_suite, launch
from vc_core.ui.tabs.import_model import _fill_details, import_model, model_contents
from vc_core.ui.widgets.voice_settings import _fit_to_voice
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import find_faults

QUOTED = [("“singer”", "singer"), ("“other”", "other")]
SAID = {"name": "Drake", "consent": "permission", "licence": "CC-BY-4.0"}
CHOSEN = {"checkpoint": "", "singer": "singer", "clusters": "", "diffusion": "", "index": ""}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, bytes]:
    """The files of a repo: two generator checkpoints, a discriminator, clusters."""
    folder = tmp_path_factory.mktemp("repo")
    generator = write_checkpoint(folder, "upstream 4.0", step=106_000)
    clusters = {f: {"n_features_in_": 256, "_n_threads": 1, "cluster_centers_": np.eye(4, 256)} for f in ("singer",)}
    torch.save(clusters, folder / "kmeans_10000.pt")
    content = generator.read_bytes()
    names = {"G_106000.pth": content, "G_98400.pth": content, "D_106000.pth": b"no matter"}
    return names | {name: (folder / name).read_bytes() for name in ("config.json", "kmeans_10000.pt")}


@pytest.fixture
def repo(hub, files):
    hub.repos["me/drake"] = Repo(dict(files))
    return hub.repos["me/drake"]


@pytest.fixture(autouse=True)
def library(own_library):
    return own_library


def upload(files, folder, *names) -> list[Path]:
    """Each file in its own folder, as Gradio stores uploads."""
    for name in names:
        (folder / name).mkdir()
        (folder / name / name).write_bytes(files[name])
    return [folder / name / name for name in names]


def test_a_linked_model_is_imported_over_a_breaking_connection_and_converts(client, hub, repo, library, line):
    write_content_vec()
    hub.faults = [Fault("G_106000.pth", kind, after_bytes=20_000) for kind in ("fin", "rst")]
    offer = client.predict(repo=f"{hub.url}/me/drake", api_name="/model_contents")
    assert offer == {
        "kind": "so-vits", "checkpoints": ["G_106000.pth", "G_98400.pth"], "singers": ["singer", "other"],
        "clusters": ["kmeans_10000.pt"], "diffusions": [], "indexes": [], "own_index": "",
    }  # fmt: skip
    taken = client.predict(
        repo="me/drake", **SAID, singer="other", clusters="kmeans_10000.pt", api_name="/import_model"
    )
    assert "“Drake” has been added" in taken
    assert [fault.times for fault in hub.faults] == [0, 0]
    voice = library.find("Drake")
    assert find_faults(voice) == []
    assert (voice.card.licence, voice.card.settings["speaker"], voice.card.settings["step"]) == (
        "CC-BY-4.0",
        "other",
        106_000,
    )
    assert voice.card.source == f"me/drake@{repo.commit}:G_106000.pth"
    settings = {"singer": "singer", "noise_scale": 0.2, "precision": "exact", "so_vits": "silence_db=-50"}
    result, _, card, _ = client.predict(song=handle_file(line), voice="Drake", **settings, api_name="/convert")
    sung = read_audio(result)
    assert sung.frames == read_audio(line).frames
    assert np.abs(sung.samples).max() > 0.01
    assert list(card) == list(MEASURES)
    assert card["length_difference_seconds"] == 0
    json.dumps(card, allow_nan=False)
    assert read_origin(Path(result)).provenance.engine == "so-vits"


def test_an_upload_is_imported(client, files, library, tmp_path):
    sent = [handle_file(path) for path in upload(files, tmp_path, "G_98400.pth", "config.json")]
    offer = client.predict(files=sent, api_name="/model_contents")
    assert (offer["kind"], offer["checkpoints"], offer["singers"]) == ("so-vits", ["G_98400.pth"], ["singer", "other"])
    client.predict(files=sent, **SAID, singer="singer", api_name="/import_model")
    voice = library.find("Drake")
    assert find_faults(voice) == []
    assert (voice.card.source, voice.card.settings["step"]) == ("", 98_400)


def test_the_page_proposes_the_newest_step_and_asks_for_the_singer(repo):
    checkpoint, singer, clusters, diffusion, index, name = _fill_details(model_contents("me/drake"), "me/drake", None)
    assert checkpoint["choices"] == ["G_106000.pth", "G_98400.pth"]
    assert checkpoint["value"] == "G_106000.pth"
    assert (singer["choices"], singer["value"]) == (QUOTED, None)
    assert (clusters["value"], diffusion["visible"], index["visible"]) == ("", "hidden", "hidden")
    assert name == "drake"
    del repo.files["G_98400.pth"]
    repo.files["config.json"] = repo.files["config.json"].replace(b'"singer": 0, "other": 1', b'"singer": 0')
    checkpoint, singer, *_ = _fill_details(model_contents("me/drake"), "me/drake", None)
    assert [checkpoint["visible"], singer["visible"]] == ["hidden", "hidden"]
    assert singer["value"] == "singer"


FAULTS = [
    ({"repo": ""}, "Choose either a model on the Hub"),
    ({"repo": "nonsense"}, "not the name of a repo"),
    ({"repo": "/etc/passwd"}, "not the name of a repo"),
    ({"repo": "http://127.0.0.2/a/b"}, "Only public links"),
    ({"repo": "me/nobody"}, "no repo"),
    ({"repo": "me/empty"}, "me/empty has no voice"),
    ({"name": " "}, "name needs 1 to 60 letters"),
    ({"name": "Clara"}, "a voice called “Clara” already"),
    ({"consent": None}, "does not say whose voice it is"),
    ({"licence": " "}, "state its licence"),
    ({"singer": ""}, "Choose one of the checkpoint's singers: singer, other"),
    ({"singer": "nobody"}, "Choose one of the checkpoint's singers: singer, other"),
    ({"checkpoint": "D_106000.pth"}, "no file “D_106000.pth” to choose"),
    ({"clusters": "config.json"}, "no file “config.json” to choose"),
]


@pytest.mark.parametrize(("change", "sentence"), FAULTS, ids=[str(change) for change, _ in FAULTS])
def test_errors_are_reported_before_a_large_download(hub, repo, library, change, sentence):
    hub.repos["me/empty"] = Repo({"README.md": b"nothing"})
    with pytest.raises(Exception, match=sentence):
        list(import_model({"repo": "me/drake", "files": None} | SAID | CHOSEN | change, None, gr.Progress()))
    assert not [line for line in hub.log if line.startswith("GET") and "/lfs/" in line]
    assert library.list() == []


def test_api_clients_get_the_error_message(client, hub, repo):
    with pytest.raises(AppError, match="Choose one of the checkpoint's singers"):
        client.predict(repo="me/drake", **SAID, api_name="/import_model")
    hub.down = True
    with pytest.raises(AppError, match="can't be reached"):
        client.predict(repo="me/other", api_name="/model_contents")


def test_an_upload_without_config_or_checkpoint_is_refused(library, files, tmp_path):
    generator, config = (str(path) for path in upload(files, tmp_path, "G_98400.pth", "config.json"))
    for sent, sentence in (([generator], "its config.json is missing"), ([config], "The upload has no voice")):
        with pytest.raises(Exception, match=sentence):
            list(import_model({"repo": "", "files": sent} | SAID | CHOSEN, None, gr.Progress()))


class _Trap:
    """Unpickling it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("trapped", ["G_98400.pth", "kmeans_10000.pt"])
def test_a_program_in_an_upload_is_refused_and_never_runs(client, files, library, tmp_path, trapped):
    sprung, buffer = tmp_path / "sprung", io.BytesIO()
    torch.save({"model": _Trap(sprung)}, buffer)
    names = ("G_98400.pth", "config.json", "kmeans_10000.pt")
    sent = upload(files | {trapped: buffer.getvalue()}, tmp_path, *names)
    with pytest.raises(AppError, match="holds code beside its weights"):
        client.predict(
            files=[handle_file(path) for path in sent], **SAID, singer="singer", clusters="kmeans_10000.pt",
            api_name="/import_model",
        )  # fmt: skip
    assert not sprung.exists()
    assert library.list() == []


def test_a_download_can_be_stopped_and_leaves_nothing(hub, files, library):
    checkpoint = torch.load(io.BytesIO(files["G_98400.pth"]))
    checkpoint["optimizer"]["state"][0]["exp_avg"] = torch.zeros(15_000_000)
    torch.save(checkpoint, buffer := io.BytesIO())
    hub.repos["me/large"] = Repo({"G_98400.pth": buffer.getvalue(), "config.json": files["config.json"]})
    work = import_model({"repo": "me/large", "files": None} | SAID | CHOSEN, None, gr.Progress())
    next(work)
    work.close()
    assert list(library.folder.iterdir()) == []
    assert not list(Path(constants.HF_HUB_CACHE).rglob("G_98400.pth"))


def test_settings_are_those_of_the_selected_voice(library, files, tmp_path):
    generator, config, clusters = upload(files, tmp_path, "G_98400.pth", "config.json", "kmeans_10000.pt")
    facts = VoiceFacts("Drake", "permission", "MIT", speaker="other")
    take_in(library, SoVitsFiles(generator, config, clusters), facts)
    group, singer, by_clusters, by_moments, *_ = _fit_to_voice("Drake", None)
    assert group["visible"] is True
    assert (singer["choices"], singer["value"]) == (QUOTED, "other")
    assert (by_clusters["visible"], by_moments["visible"]) == (True, "hidden")
    group, singer, by_clusters, *_ = _fit_to_voice("Clara", None)
    assert (group["visible"], singer["value"], by_clusters["value"]) == (False, "", 0)


def test_on_a_shared_page_a_model_belongs_to_its_session(repo, monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    suite = build_suite(["convert_singer", "voices"])
    try:
        address = launch(suite)
        ann, bob = (client_of(address, tmp_path / "downloads") for _ in range(2))
        ann.predict(repo="me/drake", **SAID, singer="singer", api_name="/import_model")
        names = [{voice["name"] for voice in one.predict(api_name="/voices")} for one in (ann, bob)]
        assert ["Drake" in each for each in names] == [True, False]
    finally:
        suite.close()
