"""The device is found, can be set, and serves one job at a time; bfloat16 is used where the hardware has it."""

import multiprocessing
import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT

from vc_core import device
from vc_core.batch.journal import list_devices
from vc_core.device import (
    autocast_bfloat16,
    choose_device,
    choose_half_precision,
    download,
    exclusive_device,
    get_queue_folder,
    has_fast_bfloat16,
    hold_lease,
    is_out_of_memory,
    upload,
)
from vc_core.errors import UserError
from vc_core.progress import Cancelled, silent


@pytest.fixture(autouse=True)
def fresh_choice():
    device._list_devices.cache_clear()
    yield
    device._list_devices.cache_clear()


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)


def test_a_device_is_found():
    assert choose_device() in ("cuda", "mps", "cpu")


def test_a_device_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "cpu")
    assert choose_device() == "cpu"


@pytest.mark.parametrize("name", ["tpu", "cuda", "cuda:0", "cpu:1", "cpu:x", ":"])
def test_a_device_that_is_not_there_is_refused(monkeypatch, name):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", name)
    with pytest.raises(UserError, match=f"no “{name}” device"):
        choose_device()


def test_one_of_two_gpus_can_be_asked_for(monkeypatch, two_gpus):
    assert choose_device() == "cuda:0"
    for name in ("cuda", "cuda:0", "cuda:1", "cpu"):
        monkeypatch.setenv("VOICE_STUDIO_DEVICE", name)
        assert choose_device() == name
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "cuda:2")
    with pytest.raises(UserError, match=r"It has: cuda:0, cuda:1, .*cpu"):
        choose_device()


def test_a_batch_uses_the_gpu_that_was_asked_for_or_all(monkeypatch, two_gpus):
    assert list_devices(workers=3) == ["cuda:0", "cuda:1", "cuda:0"]
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "cuda:1")
    assert list_devices() == ["cuda:1"]


def test_on_zerogpu_there_is_a_gpu_only_within_a_lease(monkeypatch, two_gpus):
    """There, torch reports a GPU all the time."""
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "cuda")
    assert choose_device() == "cpu"
    with hold_lease():
        assert choose_device() == "cuda"
    assert choose_device() == "cpu"


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists() or platform.machine() != "x86_64", reason="not Linux on x86")
def test_bfloat16_is_fast_where_the_processor_has_it():
    flags = Path("/proc/cpuinfo").read_text()
    assert has_fast_bfloat16("cpu") == ("avx512_bf16" in flags or "amx_bf16" in flags)


@pytest.mark.parametrize(("forced", "dtype"), [("0", torch.float32), ("1", torch.bfloat16)])
def test_bfloat16_can_be_forced_for_measurements(monkeypatch, forced, dtype):
    monkeypatch.setenv("VOICE_STUDIO_BFLOAT16", forced)
    with autocast_bfloat16("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


@pytest.mark.parametrize(("capability", "is_fast"), [((7, 5), False), ((8, 0), True), ((12, 0), True)])
def test_older_gpus_only_emulate_bfloat16(monkeypatch, capability, is_fast):
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: capability)
    assert has_fast_bfloat16("cuda:0") == is_fast
    assert choose_half_precision("cuda:0") == (torch.bfloat16 if is_fast else torch.float16)


@pytest.fixture
def without_tf32():
    torch.backends.cuda.matmul.allow_tf32 = False
    device._allow_tf32.cache_clear()
    yield
    torch.backends.cuda.matmul.allow_tf32 = False


def test_a_gpu_that_is_chosen_may_use_tf32(monkeypatch, two_gpus, without_tf32):
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "cpu")
    choose_device()
    assert not torch.backends.cuda.matmul.allow_tf32
    monkeypatch.setenv("VOICE_STUDIO_DEVICE", "cuda:1")
    choose_device()
    assert torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cudnn.allow_tf32


def test_arrays_go_to_the_cpu_and_back_unchanged():
    values = np.random.default_rng(0).standard_normal((3, 7)).astype(np.float32)
    np.testing.assert_array_equal(download(upload(values, "cpu")), values)


def test_errors_of_memory_are_recognised():
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert is_out_of_memory(MemoryError())
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60)
    assert is_out_of_memory(raised.value)
    assert not is_out_of_memory(RuntimeError("shapes don't match"))


def test_a_gpu_has_one_queue_for_pages_and_trainings(monkeypatch, tmp_path):
    """A process like a training holds the device; a job of this process waits for it."""
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path))
    monkeypatch.setattr(device, "choose_device", lambda: "cuda")
    code = (
        "import sys; from pathlib import Path; from vc_core.locks import wait_in_queue\n"
        "with wait_in_queue(Path(sys.argv[1]), print):\n"
        "    print('at work', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(get_queue_folder("cuda:0"))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as training:
        assert training.stdout.readline() == "at work\n"
        waited = []

        def note(fraction, message):
            waited.append(message)
            training.stdin.close()

        with exclusive_device(note):
            assert training.wait(10) == 0
    assert "Waiting, 1 before you" in waited


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


def test_a_waiting_job_reports_how_many_come_first():
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


def test_a_waiting_job_can_be_stopped_and_leaves_the_device_free():
    def stop(fraction, message):
        assert "Waiting" in str(message)
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_its_parent():
    def take_the_device():
        with exclusive_device(silent):
            pass

    with exclusive_device(silent):
        child = multiprocessing.get_context("fork").Process(target=take_the_device)
        child.start()
        child.join(5)
        child.kill()
    assert child.exitcode == 0


@pytest.mark.parametrize(("slow", "chosen"), [(2, 1), (1, 2)])
def test_the_faster_number_of_threads_is_chosen_by_timing_steps(monkeypatch, slow, chosen):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    seconds = 0.0
    monkeypatch.setattr(device.time, "monotonic", lambda: seconds)
    try:
        with device.tune_threads("cpu") as tuner:
            steps = 0
            while tuner.is_measuring:
                with tuner.measure():
                    seconds += 9.0 if steps == 0 else 3.0 if torch.get_num_threads() == slow else 1.0
                steps += 1
            assert steps == 1 + 2 * tuner.TRIALS
            assert torch.get_num_threads() == chosen
            assert tuner.step_seconds == 1.0
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_on_a_gpu_threads_stay_as_they_are():
    with device.tune_threads("cuda") as tuner:
        for _ in range(3):
            with tuner.measure():
                pass
        assert not tuner.is_measuring
