"""Pretrained weights: downloaded once, verified, and loaded completely."""

import hashlib
import io
from dataclasses import replace

import pytest
import torch
from hub_server import Repo

from vc_core.errors import UserError
from vc_core.training.so_vits.pretrained import (
    PRETRAINED,
    PinnedVersion,
    fetch_start_weights,
    get_local_folder,
    load_start_weights,
)
from vc_core.training.so_vits.settings import SoVitsSettings


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("vc_core.checkpoints.hub.FIRST_PAUSE_SECONDS", 0.01)


def packed(tensors) -> bytes:
    content = io.BytesIO()
    torch.save({"model": tensors, "iteration": 0, "optimizer": None, "learning_rate": 1e-4}, content)
    return content.getvalue()


def offer(hub, template):
    start = PRETRAINED[template]
    for checkpoint, content in ((start.generator, b"generator"), (start.discriminator, b"judges")):
        hub.repos.setdefault(checkpoint.repo, Repo()).files[checkpoint.file] = content
    return hub.repos[start.generator.repo]


@pytest.mark.parametrize("template", list(PRETRAINED))
def test_weights_are_downloaded_from_the_repo_of_the_template_and_cached(hub, template):
    repo = offer(hub, template)
    start = fetch_start_weights(template)
    assert (start.generator.read_bytes(), start.discriminator.read_bytes()) == (b"generator", b"judges")
    assert f"{PRETRAINED[template].generator.repo}@{repo.commit}" in start.origin["started from"]
    assert "sha256:" in start.origin["with judges"]
    hub.down = True
    assert fetch_start_weights(template) == start


def test_without_a_connection_the_error_says_what_to_do(hub):
    hub.down = True
    with pytest.raises(UserError, match=r"without a connection, put G_0\.pth and D_0\.pth into .*start from scratch"):
        fetch_start_weights("so-vits-svc-4.0v1")


def test_a_corrupt_download_is_refused_and_downloaded_again(hub):
    offer(hub, "so-vits-svc-4.0v1")
    blob = fetch_start_weights("so-vits-svc-4.0v1").generator.resolve()
    blob.write_bytes(b"generatoR")
    with pytest.raises(UserError, match="did not arrive whole"):
        fetch_start_weights("so-vits-svc-4.0v1")
    assert fetch_start_weights("so-vits-svc-4.0v1").generator.read_bytes() == b"generator"


def test_a_pinned_revision_and_hashes_are_verified(hub):
    repo = offer(hub, "so-vits-svc-4.0v1")
    generator, judges = (hashlib.sha256(content).hexdigest() for content in (b"generator", b"judges"))
    pinned = PinnedVersion(repo.commit, generator, judges)
    told = fetch_start_weights("so-vits-svc-4.0v1", pinned).origin
    assert told["started from"].endswith(f"sha256:{generator} (as it was to be)")
    assert "no hash was known" in fetch_start_weights("so-vits-svc-4.0v1").origin["with judges"]
    with pytest.raises(UserError, match=f"not the file that was wanted: its SHA-256 is {judges}"):
        fetch_start_weights("so-vits-svc-4.0v1", replace(pinned, discriminator_sha256="0" * 64))
    with pytest.raises(UserError, match="put G_0"):
        fetch_start_weights("so-vits-svc-4.0v1", replace(pinned, revision="f" * 40))
    with pytest.raises(UserError, match="64 digits"):
        SoVitsSettings(start_generator_sha256="abc")
    with pytest.raises(UserError, match="without slashes"):
        SoVitsSettings(start_revision="../main")


def test_local_files_take_precedence_over_downloads(hub):
    hub.down = True
    folder = get_local_folder("quickvc")
    folder.mkdir(parents=True)
    for name in ("G_0.pth", "D_0.pth"):
        (folder / name).write_bytes(name.encode())
    start = fetch_start_weights("quickvc")
    assert start.generator == folder / "G_0.pth"
    assert start.origin["started from"].startswith("G_0.pth sha256:")


class Layers(torch.nn.Module):
    def __init__(self, inner=3, decoder=3):
        super().__init__()
        self.enc, self.dec = torch.nn.Linear(2, inner), torch.nn.Linear(2, decoder)


def test_all_weights_are_loaded_or_none(tmp_path):
    theirs, ours, other = Layers(), Layers(), Layers(decoder=4)
    (tmp_path / "G.pth").write_bytes(packed(theirs.state_dict()))
    load_start_weights(ours, tmp_path / "G.pth")
    assert all(torch.equal(one, two) for one, two in zip(theirs.parameters(), ours.parameters(), strict=True))

    before = other.dec.weight.clone()
    with pytest.raises(UserError, match=r"2 of its weights .* such as dec\.weight"):
        load_start_weights(other, tmp_path / "G.pth")
    load_start_weights(other, tmp_path / "G.pth", reinitialised=("dec.",))
    assert torch.equal(other.enc.weight, theirs.enc.weight)
    assert torch.equal(other.dec.weight, before)


def test_weights_that_are_not_finite_are_refused(tmp_path):
    theirs = Layers()
    theirs.enc.bias.data[0] = torch.nan
    (tmp_path / "G.pth").write_bytes(packed(theirs.state_dict()))
    with pytest.raises(UserError, match=r"enc\.bias holds values that are not numbers"):
        load_start_weights(Layers(), tmp_path / "G.pth")
