"""Many visitors at once are served in the order they came, and none of them is turned away."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
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


def place_of(job, *, in_line: bool) -> int:
    """How many are before a visitor, as soon as they are told: in the device's line, or in the queue behind it."""
    for _ in range(600):
        status = job.status()
        said = [unit.desc for unit in status.progress_data or [] if "before you" in (unit.desc or "")]
        if in_line and said:
            return int(said[0].split()[1])
        if not in_line and status.code is Status.IN_QUEUE and status.rank is not None:
            return 1 + MOST_IN_LINE + status.rank
        assert not job.done(), job.exception()
        time.sleep(0.1)
    raise AssertionError("a visitor was told nothing")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_visitors_are_served_in_the_order_they_came(studio, second, device):
    assert VISITORS <= MOST_IN_LINE + MAX_WAITING
    jobs, places = [], []
    for at in range(VISITORS):
        visitor = Client(
            studio, verbose=False, download_files=False, analytics_enabled=False, httpx_kwargs={"timeout": 60}
        )
        jobs.append(visitor.submit(song=second, engine="repet", format_name="wav16", api_name="/separate"))
        places.append(place_of(jobs[-1], in_line=at < MOST_IN_LINE))
    assert places == list(range(1, VISITORS + 1))
    device.close()
    served = [Path(job.result(timeout=250)[0]["path"]).stat().st_mtime_ns for job in jobs]
    assert served == sorted(served)
    assert len(set(served)) == VISITORS
