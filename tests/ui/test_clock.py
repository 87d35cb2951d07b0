"""The clock of a job: its bar never goes back, and its time left comes from measurements."""

import threading
import time

import pytest

from vc_core.cover.preflight import Speeds, StageEstimate
from vc_core.device import DeviceQueue
from vc_core.errors import Message
from vc_core.progress import Waiting, name_steps, silent
from vc_core.ui.server.clock import DOWNLOAD_SHARE, JobClock, estimate_seconds_left
from vc_core.ui.widgets.job_bar import add_job_bar, render_status
from vc_core.ui.words import translate_message


def test_the_bar_never_goes_back_through_downloads_and_work():
    clock = JobClock()
    clock.begin_stage(DOWNLOAD_SHARE)
    shown = [clock.update(fraction, "").fraction for fraction in (0.0, 0.5, 1.0, 0.2)]
    clock.begin_stage()
    shown += [clock.update(fraction, "").fraction for fraction in (0.0, 0.4, 0.3, 1.0)]
    assert shown == sorted(shown)
    assert shown[2] == pytest.approx(DOWNLOAD_SHARE)
    assert shown[-1] == 1.0


def test_without_a_download_the_work_has_the_whole_bar():
    clock = JobClock()
    clock.begin_stage(DOWNLOAD_SHARE)
    clock.begin_stage()
    assert clock.update(0.25, "").fraction == 0.25


@pytest.mark.parametrize(
    ("fraction", "seconds", "expected", "left"),
    [
        (0.0, 3.0, None, None),  # nothing is known yet
        (0.5, 10.0, None, 10.0),  # as it goes now
        (0.0, 3.0, 20.0, 17.0),  # as it took before
        (0.0, 30.0, 20.0, 0.0),  # it takes longer than before
        (0.5, 20.0, 20.0, 20.0),  # half is done: only the measurement counts
    ],
)
def test_the_time_left_comes_from_runs_before_and_then_from_this_one(fraction, seconds, expected, left):
    assert estimate_seconds_left(fraction, seconds, expected) == left


def test_a_run_teaches_how_long_the_next_one_takes(tmp_path):
    speeds, stage = Speeds(tmp_path / "speeds.json"), StageEstimate("separate task:x", 10.0)
    assert speeds.expect(stage) is None
    with speeds.measure_stage(stage):
        time.sleep(0.2)
    assert speeds.expect(StageEstimate("separate task:x", 20.0)) == pytest.approx(0.4, abs=0.3)


def test_a_waiting_job_is_told_how_long_it_waits():
    queue, seen, running = DeviceQueue(), [], threading.Event()

    def note(fraction, message):
        seen.append(message)
        running.set()

    def wait():
        with queue.turn(note):
            pass

    thread = threading.Thread(target=wait)
    with queue.turn(silent, lambda: 90.0):
        thread.start()
        assert running.wait(10)
    thread.join()
    assert isinstance(seen[0], Waiting)
    assert str(seen[0]) == "Waiting, 1 before you, about 1:30"
    assert translate_message("ko", seen[0]) == "대기 중, 앞에 1건, 약 1:30"


def test_steps_are_shown_in_korean_with_their_details():
    seen = []
    inner = name_steps(lambda fraction, step: seen.append(step), Message("Converting"))
    inner(0.0, "0:04 / 0:24")
    name_steps(inner, Message("Analysing the melody"))(0.5, "0:10")  # the smaller step is the one that counts
    inner(1.0, "")
    assert [str(step) for step in seen] == ["Converting: 0:04 / 0:24", "Analysing the melody: 0:10", "Converting"]
    assert translate_message("ko", seen[0]) == "변환 중: 0:04 / 0:24"


class _Korean:
    def __init__(self):
        self.headers = {"accept-language": "ko"}


def test_a_handlers_statuses_move_the_bar_beside_its_results():
    clock = JobClock()

    def handler(values, request, progress):
        yield clock.update(0.5, Message("Separating"))
        yield ["a", "b"]

    shown = list(add_job_bar(handler, 2)({"song": "/x/tune.wav"}, _Korean(), None))
    moved = shown[0][-1]
    assert (moved["state"], moved["fraction"], moved["step"]) == ("running", 0.5, "분리 중")
    assert moved["title"] == "tune.wav"
    assert shown[1][:2] == ["a", "b"]
    assert shown[-1][-1]["state"] == "done"


def test_a_stopped_job_says_so_and_is_not_done():
    clock = JobClock()

    def handler(values, request, progress):
        yield clock.read("stopped")

    states = [shown[-1]["state"] for shown in add_job_bar(handler, 1)({}, None, None)]
    assert states == ["stopped"]


def test_a_waiting_job_shows_no_percentage_and_no_time_of_its_own():
    clock = JobClock(expected_seconds=10.0)
    shown = render_status(clock.update(0.0, Waiting("Waiting, {before} before you", before=2)), None)
    assert shown["waiting"]
    assert shown["left"] is None
