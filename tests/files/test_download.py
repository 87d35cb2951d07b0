"""Downloads are complete or absent, resume with Range requests, and are verified by hash."""

import hashlib

import pytest
from hub_server import Fault, Repo

from vc_core.errors import UserError
from vc_core.files.download import download
from vc_core.progress import Cancelled

CONTENT = bytes(range(256)) * 8192  # 2 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url(hub, monkeypatch):
    monkeypatch.setattr("vc_core.checkpoints.hub.FIRST_PAUSE_SECONDS", 0.01)
    hub.repos["deezer/spleeter"] = Repo({"2stems.safetensors": CONTENT})
    return f"{hub.url}/deezer/spleeter/resolve/main/2stems.safetensors"  # which redirects, as releases do


def test_download_reports_progress(url, tmp_path):
    updates = []
    path = download(url, tmp_path / "new" / "x.bin", sha256=SHA256, progress=lambda *update: updates.append(update))
    assert path.read_bytes() == CONTENT
    assert updates[-1] == (1.0, "Downloading: 2 of 2 MB")
    assert [fraction for fraction, _ in updates] == sorted(fraction for fraction, _ in updates)
    assert len(updates) > 4


@pytest.mark.parametrize("kind", ["fin", "rst"])
def test_broken_connection_resumes_where_it_broke(url, hub, tmp_path, kind):
    hub.faults = [Fault("/lfs/", kind, after_bytes=700_000, times=2)]
    assert download(url, tmp_path / "x.bin", sha256=SHA256).read_bytes() == CONTENT
    assert sum("/lfs/" in line for line in hub.log) == 3


def test_download_resumes_after_cancellation(url, hub, tmp_path):
    def cancel_half_way(fraction: float, _: str) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(url, tmp_path / "x.bin", sha256=SHA256, progress=cancel_half_way)
    assert not (tmp_path / "x.bin").exists()
    fractions = []
    download(url, tmp_path / "x.bin", sha256=SHA256, progress=lambda fraction, _: fractions.append(fraction))
    assert fractions[0] > 0.5
    assert (tmp_path / "x.bin").read_bytes() == CONTENT


def test_existing_file_is_not_downloaded_again(url, hub, tmp_path):
    path = download(url, tmp_path / "x.bin", sha256=SHA256)
    hub.down = True
    assert download(url, tmp_path / "x.bin", sha256=SHA256) == path
    path.write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"x\.bin was not downloaded"):
        download(url, tmp_path / "x.bin", sha256=SHA256)


def test_wrong_hash_deletes_the_file(url, tmp_path):
    with pytest.raises(UserError, match="not the file that was expected"):
        download(url, tmp_path / "x.bin", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_partial_download_of_another_file_is_replaced(url, tmp_path):
    (tmp_path / ".x.bin.part").write_bytes(b"y" * len(CONTENT))
    with pytest.raises(UserError, match="deleted; try again"):
        download(url, tmp_path / "x.bin", sha256=SHA256)
    assert download(url, tmp_path / "x.bin", sha256=SHA256).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 503])
def test_http_error_is_reported(url, hub, tmp_path, status):
    hub.faults = [Fault("/resolve/", "status", status=status, times=9)]
    with pytest.raises(UserError, match=f"status {status}"):
        download(url, tmp_path / "x.bin")


def test_too_large_file_is_refused_during_download(url, tmp_path, monkeypatch):
    monkeypatch.setattr("vc_core.files.download.MAX_GIGABYTES", 0.001)
    with pytest.raises(UserError, match=r"x\.bin is larger than"):
        download(url, tmp_path / "x.bin")


def test_unreachable_server_is_reported(tmp_path):
    with pytest.raises(UserError, match=r"127.0.0.1 can't be reached, so x\.bin"):
        download("http://127.0.0.1:9/x.bin", tmp_path / "x.bin")
