"""RVC voices are imported from files, archives, folders and the Hub, each with its own index, or refused by name."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from conversion.rvc_maker import KINDS, Kind, export_of, features_of, make_tensors, training_of, write_export
from file_server import serve_files
from hub_server import Repo
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.conversion.importing import ModelChoice, import_model, inspect_model, open_source
from vc_core.conversion.rvc.exporting import build_index
from vc_core.conversion.rvc.files import INDEX_FILE, WEIGHTS_FILE, RvcFiles, RvcOffer, pair_index
from vc_core.conversion.rvc.importing import import_rvc
from vc_core.conversion.rvc.index_file import write_index
from vc_core.errors import UserError
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary, find_faults

FACTS = VoiceFacts("Singer", "permission", "openrail")
V2_INDEX = ROOT / "tests" / "data" / "rvc" / "v2.index"
V1_INDEX = ROOT / "tests" / "data" / "rvc" / "v1.index"


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path / "voices")


@pytest.fixture(scope="module")
def export() -> bytes:
    buffer = io.BytesIO()
    torch.save(export_of(Kind("v2", "40k")), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_becomes_a_voice(library, tmp_path, kind):
    index = V1_INDEX if kind.version == "v1" else V2_INDEX
    voice = import_rvc(library, RvcFiles(write_export(tmp_path / "a.pth", kind), index), FACTS)
    assert find_faults(voice) == []
    assert voice.card.engine == "rvc"
    assert voice.card.sample_rate == kind.layout.sample_rate
    assert voice.card.settings["training"] == "200epoch"
    assert sorted(voice.card.files) == [INDEX_FILE, WEIGHTS_FILE]
    stored, given = load_file(voice.folder / WEIGHTS_FILE), make_tensors(kind)
    assert all(torch.equal(stored[name], given[name]) for name in given)


def test_a_training_checkpoint_is_imported_without_what_training_needs(library, tmp_path):
    torch.save(training_of(Kind("v2", "40k")), tmp_path / "G_40.pth")
    voice = import_rvc(library, RvcFiles(tmp_path / "G_40.pth"), FACTS)
    assert voice.card.settings["training"] == "40epoch"
    assert not any(name.startswith("enc_q.") for name in load_file(voice.folder / WEIGHTS_FILE))


def test_an_export_of_applio_is_imported(library, tmp_path):
    kind = Kind("v2", "48k")
    export = export_of(kind)
    export |= {"sr": 48_000, "f0": True, "vocoder": "HiFi-GAN", "embedder_model": "contentvec", "epoch": 300, "step": 9}
    renamed = {"_g": ".parametrizations.weight.original0", "_v": ".parametrizations.weight.original1"}
    for name in list(export["weight"]):
        if name.endswith(("weight_g", "weight_v")):
            export["weight"][name.removesuffix(f"weight{name[-2:]}")[:-1] + renamed[name[-2:]]] = export["weight"].pop(
                name
            )
    del export["info"]
    torch.save(export, tmp_path / "applio.pth")
    voice = import_rvc(library, RvcFiles(tmp_path / "applio.pth"), FACTS)
    assert voice.card.settings["training"] == "300epoch"
    assert load_file(voice.folder / WEIGHTS_FILE).keys() == make_tensors(kind).keys()


def test_safetensors_are_imported(library, tmp_path):
    save_file(make_tensors(Kind("v1", "48k")), tmp_path / "a.safetensors")
    voice = import_rvc(library, RvcFiles(tmp_path / "a.safetensors"), FACTS)
    assert voice.card.settings["made with"] == "RVC v1, 48 kHz"


def test_what_the_file_says_of_version_and_speakers_is_not_believed(library, tmp_path):
    export = export_of(Kind("v2", "40k")) | {"version": "v1", "f0": 0}
    export["config"][15] = 1
    torch.save(export, tmp_path / "a.pth")
    voice = import_rvc(library, RvcFiles(tmp_path / "a.pth"), FACTS)
    assert voice.card.settings["made with"] == "RVC v2, 40 kHz"
    assert voice.card.settings["speakers"] == 4


@pytest.mark.parametrize("missing", ["f0", "version", "sr", "info", "config"])
def test_what_the_file_does_not_say_is_read_from_its_tensors(library, tmp_path, missing):
    export = export_of(Kind("v2", "48k", has_pitch=True))
    del export[missing]
    torch.save(export, tmp_path / "a.pth")
    voice = import_rvc(library, RvcFiles(tmp_path / "a.pth"), FACTS)
    assert voice.card.settings["made with"] == "RVC v2, 48 kHz"


# Pairs


def added(name: str, version: str = "_v2") -> str:
    return f"added_IVF9_Flat_nprobe_1{name}{version}.index"


@pytest.mark.parametrize(
    ("model", "others", "indexes", "expected"),
    [
        ("Ann.pth", [], [added("_Ann")], 0),
        ("Ann_e300_s12600.pth", ["Ben.pth"], [added("_ben"), added("_ann")], 1),
        ("아이유_e50.pth", ["b.pth"], [added("_아이유", "_v1"), "b.index"], 0),
        ("Model.pth", [], [added("", "")], 0),
        ("Model.pth", [], [added("_mi-test")], 0),
        ("a/Ann.pth", ["b/Ann.pth"], ["a/" + added("_x"), "b/" + added("_x")], 0),
        ("a/Ann.pth", ["b/Ann.pth"], ["b/Ann.index", "a/Ann.index"], 1),
        ("ann.pth", ["Ben.pth"], ["Ann.index", "ann.index"], 1),
        ("ANN.pth", ["Ben.pth"], ["Ann.index", "ann.index"], None),
        ("Ann Live.pth", ["Ben.pth"], [added("_ann"), added("_ben")], 0),
        ("Ann.pth", ["Ben.pth"], ["x.index", "y.index"], None),
        ("Ann.pth", ["Ben.pth"], [], None),
    ],
)
def test_an_index_is_found_by_its_name_and_folder_or_not_at_all(model, others, indexes, expected):
    found = pair_index(model, RvcOffer((model, *others), tuple(indexes)))
    assert found == ("" if expected is None else indexes[expected])


def test_a_singer_with_a_number_is_no_discriminator(hub, library, export):
    hub.repos["me/d4"] = Repo({"D4vd.pth": export, "D_100.pth": b"", "f0D40k.pth": b"", "config.json": b"{}"})
    with open_source("me/d4") as source:
        assert inspect_model(source).checkpoints == ("D4vd.pth",)


def zip_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def taken(library, where: str, **choice: str):
    with open_source(where, allow_local=True) as source:
        return import_model(library, source, ModelChoice(**choice), FACTS)


@pytest.fixture
def files(export) -> dict[str, bytes]:
    """What is usually in an archive, nested, with what belongs to nobody."""
    return {
        "Ann/Ann_e200.pth": export,
        "Ann/added_IVF4_Flat_nprobe_1_Ann_v2.index": V2_INDEX.read_bytes(),
        "Ann/trained_IVF4_Flat_nprobe_1_Ann_v2.index": b"centroids only",
        "Ann/D_2333333.pth": b"no matter",
        "Ann/sample.wav": b"RIFF",
        "Ann/readme.txt": b"hello",
        "__MACOSX/Ann/._Ann_e200.pth": b"no matter",
    }


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """A web server that is not the Hub."""
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    with serve_files() as server:
        monkeypatch.setattr("vc_core.conversion.importing.LINK_RULES", server.rules())
        yield server


@pytest.mark.parametrize("kind", ["zip", "folder", "file", "hub", "zip on the hub", "link", "link elsewhere"])
def test_a_voice_is_imported_from_wherever_it_is(hub, elsewhere, library, tmp_path, files, kind):
    archive, folder = zip_of(tmp_path / "Ann.zip", files), tmp_path / "unpacked"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    hub.repos["me/ann"] = Repo(dict(files))
    hub.repos["me/packed"] = Repo({"README.md": b"#", "Ann.zip": archive.read_bytes()})
    where = {
        "zip": str(archive), "folder": str(folder), "file": str(folder / "Ann" / "Ann_e200.pth"), "hub": "me/ann",
        "zip on the hub": "me/packed", "link": f"{hub.url}/me/packed/resolve/main/Ann.zip",
        "link elsewhere": elsewhere.add("/Ann.zip?key=1", archive.read_bytes(), "application/zip"),
    }  # fmt: skip
    voice = taken(library, where[kind])
    assert find_faults(voice) == []
    assert voice.card.settings["index"] == "added_IVF4_Flat_nprobe_1_Ann_v2.index"
    assert len(load_file(voice.folder / INDEX_FILE)["vectors"]) == 48
    origins = {
        "hub": f"me/ann@{hub.repos['me/ann'].commit}:Ann/Ann_e200.pth",
        "link elsewhere": f"http://models.test:{elsewhere.server_port}/Ann.zip:Ann/Ann_e200.pth",
    }
    if kind in ("zip", "folder", "file"):
        assert voice.card.source == ""
    elif kind in origins:
        assert voice.card.source == origins[kind]
    else:
        assert voice.card.source == f"me/packed@{hub.repos['me/packed'].commit}:Ann.zip:Ann/Ann_e200.pth"


def test_several_models_in_one_archive_are_a_choice(library, tmp_path, export, files):
    ben = {"Ben/Ben_e50.pth": export, "Ben/added_IVF4_Flat_nprobe_1_Ben_v2.index": V2_INDEX.read_bytes()}
    archive = zip_of(tmp_path / "both.zip", files | ben)
    with open_source(str(archive), allow_local=True) as source:
        contents = inspect_model(source)
        assert contents.kind == "rvc"
        assert contents.checkpoints == ("Ann/Ann_e200.pth", "Ben/Ben_e50.pth")
        assert len(contents.indexes) == 2
        assert inspect_model(source, "Ben/Ben_e50.pth").own_index == "Ben/added_IVF4_Flat_nprobe_1_Ben_v2.index"
    voice = taken(library, str(archive), checkpoint="Ben/Ben_e50.pth")
    assert "Ben" in voice.card.settings["index"]


def test_an_unclear_index_is_asked_for_and_never_left_out_silently(library, tmp_path, export):
    others = {"x.index": V2_INDEX.read_bytes(), "y.index": V2_INDEX.read_bytes()}
    archive = str(zip_of(tmp_path / "a.zip", {"Ann.pth": export} | others))
    with pytest.raises(UserError, match="Choose the index of “Ann.pth”, or “none”: x.index, y.index"):
        taken(library, archive)
    assert taken(library, archive, index="y.index").card.settings["index"] == "y.index"
    library.delete("Singer")
    assert taken(library, archive, index="none").card.settings["index"] == ""
    library.delete("Singer")
    for wrong in ({"index": "z.index"}, {"checkpoint": "Ben.pth"}):
        with pytest.raises(UserError, match="no file"):
            taken(library, archive, **({"index": "none"} | wrong))


def test_an_index_of_another_width_is_refused(library, tmp_path, export):
    archive = zip_of(tmp_path / "a.zip", {"Ann.pth": export, "Ann.index": V1_INDEX.read_bytes()})
    with pytest.raises(UserError, match=r"“Ann.index” belongs to another voice: its features have 256.*768"):
        taken(library, str(archive))
    assert library.list() == []


def test_an_array_of_features_is_the_index_where_there_is_no_other(library, tmp_path, export):
    np.save(tmp_path / "total_fea.npy", features_of(50, 768).astype(np.float32))
    (tmp_path / "Ann.pth").write_bytes(export)
    voice = taken(library, str(tmp_path / "Ann.pth"))
    assert voice.card.settings["index"] == "total_fea.npy"


def test_several_archives_in_a_repo_are_named(hub, library):
    hub.repos["me/many"] = Repo({"Ann.zip": b"1", "Ben.zip": b"2"})
    with pytest.raises(UserError, match=r"several zip files. Import one by its link: Ann.zip, Ben.zip"):
        taken(library, "me/many")


def test_a_repo_of_so_vits_is_still_one_of_so_vits(hub, tmp_path):
    from conversion.so_vits_maker import write_checkpoint

    generator = write_checkpoint(tmp_path, "upstream 4.0")
    hub.repos["me/so"] = Repo(
        {"G_100.pth": generator.read_bytes(), "config.json": generator.with_name("config.json").read_bytes()}
    )
    with open_source("me/so") as source:
        assert inspect_model(source).kind == "so-vits"


def test_the_shell_imports_and_says_which_index(hub, export, tmp_path, monkeypatch, files):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    hub.repos["me/ann"] = Repo(files | {"Ben.pth": export})
    words = ["voices", "import", "me/ann", "--consent", "permission", "--licence", "openrail"]
    done = CliRunner().invoke(app, [*words, "--name", "Ann"])
    assert done.exit_code == 0, done.output
    assert "Taking Ann/Ann_e200.pth. There are also: Ben.pth" in done.output
    assert "Its index: added_IVF4_Flat_nprobe_1_Ann_v2.index" in done.output.replace("\n", "")
    assert "Make sure" not in done.output
    asked = CliRunner().invoke(app, [*words, "--name", "Ben", "--checkpoint", "Ben.pth"])
    assert asked.exit_code == 1
    assert "Choose the index of “Ben.pth”" in asked.output.replace("\n", " ")
    own = tmp_path / "mine.index"
    write_index(own, build_index(torch.from_numpy(features_of(60, 768)).float()))
    done = CliRunner().invoke(app, [*words, "--name", "Ben", "--checkpoint", "Ben.pth", "--index", str(own)])
    assert done.exit_code == 0, done.output
    assert "“mine.index” is named differently from “Ben.pth”" in done.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(["--name", "Clara"], "a voice called “Clara” already"), (["--licence", " "], "state its licence")],
)
def test_the_shell_refuses_before_it_downloads(hub, files, tmp_path, monkeypatch, change, sentence):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    hub.repos["me/ann"] = Repo(dict(files))
    words = ["--name", "Ann", "--consent", "permission", "--licence", "MIT", *change]
    asked = CliRunner().invoke(app, ["voices", "import", "me/ann", *words])
    assert asked.exit_code == 1
    assert sentence in asked.output.replace("\n", " ")
    assert not [line for line in hub.log if line.startswith("GET") and "/lfs/" in line]
