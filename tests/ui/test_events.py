"""Work in a thread reports its steps, ends when it is stopped, and fails in sentences."""

import threading
import time

import gradio as gr
import pytest

from vc_core.errors import UserError
from vc_core.progress import Cancelled
from vc_core.ui.events import UNEXPECTED, Done, Refused, Step, in_steps, on_device, relay, sentences, stop, stoppable


def test_steps_come_in_order_and_then_the_result():
    def work(progress):
        progress(0.0, "a")
        progress(0.5, "b")
        return 7

    assert list(in_steps(work)) == [Step(0.0, "a"), Step(0.5, "b"), Done(7)]


def test_a_user_error_becomes_a_plain_value():
    def work(progress):
        raise UserError("Pick another one.")

    assert list(in_steps(work)) == [Refused("Pick another one.")]


def test_a_bug_is_raised_where_it_is_waited_for():
    def work(progress):
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        list(in_steps(work))


def test_closing_stops_the_work_and_waits_for_it():
    ended = threading.Event()

    def work(progress):
        try:
            for _ in range(1000):
                progress(0.0, "")
                time.sleep(0.02)
        except Cancelled:
            time.sleep(0.1)  # as a window that has to be finished first
            ended.set()
            raise

    happenings = in_steps(work)
    next(happenings)
    happenings.close()
    assert ended.is_set()


def test_long_silent_work_still_gives_moments_to_stop_at(monkeypatch):
    monkeypatch.setattr("vc_core.ui.events.HEARTBEAT_SECONDS", 0.02)

    def work(progress):
        progress(0.4, "long")
        time.sleep(0.2)
        return 1

    happenings = list(in_steps(work))
    assert happenings.count(Step(0.4, "long")) >= 3
    assert happenings[-1] == Done(1)


def test_jobs_on_the_device_wait_for_each_other():
    order = []

    def job(name):
        def work(progress):
            order.append(f"{name} starts")
            time.sleep(0.1)
            order.append(f"{name} ends")

        return lambda: list(on_device(work))

    threads = [threading.Thread(target=job(name)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.split()[1] for entry in order] == ["starts", "ends", "starts", "ends"]


def test_relay_moves_the_bar_and_shows_the_result():
    moved = []

    def work(progress):
        progress(0.25, "a quarter")
        return 3

    def bar(fraction, desc):
        moved.append((fraction, desc))

    outputs = list(relay(in_steps(work), lambda value: ("shown", value), bar=bar))
    assert (0.25, "a quarter") in moved
    assert outputs[-1] == ("shown", 3)


class _Visitor:
    def __init__(self, session):
        self.session_hash = session


def test_stop_ends_the_work_of_that_visitor_and_task_alone():
    ann, bob = _Visitor("ann"), _Visitor("bob")
    ended = threading.Event()

    def work(progress):
        try:
            while True:
                progress(0.5, "on and on")
                time.sleep(0.01)
        finally:
            ended.set()

    with stoppable(ann, "separate") as stopped:
        outputs = relay(in_steps(work), lambda value: value, bar=lambda *_, **__: None, stopped=stopped)
        next(outputs)
        stop(bob, "separate")
        stop(ann, "convert")
        assert not stopped.is_set()
        next(outputs)
        stop(ann, "separate")
        assert list(outputs) == []
        assert ended.is_set()
    stop(ann, "separate")  # nothing runs any more, and nothing happens


def test_what_a_person_sees_of_an_error(caplog):
    with pytest.raises(gr.Error) as shown, sentences():
        raise UserError("Pick another one.")
    assert shown.value.message == "Pick another one."
    with pytest.raises(gr.Error) as shown, sentences():
        raise KeyError("secret detail")
    assert shown.value.message == UNEXPECTED
    assert "secret detail" in caplog.text  # the log keeps the traceback
