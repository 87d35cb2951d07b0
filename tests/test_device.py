"""The device is chosen once, can be set, and serves one job at a time."""

import threading
import time

import pytest

from vc_core.device import choose_device, exclusive_device
from vc_core.errors import UserError
from vc_core.progress import Cancelled, silent


@pytest.fixture(autouse=True)
def fresh_choice():
    choose_device.cache_clear()
    yield
    choose_device.cache_clear()


def test_a_device_is_found():
    assert choose_device() in ("cuda", "mps", "cpu")


def test_a_device_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "cpu")
    assert choose_device() == "cpu"


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "tpu")
    with pytest.raises(UserError, match="no “tpu” device"):
        choose_device()


def test_jobs_never_overlap():
    running, most = 0, 0

    def job():
        nonlocal running, most
        with exclusive_device(silent):
            running += 1
            most = max(most, running)
            time.sleep(0.02)
            running -= 1

    threads = [threading.Thread(target=job) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_jobs_run_in_the_order_they_came():
    order, threads = [], []

    def job(number):
        with exclusive_device(silent):
            order.append(number)

    with exclusive_device(silent):
        for number in range(6):
            threads.append(threading.Thread(target=job, args=(number,)))
            threads[-1].start()
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert order == list(range(6))


def test_one_who_waits_is_told_how_many_come_first():
    told = threading.Event()

    def note(fraction, message):
        if message == "Waiting, 1 before you":
            told.set()
            raise Cancelled

    def wait():
        with pytest.raises(Cancelled), exclusive_device(note):
            pass

    with exclusive_device(silent):
        thread = threading.Thread(target=wait)
        thread.start()
        assert told.wait(5)
        thread.join()


def test_one_who_waits_can_be_stopped_and_leaves_the_device_free():
    def stop(fraction, message):
        assert "Waiting" in message
        raise Cancelled

    with exclusive_device(silent):
        waiter_was_stopped = threading.Event()

        def wait():
            with pytest.raises(Cancelled), exclusive_device(stop):
                pass
            waiter_was_stopped.set()

        threading.Thread(target=wait).start()
        assert waiter_was_stopped.wait(5)
    with exclusive_device(stop):
        pass


def test_a_failing_job_frees_the_device():
    with pytest.raises(ZeroDivisionError), exclusive_device(silent):
        raise ZeroDivisionError
    with exclusive_device(silent):
        pass
