"""Files come whole or not at all, over bad connections too, and only with the right hash."""

import hashlib

import pytest
from hub_server import Fault, Repo

from vc_core.download import download
from vc_core.errors import UserError
from vc_core.progress import Cancelled

CONTENT = bytes(range(256)) * 8192  # 2 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url(hub, monkeypatch):
    monkeypatch.setattr("vc_core.hub.FIRST_PAUSE_SECONDS", 0.01)
    hub.repos["deezer/spleeter"] = Repo({"2stems.safetensors": CONTENT})
    return f"{hub.url}/deezer/spleeter/resolve/main/2stems.safetensors"  # which redirects, as releases do


def test_a_file_comes_with_its_progress(url, tmp_path):
    seen = []
    path = download(url, tmp_path / "new" / "x.bin", sha256=SHA256, progress=lambda *step: seen.append(step))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (1.0, "Downloading: 2 of 2 MB")
    assert [share for share, _ in seen] == sorted(share for share, _ in seen)
    assert len(seen) > 4


@pytest.mark.parametrize("kind", ["fin", "rst"])
def test_a_broken_connection_is_taken_up_where_it_broke(url, hub, tmp_path, kind):
    hub.faults = [Fault("/lfs/", kind, after_bytes=700_000, times=2)]
    assert download(url, tmp_path / "x.bin", sha256=SHA256).read_bytes() == CONTENT
    assert sum("/lfs/" in line for line in hub.log) == 3


def test_what_came_before_a_stop_is_used_again(url, hub, tmp_path):
    def stop_half_way(share: float, _: str) -> None:
        if share > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(url, tmp_path / "x.bin", sha256=SHA256, progress=stop_half_way)
    assert not (tmp_path / "x.bin").exists()
    seen = []
    download(url, tmp_path / "x.bin", sha256=SHA256, progress=lambda share, _: seen.append(share))
    assert seen[0] > 0.5
    assert (tmp_path / "x.bin").read_bytes() == CONTENT


def test_what_is_here_is_not_downloaded_again(url, hub, tmp_path):
    path = download(url, tmp_path / "x.bin", sha256=SHA256)
    hub.down = True
    assert download(url, tmp_path / "x.bin", sha256=SHA256) == path
    path.write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"x\.bin was not downloaded"):
        download(url, tmp_path / "x.bin", sha256=SHA256)


def test_a_wrong_hash_leaves_nothing_behind(url, tmp_path):
    with pytest.raises(UserError, match="not the file that was expected"):
        download(url, tmp_path / "x.bin", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_was_something_else_is_replaced_the_next_time(url, tmp_path):
    (tmp_path / ".x.bin.part").write_bytes(b"y" * len(CONTENT))
    with pytest.raises(UserError, match="deleted; try again"):
        download(url, tmp_path / "x.bin", sha256=SHA256)
    assert download(url, tmp_path / "x.bin", sha256=SHA256).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 503])
def test_a_refusal_is_told(url, hub, tmp_path, status):
    hub.faults = [Fault("/resolve/", "status", status=status, times=9)]
    with pytest.raises(UserError, match=f"status {status}"):
        download(url, tmp_path / "x.bin")


def test_a_file_that_is_too_large_is_refused_on_the_way(url, tmp_path, monkeypatch):
    monkeypatch.setattr("vc_core.download.MAX_GIGABYTES", 0.001)
    with pytest.raises(UserError, match=r"x\.bin is larger than"):
        download(url, tmp_path / "x.bin")


def test_no_server_at_all(tmp_path):
    with pytest.raises(UserError, match=r"127.0.0.1 can't be reached, so x\.bin"):
        download("http://127.0.0.1:9/x.bin", tmp_path / "x.bin")
