"""Work in a thread reports progress, ends when it is stopped, and shows its errors in the browser's language."""

import asyncio
import pickle
import threading
import time
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
import torch

from vc_core.errors import Message, UserError
from vc_core.progress import Cancelled
from vc_core.ui.server.clock import JobClock
from vc_core.ui.server.events import (
    UNEXPECTED,
    Done,
    Failed,
    ProgressUpdate,
    StopRequests,
    run_in_thread,
    run_on_device,
    show_errors,
    stream_to_page,
)
from vc_core.ui.suite import launch
from vc_core.ui.words import translate_message


def test_updates_come_in_order_and_then_the_result():
    def work(progress):
        progress(0.0, "a")
        progress(0.5, "b")
        return 7

    assert list(run_in_thread(work)) == [ProgressUpdate(0.0, "a"), ProgressUpdate(0.5, "b"), Done(7)]


def test_a_user_error_becomes_a_plain_value():
    def work(progress):
        raise UserError("Pick another one.")

    (event,) = run_in_thread(work)
    assert isinstance(event, Failed)
    assert str(event.error) == "Pick another one."


@pytest.mark.parametrize("error", [MemoryError(), torch.cuda.OutOfMemoryError("CUDA out of memory.")])
def test_without_memory_the_page_gets_a_message(error):
    def work(progress):
        raise error

    (event,) = run_in_thread(work)
    assert isinstance(event, Failed)
    assert "ran out of memory" in str(event.error)


def test_an_unexpected_exception_is_raised_in_the_waiting_thread():
    def work(progress):
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        list(run_in_thread(work))


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

    events = run_in_thread(work)
    next(events)
    events.close()
    assert ended.is_set()


def test_closing_on_an_event_loop_does_not_wait_and_keeps_the_device_until_the_work_ends():
    order, gate = [], threading.Event()

    def deaf(progress):
        gate.wait(10)  # as a native call that reports no progress
        order.append("first ends")

    async def close(events):
        start = time.monotonic()
        events.close()
        return time.monotonic() - start

    events = run_on_device(deaf)
    next(events)
    threading.Timer(1.0, gate.set).start()
    assert asyncio.run(close(events)) < 0.3
    list(run_on_device(lambda progress: order.append("second starts")))
    assert order == ["first ends", "second starts"]


def test_stop_answers_within_three_seconds_also_inside_a_network_that_reports_nothing():
    gate, order = threading.Event(), []

    def deaf(progress):
        gate.wait(20)
        order.append("first ends")

    events = run_on_device(deaf)
    next(events)
    start = time.monotonic()
    events.close()
    assert time.monotonic() - start < 3
    threading.Timer(0.5, gate.set).start()
    list(run_on_device(lambda progress: order.append("second starts")))
    assert order == ["first ends", "second starts"]  # the device is not given to two


def test_the_server_answers_while_a_tab_with_deaf_work_is_closed():
    started, gate = threading.Event(), threading.Event()

    def deaf(progress):
        started.set()
        gate.wait(20)

    def handler(progress=gr.Progress()):
        yield from stream_to_page(run_in_thread(deaf), lambda value: value, bar=progress)

    with gr.Blocks() as page:
        gr.Button().click(handler, None, gr.Textbox(), api_name="deaf")
    address = launch(page)
    try:
        with httpx.Client(base_url=address, timeout=3) as client:
            asked = {"data": [], "fn_index": 0, "session_hash": "tab"}
            client.post("gradio_api/queue/join", json=asked).raise_for_status()
            with client.stream("GET", "gradio_api/queue/data", params={"session_hash": "tab"}):
                assert started.wait(10)
            for _ in range(20):  # the tab is closed; Gradio notices it within a second or two
                assert client.get("healthz").json() == {"status": "ok"}
                time.sleep(0.15)
    finally:
        gate.set()
        page.close()


def test_long_silent_work_still_yields_often_enough_to_be_stopped(monkeypatch):
    monkeypatch.setattr("vc_core.ui.server.events.HEARTBEAT_SECONDS", 0.02)

    def work(progress):
        progress(0.4, "long")
        time.sleep(0.2)
        return 1

    events = list(run_in_thread(work))
    assert events.count(ProgressUpdate(0.4, "long")) >= 3
    assert events[-1] == Done(1)


def test_jobs_on_the_device_wait_for_each_other():
    order = []

    def job(name):
        def work(progress):
            order.append(f"{name} starts")
            time.sleep(0.1)
            order.append(f"{name} ends")

        return lambda: list(run_on_device(work))

    threads = [threading.Thread(target=job(name)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.split()[1] for entry in order] == ["starts", "ends", "starts", "ends"]


def test_streaming_moves_the_bar_and_shows_the_result():
    moved = []

    def work(progress):
        progress(0.25, "a quarter")
        return 3

    def bar(fraction, desc):
        moved.append((fraction, desc))

    outputs = list(stream_to_page(run_in_thread(work), lambda value: ("shown", value), bar=bar))
    assert (0.25, "a quarter") in moved
    assert outputs[-1] == ("shown", 3)


def test_with_a_clock_the_page_gets_the_status_of_the_job_and_that_it_was_stopped():
    def work(progress):
        progress(0.25, "a quarter")
        time.sleep(0.2)
        progress(0.5, "half")
        time.sleep(5)

    stopped, clock, statuses = threading.Event(), JobClock(), []
    bar = lambda *_, **__: None  # noqa: E731
    for status in stream_to_page(run_in_thread(work), lambda value: value, bar=bar, stopped=stopped, clock=clock):
        statuses.append((status.state, status.fraction))
        if status.fraction == 0.5:
            stopped.set()
    assert statuses[0] == ("running", 0.25)
    assert statuses[-1] == ("stopped", 0.5)


class _Request:
    def __init__(self, session):
        self.session_hash = session


def test_stop_ends_the_work_of_that_session_and_task_alone():
    ann, bob = _Request("ann"), _Request("bob")
    ended = threading.Event()

    def work(progress):
        try:
            while True:
                progress(0.5, "on and on")
                time.sleep(0.01)
        finally:
            ended.set()

    requests = StopRequests()
    with requests.watch(ann, "separate") as stopped:
        outputs = stream_to_page(run_in_thread(work), lambda value: value, bar=lambda *_, **__: None, stopped=stopped)
        next(outputs)
        requests.stop(bob, "separate")
        requests.stop(ann, "convert")
        assert not stopped.is_set()
        next(outputs)
        requests.stop(ann, "separate")
        assert list(outputs) == []
        assert ended.is_set()
    requests.stop(ann, "separate")  # nothing runs any more, and nothing happens


def test_which_errors_are_shown_to_a_user(caplog):
    with pytest.raises(gr.Error) as shown, show_errors(None):
        raise UserError("Pick another one.")
    assert shown.value.message == "Pick another one."
    with pytest.raises(gr.Error) as shown, show_errors(None):
        raise KeyError("secret detail")
    assert shown.value.message == str(UNEXPECTED)
    assert "secret detail" in caplog.text  # the log keeps the traceback


def test_a_korean_page_shows_errors_in_korean():
    request = SimpleNamespace(headers={"accept-language": "ko-KR"})
    with pytest.raises(gr.Error) as shown, show_errors(request):
        raise UserError("There is no voice called “{name}”. There are: {known}.", name="Max", known=Message("none yet"))
    assert shown.value.message == "“Max” 목소리가 없습니다. 있는 목소리: 아직 없음."
    with pytest.raises(gr.Error) as shown, show_errors(request):
        raise KeyError
    assert shown.value.message == translate_message("ko", UNEXPECTED)


def test_an_error_from_a_forked_worker_is_shown_in_korean():
    def work(progress):
        raise UserError("“{file}” can't be read: {reason}.", file="a.wav", reason=Message("The disk is full"))

    (event,) = run_in_thread(work)
    arrived = pickle.loads(pickle.dumps(event))

    def events():
        yield arrived

    with pytest.raises(gr.Error) as shown, show_errors(SimpleNamespace(headers={"accept-language": "ko"})):
        list(stream_to_page(events(), lambda value: value, bar=lambda *_, **__: None))
    assert shown.value.message == "“a.wav”을(를) 읽을 수 없습니다: 디스크가 가득 찼습니다."
