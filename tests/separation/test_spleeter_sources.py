"""Spleeter's weights come from the archive, the Hub or a folder; a fault is a sentence, and never random weights."""

import hashlib
import io
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hub_server import Fault, Repo
from safetensors.torch import load_file, save_file

from vc_core.checkpoints.tensorflow_checkpoint import read_checkpoint
from vc_core.errors import UserError
from vc_core.separation import SeparatorOptions, choose_separator, forget_separator, load_separator, prepare_separator
from vc_core.separation.spleeter.layouts import MODELS
from vc_core.separation.spleeter.sources import (
    estimate_download_megabytes,
    get_checkpoint_folder,
    get_models_folder,
    get_weights_path,
    install_weights,
    prepare_checkpoint,
)
from vc_core.separation.spleeter.weights import convert_checkpoint, load_nets, map_checkpoint

GENUINE = Path(__file__).parents[1] / "data" / "spleeter"
TWO = SeparatorOptions(2)


def packed(folder: Path, *, root: str = "./", without: str = "") -> bytes:
    """An archive like the published ones."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for file in sorted(folder.iterdir()):
            if file.name != without:
                tar.add(file, root + file.name)
    return buffer.getvalue()


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    forget_separator()
    return tmp_path / "home"


@pytest.fixture
def release(home, hub, monkeypatch):
    """A function that publishes an archive as the release of two stems."""
    monkeypatch.setattr("vc_core.checkpoints.hub.FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("vc_core.separation.spleeter.sources.RELEASE", f"{hub.url}/deezer/spleeter/resolve/main")

    def publish(content: bytes) -> None:
        hub.repos["deezer/spleeter"] = Repo({"2stems.tar.gz": content})
        monkeypatch.setitem(MODELS, 2, replace(MODELS[2], sha256=hashlib.sha256(content).hexdigest()))

    return publish


def test_the_published_archive_becomes_weights_that_separate(release, hub, tone):
    release(packed(GENUINE / "2stems"))
    assert estimate_download_megabytes(2) == 74
    prepare_separator("spleeter", TWO)
    assert estimate_download_megabytes(2) == 0
    assert [file.name for file in get_models_folder().iterdir()] == ["2stems.safetensors"]
    hub.down = True
    prepare_separator("spleeter", TWO)
    stems = load_separator("spleeter", "cpu", TWO).separate(tone(channels=2))
    assert list(stems) == ["vocals", "accompaniment"]


def test_a_failed_download_never_leads_to_random_weights(release, hub):
    """The original leaves an empty folder, and the next time separates with an untrained network."""
    release(packed(GENUINE / "2stems"))
    hub.down = True
    for _ in range(2):
        with pytest.raises(UserError, match=r"can't be reached, so 2stems\.tar\.gz was not downloaded"):
            prepare_separator("spleeter", TWO)
        with pytest.raises(UserError):
            load_separator("spleeter", "cpu", TWO)
    hub.down = False
    prepare_separator("spleeter", TWO)
    load_separator("spleeter", "cpu", TWO)


def test_an_interrupted_download_resumes(release, hub):
    hub.faults = [Fault("/2stems.tar.gz", "rst", after_bytes=5_000, times=2)]
    release(packed(GENUINE / "2stems"))
    prepare_separator("spleeter", TWO)


def test_an_archive_of_other_content_is_refused(release, hub):
    release(packed(GENUINE / "2stems"))
    hub.repos["deezer/spleeter"].files["2stems.tar.gz"] = packed(GENUINE / "4stems")
    with pytest.raises(UserError, match="not the file that was expected"):
        prepare_separator("spleeter", TWO)
    assert not get_weights_path(2).exists()


@pytest.mark.parametrize("without", ["model.index", "model.data-00000-of-00001"])
def test_an_archive_that_lacks_a_file_is_refused(release, without):
    release(packed(GENUINE / "2stems", without=without))
    with pytest.raises(UserError, match=f"holds no {without}"):
        prepare_separator("spleeter", TWO)


def test_an_archive_can_not_write_outside_its_folder(release, home):
    release(packed(GENUINE / "2stems", root="../../../../../../tmp/outside/"))
    prepare_separator("spleeter", TWO)
    assert not Path("/tmp/outside").exists()
    assert [file.name for file in get_models_folder().iterdir()] == ["2stems.safetensors"]


def test_a_file_that_is_no_archive_is_refused(release):
    release(b"<html>not found</html>")
    with pytest.raises(UserError, match="damaged"):
        prepare_separator("spleeter", TWO)


@pytest.mark.parametrize("layout", ["2stems/", ""])
def test_a_folder_of_checkpoints_is_installed(home, tmp_path, monkeypatch, layout):
    source = tmp_path / "models"
    shutil.copytree(GENUINE / "2stems", source / layout)
    monkeypatch.setenv("VOICE_STUDIO_SPLEETER", str(source))
    prepare_separator("spleeter", TWO)
    assert get_weights_path(2).is_file()


def test_a_repo_on_the_hub_is_installed(home, hub):
    files = {f"4stems/{file.name}": file.read_bytes() for file in (GENUINE / "4stems").iterdir()}
    hub.repos["ann/spleeter"] = Repo(files)
    assert tuple(load_nets(install_weights(4, "ann/spleeter")).nets) == MODELS[4].stem_names


def test_converted_safetensors_are_installed_from_the_hub(home, hub, tmp_path):
    convert_checkpoint(GENUINE / "5stems" / "model", MODELS[5], tmp_path / "5stems.safetensors")
    hub.repos["ann/spleeter"] = Repo({"5stems.safetensors": (tmp_path / "5stems.safetensors").read_bytes()})
    install_weights(5, "ann/spleeter")
    assert get_weights_path(5).read_bytes() == (tmp_path / "5stems.safetensors").read_bytes()


def test_a_source_without_weights_is_reported(home, tmp_path):
    with pytest.raises(UserError, match=r"holds neither 2stems\.safetensors nor 2stems/model\.index"):
        install_weights(2, str(tmp_path))


def test_the_original_package_gets_its_own_format(release):
    release(packed(GENUINE / "2stems"))
    prepare_checkpoint(2)
    folder = get_checkpoint_folder() / "2stems"
    assert 'model_checkpoint_path: "model"' in (folder / "checkpoint").read_text()
    assert len(read_checkpoint(folder / "model")) == 149


class TestWeights:
    def test_weights_are_converted_bit_for_bit(self, tmp_path):
        convert_checkpoint(GENUINE / "2stems" / "model", MODELS[2], tmp_path / "x.safetensors")
        ours, theirs = load_file(tmp_path / "x.safetensors"), read_checkpoint(GENUINE / "2stems" / "model")
        np.testing.assert_array_equal(
            ours["nets.accompaniment.last.weight"].numpy(), theirs["conv2d_13/kernel"].transpose(3, 2, 0, 1)
        )
        np.testing.assert_array_equal(
            ours["nets.accompaniment.up_norms.0.running_var"].numpy(), theirs["batch_normalization_18/moving_variance"]
        )

    @pytest.mark.parametrize(("stems", "asked"), [(4, 2), (2, 4), (5, 4)])
    def test_a_checkpoint_of_other_stems_is_refused(self, tmp_path, stems, asked):
        with pytest.raises(UserError, match=f"not one of {asked} stems: it holds {stems} networks"):
            convert_checkpoint(GENUINE / f"{stems}stems" / "model", MODELS[asked], tmp_path / "x.safetensors")
        assert list(tmp_path.iterdir()) == []

    def test_a_missing_tensor_is_named(self):
        tensors = read_checkpoint(GENUINE / "2stems" / "model")
        del tensors["conv2d_3/bias"]
        with pytest.raises(UserError, match="lacks conv2d_3/bias"):
            map_checkpoint(tensors, MODELS[2])

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            (lambda w: w.pop("nets.vocals.last.bias"), "lacks weights"),
            (lambda w: w.update({"nets.vocals.last.bias": torch.zeros(3)}), "misshapen"),
            (lambda w: w.update({"nets.vocals.last.bias": torch.full((2,), torch.nan)}), "not numbers"),
            (lambda w: w.update({"surprise": torch.zeros(1)}), "unknown weights"),
            (lambda w: w.pop("nets.vocals.convolutions.2.weight"), "missing or misshapen"),
            (
                lambda w: w.update({"nets.vocals.convolutions.5.weight": torch.zeros(5000, 1, 1, 1)}),
                "missing or misshapen",
            ),
        ],
    )
    def test_faulty_weights_are_refused(self, tmp_path, change, sentence):
        convert_checkpoint(GENUINE / "2stems" / "model", MODELS[2], tmp_path / "x.safetensors")
        weights = load_file(tmp_path / "x.safetensors")
        change(weights)
        save_file(
            weights,
            tmp_path / "x.safetensors",
            {"stems": "vocals,accompaniment", "activation": "relu", "exclusive": "false"},
        )
        with pytest.raises(UserError, match=sentence):
            load_nets(tmp_path / "x.safetensors")

    @pytest.mark.parametrize(
        "metadata",
        [
            None,
            {"stems": "vocals"},
            {"stems": "vocals,../../x", "activation": "relu", "exclusive": "false"},
            {"stems": "vocals,vocals", "activation": "relu", "exclusive": "false"},
            {"stems": "vocals,accompaniment", "activation": "eval", "exclusive": "false"},
            {"stems": "vocals,accompaniment", "activation": "elu", "exclusive": "maybe"},
        ],
    )
    def test_a_file_that_is_no_separation_model_is_refused(self, tmp_path, metadata):
        save_file({"a": torch.zeros(1)}, tmp_path / "x.safetensors", metadata)
        with pytest.raises(UserError, match="no separation model"):
            load_nets(tmp_path / "x.safetensors")


@pytest.mark.parametrize(("engine", "stems"), [("starter", 4), ("repet", 5), ("spleeter", 3)])
def test_an_engine_reports_stem_counts_it_can_not_do(engine, stems):
    with pytest.raises(UserError, match=f"not into {stems}"):
        choose_separator(engine, SeparatorOptions(stems))
