"""An RVC voice is imported from the local Hub by a program, and used for conversions and covers like any other."""

import io
import json
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from conftest import ROOT
from conversion.rvc_maker import Kind, export_of
from conversion.so_vits_maker import write_content_vec
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from hub_server import Fault, Repo

from vc_core.conversion.report_card import MEASURES
from vc_core.conversion.rvc.files import NO_INDEX
from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.ui.tabs.import_model import _fill_details, import_model, model_contents
from vc_core.ui.widgets.voice_settings import _fit_to_voice
from vc_core.voices.library import find_faults

INDEX = "added_IVF4_Flat_nprobe_1_Ann_v2.index"
FACTS = {"name": "Ann", "consent": "permission", "licence": "openrail"}
CHOSEN = {"checkpoint": "", "singer": "", "clusters": "", "diffusion": "", "index": ""}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    buffer = io.BytesIO()
    torch.save(export_of(Kind("v2", "40k")), buffer)
    index = (ROOT / "tests" / "data" / "rvc" / "v2.index").read_bytes()
    return {"Ann_e200.pth": buffer.getvalue(), INDEX: index, "D_2333333.pth": b"no matter", "README.md": b"#"}


@pytest.fixture
def repo(hub, files):
    hub.repos["me/ann"] = Repo(dict(files))
    return hub.repos["me/ann"]


@pytest.fixture(autouse=True)
def library(own_library):
    return own_library


def test_a_voice_of_the_hub_is_imported_over_a_breaking_connection_and_converts(client, hub, repo, library, line):
    write_content_vec()
    hub.faults = [Fault("Ann_e200.pth", kind, after_bytes=20_000) for kind in ("fin", "rst")]
    assert client.predict(repo=f"{hub.url}/me/ann", api_name="/model_contents") == {
        "kind": "rvc", "checkpoints": ["Ann_e200.pth"], "singers": [], "clusters": [], "diffusions": [],
        "indexes": [INDEX], "own_index": INDEX,
    }  # fmt: skip
    assert "“Ann” has been added" in client.predict(repo="me/ann", **FACTS, api_name="/import_model")
    voice = library.find("Ann")
    assert find_faults(voice) == []
    assert (voice.card.engine, voice.card.licence, voice.card.settings["index"]) == ("rvc", "openrail", INDEX)
    assert voice.card.source == f"me/ann@{repo.commit}:Ann_e200.pth"
    settings = {"rvc_speaker": 1, "rvc_retrieval": 0.5, "so_vits": "silence_db=-50"}
    result, _, card, _ = client.predict(song=handle_file(line), voice="Ann", **settings, api_name="/convert")
    sung = read_audio(result)
    assert sung.frames == read_audio(line).frames
    assert np.abs(sung.samples).max() > 0.01
    assert list(card) == list(MEASURES)
    assert card["length_difference_seconds"] == 0
    json.dumps(card, allow_nan=False)
    assert read_origin(Path(result)).provenance.engine == "rvc"


@pytest.mark.slow
def test_a_cover_is_sung_by_it_in_a_proposed_key(client, repo, song, tmp_path):
    write_content_vec()
    client.predict(repo="me/ann", **FACTS, api_name="/import_model")
    write_audio(tmp_path / "tune.wav", song.slice(0, 4 * 44_100), format_name="wav16")
    tune = handle_file(tmp_path / "tune.wav")
    picture, _ = client.predict(song=tune, voice="Ann", api_name="/cover_key")
    assert picture.endswith(".png")
    cover, vocals, accompaniment, *_ = client.predict(song=tune, voice="Ann", api_name="/cover")
    assert read_audio(cover).frames == 4 * 44_100
    assert np.abs(read_audio(vocals).samples).max() > 1e-3
    assert read_audio(accompaniment).frames == 4 * 44_100


def test_the_page_proposes_the_index_of_each_checkpoint(repo, files):
    checkpoint, singer, *_, index, name = _fill_details(model_contents("me/ann"), "me/ann", None)
    assert [checkpoint["visible"], singer["visible"], index["visible"]] == ["hidden", "hidden", True]
    assert index["value"] == INDEX
    assert (index["choices"][0][1], name) == (NO_INDEX, "ann")
    repo.files |= {"Ben.pth": files["Ann_e200.pth"], "x.index": files[INDEX]}
    *_, index, _ = _fill_details(model_contents("me/ann"), "me/ann", None)
    assert index["value"] == INDEX
    del repo.files[INDEX]
    repo.files["y.index"] = files[INDEX]
    *_, index, _ = _fill_details(model_contents("me/ann"), "me/ann", None)
    assert index["value"] is None


FAULTS = [
    ({"repo": ""}, "Choose either a model on the Hub"),
    ({"repo": "/etc/passwd"}, "not the name of a repo"),
    ({"name": "Clara"}, "a voice called “Clara” already"),
    ({"consent": None}, "does not say whose voice it is"),
    ({"licence": " "}, "state its licence"),
    ({"checkpoint": "D_2333333.pth"}, "no file “D_2333333.pth” to choose"),
    ({"index": "README.md"}, "no file “README.md” to choose"),
    ({"index": "/etc/passwd"}, "no file “/etc/passwd” to choose"),
]


@pytest.mark.parametrize(("change", "sentence"), FAULTS, ids=[str(change) for change, _ in FAULTS])
def test_errors_are_reported_before_a_large_download(hub, repo, library, change, sentence):
    with pytest.raises(Exception, match=sentence):
        list(import_model({"repo": "me/ann", "files": None} | FACTS | CHOSEN | change, None, gr.Progress()))
    assert not [line for line in hub.log if line.startswith("GET") and "/lfs/" in line]
    assert library.list() == []


def test_code_in_an_upload_is_refused_and_never_runs(client, files, library, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    torch.save({"weight": Trap()}, tmp_path / "Ann.pth")
    (tmp_path / INDEX).write_bytes(files[INDEX])
    sent = [handle_file(tmp_path / name) for name in ("Ann.pth", INDEX)]
    with pytest.raises(AppError, match="holds code beside its weights"):
        client.predict(files=sent, **FACTS, api_name="/import_model")
    assert not (tmp_path / "ran").exists()
    assert library.list() == []


def test_settings_are_those_of_the_selected_voice(repo, library):
    list(import_model({"repo": "me/ann", "files": None} | FACTS | CHOSEN, None, gr.Progress()))
    *_, group, speaker, retrieval, protection, text, _ = _fit_to_voice("Ann", None)
    assert [one["visible"] for one in (group, speaker, retrieval, protection, text)] == [True] * 5
    *_, group, _, _, _, text, _ = _fit_to_voice("Clara", None)
    assert (group["visible"], text["visible"]) == (False, False)
