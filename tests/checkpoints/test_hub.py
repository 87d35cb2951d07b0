"""Hub checkpoints: parsing names and links, path traversal, downloads, cache, retries and error messages."""

import socket
import string
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hub_server import Fault, Repo
from huggingface_hub import constants
from hypothesis import given
from hypothesis import strategies as st

from vc_core.checkpoints.hub import Checkpoint, fetch, inspect_repo, parse_checkpoint
from vc_core.errors import UserError
from vc_core.progress import Cancelled

WEIGHTS = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
def voice_repo(hub):
    hub.repos["ann/alto"] = Repo({"voice.json": b"{}", "model.safetensors": WEIGHTS, "a b/G 1.pth": b"x"})
    return hub


@pytest.mark.parametrize(
    ("text", "repo", "file", "revision"),
    [
        ("ann/alto", "ann/alto", "", "main"),
        (" ann/alto@v1.0 ", "ann/alto", "", "v1.0"),
        ("ann/alto:G_1.pth", "ann/alto", "G_1.pth", "main"),
        ("ann/alto@dev:sub/G 1.pth", "ann/alto", "sub/G 1.pth", "dev"),
        ("hf://ann/alto", "ann/alto", "", "main"),
        ("https://huggingface.co/ann/alto", "ann/alto", "", "main"),
        ("https://huggingface.co/ann/alto/", "ann/alto", "", "main"),
        ("huggingface.co/ann/alto/tree/dev", "ann/alto", "", "dev"),
        ("https://hf.co/ann/alto/blob/main/sub/G%201.pth", "ann/alto", "sub/G 1.pth", "main"),
        ("https://huggingface.co/ann/alto/resolve/main/G_1.pth?download=true", "ann/alto", "G_1.pth", "main"),
    ],
)
def test_names_and_links_are_parsed(text, repo, file, revision):
    assert parse_checkpoint(text) == Checkpoint(repo, file, revision)


@pytest.mark.parametrize(
    "text",
    [
        "", "alto", "ann/alto/extra", "ann alto", "/etc/passwd", "../ann/alto", "ann/alto:../../secret",
        "ann/alto:/etc/passwd", "ann/alto@../../x", "https://example.org/ann/alto", "https://huggingface.co/ann",
        "https://huggingface.co/datasets/ann/words", "file:///etc/passwd",
        "https://huggingface.co/ann/alto/blob/main/%2e%2e/%2e%2e/secret", "ann/alto:..\\secret",
    ],
)  # fmt: skip
def test_invalid_names_and_path_traversal_raise(text):
    with pytest.raises(UserError) as caught:
        parse_checkpoint(text)
    assert str(caught.value).endswith(".")


NAMES = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=20).filter(
    lambda name: name[0] not in ".-" and ".." not in name
)


@given(NAMES, NAMES, NAMES)
def test_formatted_checkpoint_is_parsed_back(owner, name, file):
    checkpoint = Checkpoint(f"{owner}/{name}", file, "main")
    assert parse_checkpoint(str(checkpoint)) == checkpoint


@given(st.text(max_size=60))
def test_any_text_gives_a_safe_checkpoint_or_a_user_error(text):
    try:
        checkpoint = parse_checkpoint(text)
    except UserError:
        return
    assert ".." not in Path(checkpoint.file).parts
    assert ".." not in Path(checkpoint.revision).parts
    assert checkpoint.repo.count("/") == 1


def test_local_paths_are_accepted_only_if_allowed(tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"x")
    assert fetch(parse_checkpoint(str(file), allow_local=True)) == file
    with pytest.raises(UserError):
        parse_checkpoint(str(file))


def test_download_reports_progress(voice_repo):
    updates = []
    path = fetch(Checkpoint("ann/alto", "model.safetensors"), progress=lambda *update: updates.append(update))
    assert path.read_bytes() == WEIGHTS
    assert updates[-1][0] == 1.0
    assert "model.safetensors" in str(updates[-1][1])


def test_inspecting_a_repo_pins_the_commit(voice_repo):
    repo = inspect_repo(Checkpoint("ann/alto"))
    assert repo.checkpoint.revision == voice_repo.repos["ann/alto"].commit
    assert "model.safetensors" in repo.files


def test_cached_pinned_file_needs_no_network(voice_repo):
    pinned = replace(inspect_repo(Checkpoint("ann/alto")).checkpoint, file="model.safetensors")
    path = fetch(pinned)
    voice_repo.log.clear()
    voice_repo.down = True
    assert fetch(pinned) == path
    assert voice_repo.log == []


@pytest.mark.parametrize("kind", ["fin", "rst"])
@pytest.mark.parametrize("times", [1, 2])
def test_broken_connection_is_resumed(voice_repo, kind, times):
    voice_repo.faults = [Fault("/lfs/", kind, after_bytes=300_000, times=times)]
    assert fetch(Checkpoint("ann/alto", "model.safetensors")).read_bytes() == WEIGHTS
    assert voice_repo.faults[0].times == 0


def test_request_is_retried_if_the_server_hangs_up(voice_repo):
    voice_repo.faults = [Fault("/resolve/", "hang_up", times=1)]
    assert fetch(Checkpoint("ann/alto", "model.safetensors")).read_bytes() == WEIGHTS


def test_cache_is_used_while_the_hub_is_down(voice_repo, monkeypatch):
    monkeypatch.setattr("vc_core.checkpoints.hub.FIRST_PAUSE_SECONDS", 0.01)
    checkpoint = Checkpoint("ann/alto", "model.safetensors")
    path = fetch(checkpoint)
    fetch(Checkpoint("ann/alto", "voice.json"))
    commit = voice_repo.repos["ann/alto"].commit
    voice_repo.down = True
    assert fetch(checkpoint) == path
    cached = inspect_repo(Checkpoint("ann/alto"))
    assert cached.checkpoint.revision == commit
    assert cached.files == ("model.safetensors", "voice.json")


def test_hub_down_and_nothing_cached_raises(voice_repo, monkeypatch):
    monkeypatch.setattr("vc_core.checkpoints.hub.FIRST_PAUSE_SECONDS", 0.01)
    voice_repo.down = True
    with pytest.raises(UserError, match="can't be reached"):
        fetch(Checkpoint("ann/alto", "model.safetensors"))
    with pytest.raises(UserError, match="can't be reached"):
        inspect_repo(Checkpoint("ann/alto"))


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        (Checkpoint("ann/nobody", "x"), "no repo “ann/nobody”, or it is private"),
        (Checkpoint("ann/secret", "x"), "or it is private"),
        (Checkpoint("ann/gated", "x"), "asks for its terms to be accepted"),
        (Checkpoint("ann/alto", "missing.pth"), "has no file “missing.pth”"),
        (Checkpoint("ann/alto", "voice.json", "v9"), "has no revision “v9”"),
        (Checkpoint("an--n/al..to", "x"), "can't be the name of a repo"),
    ],
)
def test_repo_errors_are_explained(voice_repo, checkpoint, message):
    voice_repo.repos["ann/secret"] = Repo({"x": b"x"}, private=True)
    voice_repo.repos["ann/gated"] = Repo({"x": b"x"}, gated=True)
    with pytest.raises(UserError, match=message):
        fetch(checkpoint)


def test_token_gives_access_to_a_gated_repo(voice_repo):
    voice_repo.repos["ann/gated"] = Repo({"x": b"x"}, gated=True)
    assert fetch(Checkpoint("ann/gated", "x"), token=voice_repo.token).read_bytes() == b"x"


@pytest.mark.parametrize(("status", "advice"), [(429, "wait some minutes"), (500, "try again later")])
def test_http_errors_come_with_advice(voice_repo, status, advice):
    voice_repo.faults = [Fault("/api/models/", "status", status=status, times=50)]
    with pytest.raises(UserError, match=advice):
        inspect_repo(Checkpoint("ann/alto"))


def test_too_large_file_is_refused_before_download(voice_repo, monkeypatch):
    monkeypatch.setattr("vc_core.checkpoints.hub.MAX_GIGABYTES", 0.0005)
    with pytest.raises(UserError, match="larger than"):
        fetch(Checkpoint("ann/alto", "model.safetensors"))


def test_download_can_be_cancelled(voice_repo):
    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        fetch(Checkpoint("ann/alto", "model.safetensors"), progress=stop)
    assert fetch(Checkpoint("ann/alto", "model.safetensors")).read_bytes() == WEIGHTS


class TestWithoutConnection:
    """The Hub's own client would retry for 23 seconds."""

    def test_a_machine_without_network_says_so_at_once(self, hub, monkeypatch):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
            start = time.monotonic()
            with pytest.raises(UserError, match="can't be reached"):
                fetch(Checkpoint("ann/alto", "model.safetensors"))
            assert time.monotonic() - start < 5

    def test_a_store_of_large_files_out_of_reach_says_so_soon(self, voice_repo, monkeypatch):
        """hf_xet's own store is another host; it would try for a minute and a half."""
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            voice_repo.repos["ann/alto"].xet_store = f"http://127.0.0.1:{closed.getsockname()[1]}"
            start = time.monotonic()
            with pytest.raises(UserError, match="can't be reached, and ann/alto@main:model") as raised:
                fetch(Checkpoint("ann/alto", "model.safetensors"))
            assert time.monotonic() - start < 10
        assert "CAS Client Error" in str(raised.value.__cause__)

    def test_a_name_server_that_does_not_answer_is_not_waited_for(self, hub, monkeypatch):
        monkeypatch.setattr("vc_core.checkpoints.hub.CONNECT_SECONDS", 0.2)

        def wait(*_: object, **__: object) -> None:
            threading.Event().wait(10)
            raise TimeoutError

        monkeypatch.setattr("socket.create_connection", wait)
        start = time.monotonic()
        with pytest.raises(UserError, match="can't be reached"):
            inspect_repo(Checkpoint("ann/alto"))
        assert time.monotonic() - start < 5
