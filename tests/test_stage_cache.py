"""A step that is known is not done again, what is too old or too much goes, and nothing in use is lost."""

import os
import time

import pytest

from vc_core.stage_cache import StageCache, stage_key


@pytest.fixture
def cache(tmp_path):
    return StageCache(tmp_path / "stages", max_gigabytes=1e-5, max_hours=1.0)  # ten kilobytes


def writing(content: str, made: list[str]):
    def make(folder):
        made.append(content)
        (folder / "x.txt").write_text(content)

    return make


def test_a_step_is_made_once_and_found_by_later_work(cache):
    made: list[str] = []
    for name in ("first", "second"):
        with cache.workplace() as place:
            folder = cache.stage("a", place / name, writing("one", made))
            assert (folder / "x.txt").read_text() == "one"
    assert made == ["one"]
    assert cache.has("a")


def test_another_input_is_another_step():
    assert stage_key("converted", "song", 0) == stage_key("converted", "song", 0)
    assert stage_key("converted", "song", 0) != stage_key("converted", "song", 1)
    assert stage_key("converted", "song", 0) != stage_key("mixed", "song", 0)


def test_a_step_that_fails_is_not_kept(cache):
    def make(folder):
        (folder / "x.txt").write_text("half")
        raise RuntimeError

    with cache.workplace() as place, pytest.raises(RuntimeError):
        cache.stage("a", place / "a", make)
    assert not cache.has("a")
    assert list(cache.folder.iterdir()) == []


def test_the_least_recently_used_go_when_there_are_too_many_but_not_from_under_their_users(cache):
    made: list[str] = []
    with cache.workplace() as place:
        first = cache.stage("a", place / "a", writing("a" * 4000, made))
        for name in ("b", "c", "d"):
            cache.stage(name, place / name, writing(name * 4000, made))
            time.sleep(0.02)
        assert [cache.has(name) for name in "abcd"] == [False, False, True, True]
        assert (first / "x.txt").read_text() == "a" * 4000


def test_what_is_too_old_is_made_again(cache):
    made: list[str] = []
    with cache.workplace() as place:
        cache.stage("a", place / "1", writing("one", made))
        os.utime(cache.folder / "a", (time.time() - 3700,) * 2)
        assert not cache.has("a")
        cache.prune()
        cache.stage("a", place / "2", writing("two", made))
    assert made == ["one", "two"]


def test_an_old_one_that_was_not_cleaned_up_yet_gives_way_to_the_new_one(cache):
    made: list[str] = []
    with cache.workplace() as place:
        cache.stage("a", place / "1", writing("one", made))
        os.utime(cache.folder / "a", (time.time() - 3700,) * 2)
        cache.stage("a", place / "2", writing("two", made))
        assert (cache.stage("a", place / "3", writing("three", made)) / "x.txt").read_text() == "two"


def test_what_a_killed_program_left_behind_is_swept_away(cache):
    left = cache.folder / ".work-of-the-dead"
    left.mkdir(parents=True)
    cache.prune()
    assert left.is_dir()  # it may be alive
    os.utime(left, (time.time() - 3700,) * 2)
    cache.prune()
    assert not left.exists()
