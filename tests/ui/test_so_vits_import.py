"""The tutorial's journey: a so-vits-svc model is looked over, taken in and sung with, over connections that break."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, client_of
from conversion.so_vits_maker import write_checkpoint, write_content_vec
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from hub_server import Fault, Repo
from huggingface_hub import constants

from vc_core.conversion.so_vits_import import VoiceFacts
from vc_core.conversion.so_vits_import import import_so_vits as take_in
from vc_core.conversion.so_vits_repo import SoVitsFiles
from vc_core.provenance import read_origin
from vc_core.reading import read_audio
from vc_core.report_card import MEASURES
from vc_core.ui.so_vits_settings import _fitted
from vc_core.ui.so_vits_voice import _filled, import_so_vits, so_vits_offer
from vc_core.ui.suite import build_suite, launch
from vc_core.voices import VoiceLibrary, verify, voices_home
from vc_core.writing import write_audio

QUOTED = [("“singer”", "singer"), ("“other”", "other")]
SAID = {"name": "Drake", "consent": "permission", "licence": "CC-BY-4.0"}
CHOSEN = {"checkpoint": "", "singer": "singer", "clusters": ""}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, bytes]:
    """What a repo of that kind holds: two steps, a discriminator, clusters."""
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
def library():
    """One's own voices, none at first and none afterwards."""

    def emptied() -> VoiceLibrary:
        own = VoiceLibrary(voices_home())
        for voice in own.list():
            own.delete(voice.name)
        return own

    yield emptied()
    emptied()


@pytest.fixture
def line(tmp_path) -> Path:
    """A second of singing."""
    sung = read_audio(ROOT / "examples" / "sung_line.flac")
    write_audio(tmp_path / "line.flac", sung.between(sung.sample_rate, 2 * sung.sample_rate))
    return tmp_path / "line.flac"


def upload(files, folder, *names) -> list[Path]:
    """Each in a folder of its own, as Gradio keeps them."""
    for name in names:
        (folder / name).mkdir()
        (folder / name / name).write_bytes(files[name])
    return [folder / name / name for name in names]


def test_from_a_link_over_a_breaking_connection_to_a_report_card(client, hub, repo, library, line):
    write_content_vec()
    hub.faults = [Fault("G_106000.pth", kind, after_bytes=20_000) for kind in ("fin", "rst")]
    offer = client.predict(repo=f"{hub.url}/me/drake", api_name="/so_vits_offer")
    assert offer == {
        "checkpoints": ["G_106000.pth", "G_98400.pth"], "singers": ["singer", "other"], "clusters": ["kmeans_10000.pt"],
        "diffusions": [],
    }  # fmt: skip
    taken = client.predict(
        repo="me/drake", **SAID, singer="other", clusters="kmeans_10000.pt", api_name="/import_so_vits"
    )
    assert "“Drake” has been added" in taken
    assert [fault.times for fault in hub.faults] == [0, 0]
    voice = library.find("Drake")
    assert verify(voice) == []
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


def test_an_upload_is_taken_in(client, files, library, tmp_path):
    sent = [handle_file(path) for path in upload(files, tmp_path, "G_98400.pth", "config.json")]
    offer = client.predict(files=sent, api_name="/so_vits_offer")
    assert offer == {"checkpoints": ["G_98400.pth"], "singers": ["singer", "other"], "clusters": [], "diffusions": []}
    client.predict(files=sent, **SAID, singer="singer", api_name="/import_so_vits")
    voice = library.find("Drake")
    assert verify(voice) == []
    assert (voice.card.source, voice.card.settings["step"]) == ("", 98_400)


def test_the_page_proposes_the_newest_step_and_asks_who_sings(repo):
    checkpoint, singer, clusters, diffusion, name = _filled(so_vits_offer("me/drake"), "me/drake", None)
    assert checkpoint["choices"] == ["G_106000.pth", "G_98400.pth"]
    assert checkpoint["value"] == "G_106000.pth"
    assert (singer["choices"], singer["value"]) == (QUOTED, None)
    assert (clusters["value"], diffusion["visible"]) == ("", "hidden")
    assert name == "drake"
    del repo.files["G_98400.pth"]
    repo.files["config.json"] = repo.files["config.json"].replace(b'"singer": 0, "other": 1', b'"singer": 0')
    checkpoint, singer, *_ = _filled(so_vits_offer("me/drake"), "me/drake", None)
    assert [checkpoint["visible"], singer["visible"]] == ["hidden", "hidden"]
    assert singer["value"] == "singer"


FAULTS = [
    ({"repo": ""}, "Choose either a model on the Hub"),
    ({"repo": "nonsense"}, "not the name of a repo"),
    ({"repo": "/etc/passwd"}, "not the name of a repo"),
    ({"repo": "https://example.org/a/b"}, "Only links"),
    ({"repo": "me/nobody"}, "no repo"),
    ({"repo": "me/empty"}, "no so-vits checkpoint"),
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
def test_what_is_wrong_is_said_before_anything_large_is_downloaded(hub, repo, library, change, sentence):
    hub.repos["me/empty"] = Repo({"README.md": b"nothing"})
    with pytest.raises(Exception, match=sentence):
        list(import_so_vits(**({"repo": "me/drake"} | SAID | CHOSEN | change)))
    assert not [line for line in hub.log if line.startswith("GET") and "/lfs/" in line]
    assert library.list() == []


def test_a_sentence_reaches_programs_too(client, hub, repo):
    with pytest.raises(AppError, match="Choose one of the checkpoint's singers"):
        client.predict(repo="me/drake", **SAID, api_name="/import_so_vits")
    hub.down = True
    with pytest.raises(AppError, match="can't be reached"):
        client.predict(repo="me/other", api_name="/so_vits_offer")


def test_an_upload_that_lacks_its_config_or_its_checkpoint_says_so(files, tmp_path):
    generator, config = (str(path) for path in upload(files, tmp_path, "G_98400.pth", "config.json"))
    for sent, sentence in (([generator], "no config.json"), ([config], "no so-vits checkpoint")):
        with pytest.raises(Exception, match=sentence):
            so_vits_offer("", sent)


class _Trap:
    """Pickled, it would leave a file behind when it is read."""

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
            api_name="/import_so_vits",
        )  # fmt: skip
    assert not sprung.exists()
    assert library.list() == []


def test_a_download_can_be_stopped_and_leaves_nothing(hub, files, library):
    checkpoint = torch.load(io.BytesIO(files["G_98400.pth"]))
    checkpoint["optimizer"]["state"][0]["exp_avg"] = torch.zeros(15_000_000)
    torch.save(checkpoint, buffer := io.BytesIO())
    hub.repos["me/large"] = Repo({"G_98400.pth": buffer.getvalue(), "config.json": files["config.json"]})
    work = import_so_vits("me/large", **SAID, **CHOSEN)
    next(work)
    work.close()
    assert list(library.folder.iterdir()) == []
    assert not list(Path(constants.HF_HUB_CACHE).rglob("G_98400.pth"))


def test_settings_are_those_of_the_chosen_voice(library, files, tmp_path):
    generator, config, clusters = upload(files, tmp_path, "G_98400.pth", "config.json", "kmeans_10000.pt")
    facts = VoiceFacts("Drake", "permission", "MIT", speaker="other")
    take_in(library, SoVitsFiles(generator, config, clusters), facts)
    group, singer, by_clusters, by_moments, _ = _fitted("Drake", None)
    assert group["visible"] is True
    assert (singer["choices"], singer["value"]) == (QUOTED, "other")
    assert (by_clusters["visible"], by_moments["visible"]) == (True, "hidden")
    group, singer, by_clusters, *_ = _fitted("Clara", None)
    assert (group["visible"], singer["value"], by_clusters["value"]) == ("hidden", "", 0)


def test_on_a_shared_page_a_model_is_its_visitors_own(repo, monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    suite = build_suite(["convert_singer", "voices"])
    try:
        address = launch(suite)
        ann, bob = (client_of(address, tmp_path / "downloads") for _ in range(2))
        ann.predict(repo="me/drake", **SAID, singer="singer", api_name="/import_so_vits")
        names = [{voice["name"] for voice in one.predict(api_name="/voices")} for one in (ann, bob)]
        assert ["Drake" in each for each in names] == [True, False]
    finally:
        suite.close()
