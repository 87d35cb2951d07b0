"""Models are downloaded from links outside the Hub once, by the guarded downloader, and told by their content."""

import io
import os
import time
import zipfile

import pytest
import torch
from file_server import serve_files

from vc_core.checkpoints.hub import is_other_link
from vc_core.errors import UserError
from vc_core.files.model_links import CACHE_SECONDS, MODEL_LINK_RULES, open_link_source


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    with serve_files() as running:
        yield running


@pytest.fixture(scope="module")
def checkpoint() -> bytes:
    buffer = io.BytesIO()
    torch.save({"weight": torch.zeros(3)}, buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def archive(checkpoint) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("Ann/Ann.pth", checkpoint)
        packed.writestr("Ann/added_Ann.index", b"IwFl")
    return buffer.getvalue()


def opened(server, link, **rules):
    with open_link_source(link, server.rules(**rules)) as source:
        return source


@pytest.mark.parametrize(
    ("path", "kind", "is_zip"),
    [
        ("/Ann.zip", "application/zip", True),
        ("/Ann.pth?token=secret", "application/octet-stream", False),
        ("/uc?export=download&id=1x", "application/x-zip-compressed", True),
        ("/download", "", False),
        ("/", "binary/octet-stream", True),
    ],
)
def test_a_file_is_told_by_its_name_or_its_content(server, checkpoint, archive, path, kind, is_zip):
    link = server.add(path, archive if is_zip else checkpoint, kind)
    source = opened(server, link)
    names = [name.rpartition("/")[2] for name in source.files]
    assert names == ["Ann.pth", "added_Ann.index"] if is_zip else names[0].endswith(".pth")
    assert source.name_origin(source.files[0]).startswith(link.split("?")[0])
    assert "secret" not in source.origin


def test_a_link_to_one_file_is_its_whole_origin(server, checkpoint):
    source = opened(server, server.add("/voices/Ann.pth", checkpoint))
    assert source.name_origin("Ann.pth") == f"http://models.test:{server.server_port}/voices/Ann.pth"


def test_a_link_is_downloaded_once_an_hour(server, archive, tmp_path):
    link = server.add("/Ann.zip", archive)
    for _ in range(3):
        opened(server, link)
    assert server.log == ["/Ann.zip"]
    (cached,) = (tmp_path / "home" / "links").iterdir()
    os.utime(cached, (time.time() - CACHE_SECONDS - 1,) * 2)
    opened(server, link)
    assert server.log == ["/Ann.zip", "/Ann.zip"]
    assert list(cached.parent.iterdir()) == [cached]


def test_what_is_refused_is_not_cached(server, tmp_path):
    for content, kind, sentence in (
        (b"<html>", "text/html", r"leads to no file that can be used here \(text/html\)"),
        (b"noise" * 100, "application/octet-stream", "no zip file and no .pth"),
        (b"PK\x03\x04half", "application/octet-stream", "no zip file and no .pth"),
    ):
        with pytest.raises(UserError, match=sentence):
            opened(server, server.add("/file", content, kind))
    with pytest.raises(UserError, match="larger than 0.001 GB"):
        opened(server, server.add("/Ann.zip", bytes(1_100_000)), gigabytes=0.001)
    with pytest.raises(UserError, match="status 404"):
        opened(server, server.add("/Ann.zip", b"").replace("Ann", "Ben"))
    with pytest.raises(UserError, match=r"“Ann.rar” can't be opened here"):
        opened(server, server.add("/Ann.rar", b"Rar!"))
    assert [path.name for path in (tmp_path / "home" / "links").glob("*/*")] == ["Ann.rar"]


def test_a_redirect_into_a_private_network_is_refused(server):
    server.redirects["/Ann.zip"] = "http://127.0.0.1:1/Ann.zip"
    with pytest.raises(UserError, match="private network"):
        opened(server, server.add("/Ann.zip", b""))


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("http://127.0.0.1:8000/Ann.zip", "private network"),
        ("http://[::1]:8000/Ann.zip", "private network"),
        ("http://169.254.169.254/Ann.zip", "private network"),
        ("http://user:word@127.0.0.1/Ann.zip", "a name and a password"),
        ("file:///etc/passwd", "begin with http"),
        ("ftp://127.0.0.1/Ann.zip", "begin with http"),
    ],
)
def test_only_public_links_are_opened(monkeypatch, tmp_path, link, sentence):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path))
    with pytest.raises(UserError, match=sentence), open_link_source(link, MODEL_LINK_RULES):
        pass


@pytest.mark.parametrize(
    ("text", "is_other"),
    [
        ("me/ann", False), ("hf://me/ann", False), ("https://huggingface.co/me/ann", False), ("hf.co/me/ann", False),
        ("https://example.org/Ann.zip", True), ("https://huggingface.co.example.org/x", True), ("http://[", True),
        ("ftp://huggingface.co/me/ann", True), (" http://example.org ", True),
    ],
)  # fmt: skip
def test_links_outside_the_hub_are_told_from_others(text, is_other):
    assert is_other_link(text) is is_other
