"""The stage cache: hits, expiry, eviction, and links that survive eviction."""

import os
import time

import pytest

from vc_core.cover.stage_cache import StageCache, make_stage_key


@pytest.fixture
def cache(tmp_path):
    return StageCache(tmp_path / "stages", max_gigabytes=1e-5, max_hours=1.0)  # ten kilobytes


def run_stage(cache, key, folder, content, written):
    """A stage that writes one file, and counts how often."""
    with cache.stage(key, folder) as is_cached:
        if not is_cached:
            written.append(content)
            (folder / "x.txt").write_text(content)
    return folder


def test_a_stage_runs_once_and_is_found_later(cache):
    written: list[str] = []
    for name in ("first", "second"):
        with cache.make_work_folder() as work:
            folder = run_stage(cache, "a", work / name, "one", written)
            assert (folder / "x.txt").read_text() == "one"
    assert written == ["one"]
    assert cache.has("a")


def test_each_input_changes_the_key():
    assert make_stage_key("converted", "song", 0) == make_stage_key("converted", "song", 0)
    assert make_stage_key("converted", "song", 0) != make_stage_key("converted", "song", 1)
    assert make_stage_key("converted", "song", 0) != make_stage_key("mixed", "song", 0)


def test_a_stage_that_fails_is_not_cached(cache):
    with cache.make_work_folder() as work, pytest.raises(RuntimeError), cache.stage("a", work / "a"):
        (work / "a" / "x.txt").write_text("half")
        raise RuntimeError
    assert not cache.has("a")
    assert list(cache.folder.iterdir()) == []


def test_the_least_recently_used_are_evicted_but_their_links_stay(cache):
    written: list[str] = []
    with cache.make_work_folder() as work:
        first = run_stage(cache, "a", work / "a", "a" * 4000, written)
        for name in ("b", "c", "d"):
            run_stage(cache, name, work / name, name * 4000, written)
            time.sleep(0.02)
        assert [cache.has(name) for name in "abcd"] == [False, False, True, True]
        assert (first / "x.txt").read_text() == "a" * 4000


def test_expired_stages_run_again(cache):
    written: list[str] = []
    with cache.make_work_folder() as work:
        run_stage(cache, "a", work / "1", "one", written)
        os.utime(cache.folder / "a", (time.time() - 3700,) * 2)
        assert not cache.has("a")
        cache.prune()
        run_stage(cache, "a", work / "2", "two", written)
    assert written == ["one", "two"]


def test_an_expired_entry_that_was_not_pruned_is_replaced(cache):
    written: list[str] = []
    with cache.make_work_folder() as work:
        run_stage(cache, "a", work / "1", "one", written)
        os.utime(cache.folder / "a", (time.time() - 3700,) * 2)
        run_stage(cache, "a", work / "2", "two", written)
        assert (run_stage(cache, "a", work / "3", "three", written) / "x.txt").read_text() == "two"


def test_the_work_folder_of_a_killed_program_is_pruned_once_expired(cache):
    left = cache.folder / ".work-of-the-dead"
    left.mkdir(parents=True)
    cache.prune()
    assert left.is_dir()  # the program may still run
    os.utime(left, (time.time() - 3700,) * 2)
    cache.prune()
    assert not left.exists()
