"""Many visitors at once are served in the order they came, and as many as the suite says find room."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from gradio_client.utils import Status

from vc_core.device import exclusive_device
from vc_core.progress import silent
from vc_core.ui.controls import MOST_IN_LINE
from vc_core.ui.suite import MAX_WAITING
from vc_core.writing import write_audio

VISITORS = 20


@pytest.fixture
def second(song, tmp_path):
    write_audio(tmp_path / "second.wav", song.between(0, 44_100), format_name="wav16")
    return handle_file(tmp_path / "second.wav")


@pytest.fixture
def device():
    """The test has the device until it calls `close`, so that all visitors are there before the first is served."""
    with ExitStack() as held:
        held.enter_context(exclusive_device(silent))
        yield held


def place_of(job) -> int:
    """How many a visitor sees before them, as soon as they are told; those who wait outside come after the line."""
    for _ in range(1200):
        status = job.status()
        for unit in status.progress_data or []:
            if "before you" in (unit.desc or ""):
                return int(unit.desc.split()[1])
        if status.code is Status.IN_QUEUE and status.rank is not None:
            time.sleep(0.3)  # who is let in at once is told a rank as well, just before
            if (status := job.status()).code is Status.IN_QUEUE:
                return 1 + MOST_IN_LINE + status.rank
        assert not job.done(), job.exception()
        time.sleep(0.05)
    raise AssertionError("a visitor was told nothing")


@pytest.mark.slow
def test_twenty_visitors_are_served_in_the_order_they_came(studio, second, device):
    jobs, places = [], []
    for _ in range(VISITORS):
        visitor = Client(studio, verbose=False, download_files=False, analytics_enabled=False)
        jobs.append(visitor.submit(song=second, engine="repet", format_name="wav16", api_name="/separate"))
        places.append(place_of(jobs[-1]))
    assert places == list(range(1, VISITORS + 1))
    device.close()
    served = [Path(job.result(timeout=200)[0]["path"]).stat().st_mtime_ns for job in jobs]
    assert served == sorted(served)
    assert len(set(served)) == VISITORS


@pytest.mark.slow
def test_as_many_as_stated_find_room_and_only_the_next_is_turned_away(studio, second, device):
    visitor = Client(studio, verbose=False, download_files=False, analytics_enabled=False)
    jobs = []
    for _ in range(MOST_IN_LINE + MAX_WAITING):
        jobs.append(visitor.submit(song=second, engine="repet", format_name="wav16", api_name="/separate"))
        place_of(jobs[-1])
    with pytest.raises(AppError, match="Queue is full"):
        visitor.predict(song=second, engine="repet", api_name="/separate")
    for job in jobs:
        job.cancel()
