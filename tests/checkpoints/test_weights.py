"""Untrusted weights: no code execution from pickles, corrupt files, and strict matching of names and shapes."""

import os
import pickle
import sys
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.errors import UserError


class Payload:
    """Code execution on unpickling."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_saved_weights_are_loaded_exactly(tmp_path, network, suffix):
    path = tmp_path / f"x{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(network.state_dict(), path)
    torch.manual_seed(1)
    other = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    load_weights(other, load_tensors(path), source=path.name)
    for name, tensor in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)


def test_malicious_pickle_never_runs_code(tmp_path):
    torch.save({"weight": torch.zeros(1), "more": Payload(tmp_path / "harm")}, tmp_path / "x.pth")
    with pytest.raises(UserError, match="holds code"):
        load_tensors(tmp_path / "x.pth")
    (tmp_path / "old.pth").write_bytes(pickle.dumps(Payload(tmp_path / "harm")))
    with pytest.raises(UserError, match="holds code|not a whole"):
        load_tensors(tmp_path / "old.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", ["x.safetensors", "x.pth"])
@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"\x00" * 1000, b"PK\x03\x04" + bytes(100)])
def test_other_content_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match="whole|holds code|named weights"):
        load_tensors(tmp_path / name)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_truncated_checkpoint_is_refused(tmp_path, network, suffix):
    path = tmp_path / f"x{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(network.state_dict(), path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match="whole"):
        load_tensors(path)


def test_checkpoint_truncated_anywhere_is_refused(tmp_path):
    path = tmp_path / "x.pth"
    torch.save({"weight": torch.randn(50, 50), "more": [torch.randn(300) for _ in range(3)]}, path)
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 97):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match="whole|holds code"):
            load_tensors(path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that can't be read")
def test_disk_error_is_not_reported_as_a_corrupt_file(tmp_path):
    (tmp_path / "x.pth").symlink_to("/proc/self/mem")  # has no first byte
    with pytest.raises(OSError, match="Input/output"):
        load_tensors(tmp_path / "x.pth")


def test_other_zip_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UserError, match="whole"):
        load_tensors(tmp_path / "x.pth")


def test_list_of_tensors_is_refused(tmp_path):
    torch.save([torch.zeros(3)], tmp_path / "x.pth")
    with pytest.raises(UserError, match="no named weights"):
        load_tensors(tmp_path / "x.pth")


def test_missing_and_too_large_files_are_refused(tmp_path, network, monkeypatch):
    with pytest.raises(UserError, match="no file"):
        load_tensors(tmp_path / "x.pth")
    save_file(network.state_dict(), tmp_path / "x.safetensors")
    monkeypatch.setattr("vc_core.checkpoints.weights.MAX_GIGABYTES", 1e-9)
    with pytest.raises(UserError, match="larger than"):
        load_tensors(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("0.bias"), r"lacks weights \(0.bias\)"),
        (lambda tensors: tensors.update(extra=torch.zeros(1)), r"has unknown weights \(extra\)"),
        (lambda tensors: tensors.update({"0.weight": torch.zeros(4, 5)}), r"has misshapen weights \(0.weight\)"),
        (lambda tensors: tensors.update({"0.bias": torch.full((4,), float("nan"))}), "0.bias holds values"),
    ],
)
def test_mismatched_weights_are_named_and_none_is_loaded(network, change, message):
    tensors = {name: tensor.clone() + 1 for name, tensor in network.state_dict().items()}
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    change(tensors)
    with pytest.raises(UserError, match=message):
        load_weights(network, tensors, source="x.pth")
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in before.items())


@pytest.mark.parametrize("wrap", [lambda tensors: tensors, lambda tensors: {"model": tensors}])
@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(0, 3),
        torch.zeros(3, 0, 2),
        torch.zeros(3, 3).to_sparse(),
        torch.zeros(3, device="meta"),
        torch.zeros(1).expand(100_000, 100_000),
        torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.quint8),
    ],
    ids=["no rows", "no columns", "sparse", "meta", "expanded", "quantised"],
)
def test_tensors_that_crash_torch_are_refused(tmp_path, tensor, wrap):
    torch.save(wrap({"layer.weight": tensor}), tmp_path / "x.pth")
    with pytest.raises(UserError, match=r"tensor layer.weight is empty|holds code|not a whole"):
        load_tensors(tmp_path / "x.pth")
