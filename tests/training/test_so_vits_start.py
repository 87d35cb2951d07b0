"""What a training starts from: fetched once, whole, and every weight in its place."""

import hashlib
import io
from dataclasses import replace

import pytest
import torch
from hub_server import Repo

from vc_core.errors import UserError
from vc_core.training.so_vits_settings import SoVitsSettings
from vc_core.training.so_vits_start import PRETRAINED, Pins, begin_from, fetch_start, own_folder


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("vc_core.hub.FIRST_PAUSE_SECONDS", 0.01)


def packed(tensors) -> bytes:
    content = io.BytesIO()
    torch.save({"model": tensors, "iteration": 0, "optimizer": None, "learning_rate": 1e-4}, content)
    return content.getvalue()


def offer(hub, template):
    start = PRETRAINED[template]
    for checkpoint, content in ((start.generator, b"generator"), (start.judges, b"judges")):
        hub.repos.setdefault(checkpoint.repo, Repo()).files[checkpoint.file] = content
    return hub.repos[start.generator.repo]


@pytest.mark.parametrize("template", list(PRETRAINED))
def test_it_is_fetched_from_where_the_template_says_and_found_again_offline(hub, template):
    repo = offer(hub, template)
    start = fetch_start(template)
    assert (start.generator.read_bytes(), start.judges.read_bytes()) == (b"generator", b"judges")
    assert f"{PRETRAINED[template].generator.repo}@{repo.commit}" in start.origin["started from"]
    assert "sha256:" in start.origin["with judges"]
    hub.down = True
    assert fetch_start(template) == start


def test_without_a_connection_it_says_what_to_do(hub):
    hub.down = True
    with pytest.raises(UserError, match=r"without a connection, put G_0\.pth and D_0\.pth into .*start from scratch"):
        fetch_start("so-vits-svc-4.0v1")


def test_what_did_not_arrive_whole_is_refused_and_fetched_anew(hub):
    offer(hub, "so-vits-svc-4.0v1")
    blob = fetch_start("so-vits-svc-4.0v1").generator.resolve()
    blob.write_bytes(b"generatoR")
    with pytest.raises(UserError, match="did not arrive whole"):
        fetch_start("so-vits-svc-4.0v1")
    assert fetch_start("so-vits-svc-4.0v1").generator.read_bytes() == b"generator"


def test_a_pinned_revision_and_hashes_are_held_to(hub):
    repo = offer(hub, "so-vits-svc-4.0v1")
    generator, judges = (hashlib.sha256(content).hexdigest() for content in (b"generator", b"judges"))
    pins = Pins(repo.commit, generator, judges)
    told = fetch_start("so-vits-svc-4.0v1", pins).origin
    assert told["started from"].endswith(f"sha256:{generator} (as it was to be)")
    assert "no hash was known" in fetch_start("so-vits-svc-4.0v1").origin["with judges"]
    with pytest.raises(UserError, match=f"not the file that was wanted: its SHA-256 is {judges}"):
        fetch_start("so-vits-svc-4.0v1", replace(pins, judges_sha256="0" * 64))
    with pytest.raises(UserError, match="put G_0"):
        fetch_start("so-vits-svc-4.0v1", replace(pins, revision="f" * 40))
    with pytest.raises(UserError, match="64 digits"):
        SoVitsSettings(start_generator_sha256="abc")
    with pytest.raises(UserError, match="without slashes"):
        SoVitsSettings(start_revision="../main")


def test_files_put_there_by_hand_come_first(hub):
    hub.down = True
    folder = own_folder("quickvc")
    folder.mkdir(parents=True)
    for name in ("G_0.pth", "D_0.pth"):
        (folder / name).write_bytes(name.encode())
    start = fetch_start("quickvc")
    assert start.generator == folder / "G_0.pth"
    assert start.origin["started from"].startswith("G_0.pth sha256:")


class Layers(torch.nn.Module):
    def __init__(self, inner=3, decoder=3):
        super().__init__()
        self.enc, self.dec = torch.nn.Linear(2, inner), torch.nn.Linear(2, decoder)


def test_all_weights_are_taken_or_none(tmp_path):
    theirs, ours, other = Layers(), Layers(), Layers(decoder=4)
    (tmp_path / "G.pth").write_bytes(packed(theirs.state_dict()))
    begin_from(ours, tmp_path / "G.pth")
    assert all(torch.equal(one, two) for one, two in zip(theirs.parameters(), ours.parameters(), strict=True))

    before = other.dec.weight.clone()
    with pytest.raises(UserError, match=r"2 of its weights .* such as dec\.weight"):
        begin_from(other, tmp_path / "G.pth")
    begin_from(other, tmp_path / "G.pth", differs=("dec.",))
    assert torch.equal(other.enc.weight, theirs.enc.weight)
    assert torch.equal(other.dec.weight, before)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    theirs = Layers()
    theirs.enc.bias.data[0] = torch.nan
    (tmp_path / "G.pth").write_bytes(packed(theirs.state_dict()))
    with pytest.raises(UserError, match=r"enc\.bias holds values that are not numbers"):
        begin_from(Layers(), tmp_path / "G.pth")
