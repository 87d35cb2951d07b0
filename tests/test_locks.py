"""Locks end with their holder, and the queue serves one process at a time."""

import subprocess
import sys
from pathlib import Path

from conftest import ROOT
from waiting import wait_for

from vc_core.locks import FileLock, is_locked, wait_in_queue


def test_the_queue_runs_one_process_at_a_time_in_the_order_of_arrival(tmp_path):
    """Three processes log when they have the device; the first is killed while it has it."""
    log = tmp_path / "log"
    code = (
        "import sys, time; from pathlib import Path; from vc_core.locks import wait_in_queue\n"
        "def note(_, step): open(sys.argv[2] + '.' + sys.argv[3], 'w').write(str(step))\n"
        "with wait_in_queue(Path(sys.argv[1]), note):\n"
        "    open(sys.argv[2], 'a').write(sys.argv[3]); time.sleep(float(sys.argv[4]))\n"
        "    open(sys.argv[2], 'a').write(sys.argv[3].lower())\n"
    )

    def arrive(name, seconds):
        command = [sys.executable, "-c", code, str(tmp_path / "line"), str(log), name, str(seconds)]
        return subprocess.Popen(command, cwd=ROOT)

    first = arrive("A", 1000)
    wait_for(lambda: log.exists() and log.read_text() == "A")
    second = arrive("B", 0.3)
    waiting = Path(f"{log}.B")
    wait_for(lambda: waiting.exists() and waiting.read_text() == "Waiting, 1 before you")
    third = arrive("C", 0.0)
    wait_for(lambda: Path(f"{log}.C").exists())
    first.kill()
    for process in (first, second, third):
        process.wait(timeout=30)
    assert log.read_text() == "ABbCc"


def test_a_lock_is_released_with_its_holder(tmp_path):
    lock = FileLock(tmp_path / "x.lock")
    assert lock.try_acquire()
    assert is_locked(lock.path)
    assert not FileLock(lock.path).acquire_soon()
    lock.release()
    assert not is_locked(lock.path)
    with wait_in_queue(tmp_path / "line", lambda fraction, message: None):
        assert len(list((tmp_path / "line").glob("*.ticket"))) == 1
    assert not list((tmp_path / "line").glob("*.ticket"))
