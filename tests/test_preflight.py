"""What work will take is guessed at first, and then known from what this machine has shown."""

import time

import pytest

from vc_core.preflight import Speeds, Step


@pytest.fixture
def speeds(tmp_path):
    return Speeds(tmp_path / "speeds.json")


def test_the_first_run_replaces_the_guess(speeds):
    step = Step("convert", 20.0, 0.5)
    assert speeds.expected([step]) == (10.0, False)
    with speeds.timed("convert", 20.0):
        time.sleep(0.2)
    seconds, is_measured = speeds.expected([step])
    assert is_measured
    assert 0.2 <= seconds < 5.0


def test_later_runs_move_it_and_half_a_guess_is_a_guess(speeds):
    speeds._learn("mix", 1.0)
    speeds._learn("mix", 3.0)
    assert speeds.expected([Step("mix", 10.0, 9.0)]) == (20.0, True)
    assert speeds.expected([Step("mix", 10.0, 9.0), Step("new", 1.0, 2.0)]) == (22.0, False)


def test_work_that_failed_or_was_too_short_teaches_nothing(speeds):
    with pytest.raises(RuntimeError), speeds.timed("convert", 60.0):
        raise RuntimeError
    with speeds.timed("convert", 1.0):
        pass
    assert speeds.known() == {}


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"mix": "fast", "convert": -1}', "\0"])
def test_a_spoilt_file_is_learnt_anew(speeds, content):
    speeds.path.write_text(content)
    assert speeds.known() == {}
    speeds._learn("mix", 1.0)
    assert speeds.known() == {"mix": 1.0}
