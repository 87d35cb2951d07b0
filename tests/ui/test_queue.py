"""Many sessions at once are served in order, and none is rejected."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.utils import Status

from vc_core.device import exclusive_device
from vc_core.files.writing import write_audio
from vc_core.progress import silent
from vc_core.ui.suite import MAX_WAITING
from vc_core.ui.widgets.controls import MAX_QUEUED

SESSIONS = 20


@pytest.fixture
def second(song, tmp_path):
    write_audio(tmp_path / "second.wav", song.slice(0, 44_100), format_name="wav16")
    return handle_file(tmp_path / "second.wav")


@pytest.fixture
def device():
    """The test holds the device until it calls `close`, so that all sessions wait before the first is served."""
    with ExitStack() as held:
        held.enter_context(exclusive_device(silent))
        yield held


def place_of(job, *, in_device_queue: bool) -> int:
    """The reported position of a session, in the device queue or in Gradio's queue behind it."""
    for _ in range(600):
        status = job.status()
        said = [unit.desc for unit in status.progress_data or [] if "before you" in (unit.desc or "")]
        if in_device_queue and said:
            return int(said[0].split()[1])
        if not in_device_queue and status.code is Status.IN_QUEUE and status.rank is not None:
            return 1 + MAX_QUEUED + status.rank
        assert not job.done(), job.exception()
        time.sleep(0.1)
    raise AssertionError("no queue position was reported")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_sessions_are_served_in_order(studio, second, device):
    assert SESSIONS <= MAX_QUEUED + MAX_WAITING
    jobs, places = [], []
    for at in range(SESSIONS):
        client = Client(
            studio, verbose=False, download_files=False, analytics_enabled=False, httpx_kwargs={"timeout": 60}
        )
        jobs.append(client.submit(song=second, engine="repet", format_name="wav16", api_name="/separate"))
        places.append(place_of(jobs[-1], in_device_queue=at < MAX_QUEUED))
    assert places == list(range(1, SESSIONS + 1))
    device.close()
    served = [Path(job.result(timeout=250)[0]["path"]).stat().st_mtime_ns for job in jobs]
    assert served == sorted(served)
    assert len(set(served)) == SESSIONS
