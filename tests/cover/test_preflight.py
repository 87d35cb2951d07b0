"""Duration estimates: guessed at first, then from the speeds measured on this machine."""

import time

import pytest

from vc_core.cover.preflight import Speeds, StageEstimate


@pytest.fixture
def speeds(tmp_path):
    return Speeds(tmp_path / "speeds.json")


def test_the_first_run_replaces_the_guess(speeds):
    stage = StageEstimate("convert", 20.0, 0.5)
    assert speeds.estimate([stage]) == (10.0, False)
    with speeds.measure("convert", 20.0):
        time.sleep(0.2)
    seconds, is_measured = speeds.estimate([stage])
    assert is_measured
    assert 0.2 <= seconds < 5.0


def test_later_runs_are_averaged_and_one_unmeasured_stage_makes_it_a_guess(speeds):
    speeds._update("mix", 1.0)
    speeds._update("mix", 3.0)
    assert speeds.estimate([StageEstimate("mix", 10.0, 9.0)]) == (20.0, True)
    assert speeds.estimate([StageEstimate("mix", 10.0, 9.0), StageEstimate("new", 1.0, 2.0)]) == (22.0, False)


def test_failed_and_short_runs_are_not_measured(speeds):
    with pytest.raises(RuntimeError), speeds.measure("convert", 60.0):
        raise RuntimeError
    with speeds.measure("convert", 1.0):
        pass
    assert speeds.load() == {}


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"mix": "fast", "convert": -1}', "\0"])
def test_a_damaged_file_is_ignored(speeds, content):
    speeds.path.write_text(content)
    assert speeds.load() == {}
    speeds._update("mix", 1.0)
    assert speeds.load() == {"mix": 1.0}
