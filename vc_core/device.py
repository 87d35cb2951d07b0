"""The device that networks run on, what it can do, and the queue of jobs that wait for it."""

import os
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vc_core.audio import format_clock
from vc_core.errors import Message, UserError
from vc_core.home import get_studio_home
from vc_core.locks import wait_in_queue
from vc_core.progress import Progress, Waiting

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

OUT_OF_MEMORY = Message("The device ran out of memory. Close other programs that use it, or choose another device.")

_has_lease = False


def choose_device() -> str:
    """`cuda`, `mps` or `cpu`; the environment variable VOICE_STUDIO_DEVICE decides where it is set, as in `cuda:1`."""
    if is_zerogpu() and not _has_lease:
        return "cpu"  # there, torch claims to have a GPU all the time
    known = _list_devices(_has_lease)
    name = os.environ.get("VOICE_STUDIO_DEVICE") or known[0]
    aliases = ("cuda", "cuda:0") if known[0].startswith("cuda") else ()
    if name not in (*known, *aliases):
        raise UserError("This machine has no “{name}” device. It has: {known}.", name=name, known=", ".join(known))
    if name.startswith("cuda"):
        _allow_tf32()
    return name


@cache
def _allow_tf32() -> None:
    """Matrix products and convolutions on the tensor cores of NVIDIA GPUs, with 10 bits of mantissa."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True


@cache
def _list_devices(has_lease: bool) -> list[str]:
    """The best one first. Within a lease there are other devices than in the process that forked the worker."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    devices = [f"cuda:{at}" for at in range(count)] if count > 1 else ["cuda"] * count
    return [*devices, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]


def is_zerogpu() -> bool:
    """On a ZeroGPU Space there is a GPU only during a lease, in a forked process."""
    return "SPACES_ZERO_GPU" in os.environ


@contextmanager
def hold_lease() -> Iterator[None]:
    """Inside, the GPU may be used: for the process that ZeroGPU forks for one lease."""
    global _has_lease
    _has_lease = True
    try:
        yield
    finally:
        _has_lease = False


def has_fast_bfloat16(device: "torch.device | str") -> bool:
    """Whether the hardware has bfloat16. Emulated, as by most CPUs, it is several times slower than float32.

    For measurements, the environment variable VOICE_STUDIO_BFLOAT16 (0 or 1) decides instead.
    """
    import torch

    if forced := os.environ.get("VOICE_STUDIO_BFLOAT16"):
        return forced != "0"
    device = torch.device(device)
    if device.type == "cpu":  # PyTorch's own `_is_mkldnn_bf16_supported` includes emulation
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    if device.type != "cuda":
        return False
    # As `torch.cuda.is_bf16_supported(including_emulation=False)`, which only knows the current device.
    return bool(torch.version.hip) or torch.cuda.get_device_capability(device) >= (8, 0)


def choose_half_precision(device: "torch.device | str") -> "torch.dtype | None":
    """bfloat16 where the hardware has it, float16 on older NVIDIA GPUs, None where neither is fast."""
    import torch

    if has_fast_bfloat16(device):
        return torch.bfloat16
    return torch.float16 if torch.device(device).type == "cuda" else None


def autocast_bfloat16(device: "torch.device | str") -> "torch.autocast":
    """Mixed precision where bfloat16 is fast, otherwise full precision."""
    import torch

    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=has_fast_bfloat16(device))


class ThreadTuner:
    """Chooses one or all CPU threads by timing the first steps of a repeated work with each in turn.

    On a busy machine one thread is often faster: with several, each operation waits for the slowest.
    """

    TRIALS = 3

    def __init__(self, device: str) -> None:
        import torch

        self._threads = torch.get_num_threads()
        can_choose = device == "cpu" and self._threads > 1
        self._trials = [1, self._threads] * self.TRIALS if can_choose else []
        self._seconds: dict[int, list[float]] = defaultdict(list)
        self._is_warm = False

    @property
    def is_measuring(self) -> bool:
        return bool(self._trials) or not self._is_warm

    @property
    def step_seconds(self) -> float:
        """The median of a step with the faster number of threads; 0 before the second step."""
        return min(map(statistics.median, self._seconds.values()), default=0.0)

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Inside, one step is done. The first is slower, and does not count."""
        import torch

        if not self._is_warm:
            yield
            self._is_warm = True
            return
        if is_trial := bool(self._trials):
            self._threads = self._trials.pop()
            torch.set_num_threads(self._threads)
        began = time.monotonic()
        yield
        if is_trial or len(self._seconds[self._threads]) < self.TRIALS:
            self._seconds[self._threads].append(time.monotonic() - began)
        if is_trial and not self._trials:
            self._threads = min(self._seconds, key=lambda count: statistics.median(self._seconds[count]))
            torch.set_num_threads(self._threads)


@contextmanager
def tune_threads(device: str) -> Iterator[ThreadTuner]:
    """A tuner for the work inside; afterwards there are as many threads as before."""
    import torch

    before = torch.get_num_threads()
    try:
        yield ThreadTuner(device)
    finally:
        torch.set_num_threads(before)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device or the machine has no memory left for what was tried."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and ("out of memory" in str(error) or "can't allocate memory" in str(error))


def release_device_memory() -> None:
    """Give memory that torch caches back to the device."""
    import torch

    torch.cuda.empty_cache()  # does nothing before CUDA is used


def start_peak_measurement(device: str) -> None:
    """Begin to measure the memory that is in use at once on a CUDA device."""
    import torch

    torch.cuda.reset_peak_memory_stats(device)


def get_peak_bytes(device: str) -> int:
    """The most that was in use since, beyond what is in use now: weights, which stay, don't count."""
    import torch

    return torch.cuda.max_memory_allocated(device) - torch.cuda.memory_allocated(device)


def get_free_bytes(device: str) -> int:
    """What a CUDA device has left, and what torch caches of it."""
    import torch

    free: int = torch.cuda.mem_get_info(device)[0]
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def upload(values: "np.ndarray[Any, Any]", device: "torch.device | str") -> "Tensor":
    """A copy on the device; from pinned memory, so that the program doesn't wait for the GPU's work before."""
    import torch

    tensor = torch.from_numpy(values)
    if torch.device(device).type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def download(tensor: "Tensor") -> "np.ndarray[Any, Any]":
    """The values of a tensor; through pinned memory, which a GPU writes several times faster."""
    import torch

    if not tensor.is_cuda:
        return tensor.cpu().numpy()
    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    pinned.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream(tensor.device).synchronize()
    return pinned.numpy()


SecondsLeft = Callable[[], float | None]
"""Estimates how long a job will still take, once it has the device; None if that is not known."""


@dataclass(frozen=True, eq=False)
class _Ticket:
    seconds_left: SecondsLeft


class DeviceQueue:
    """Jobs run one at a time, in the order of arrival: two songs at once would run out of memory."""

    def __init__(self) -> None:
        self._tickets: list[_Ticket] = []
        """The first one holds the device, the others wait."""
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, progress: Progress, seconds_left: SecondsLeft = lambda: None) -> Iterator[None]:
        """Wait for the device and hold it."""
        ticket = _Ticket(seconds_left)
        with self._changed:
            self._tickets.append(ticket)
        try:
            while before := self._wait_for_others(ticket):
                progress(0.0, _describe_queue(before))
            yield
        finally:
            with self._changed:
                self._tickets.remove(ticket)
                self._changed.notify_all()

    def _wait_for_others(self, ticket: _Ticket) -> list[_Ticket]:
        """Wait until the queue changes, but only briefly, so that a stop is noticed; return who is still before."""
        with self._changed:
            if self._tickets.index(ticket) > 0:
                self._changed.wait(0.2)
            return self._tickets[: self._tickets.index(ticket)]


def _describe_queue(before: list[_Ticket]) -> Waiting:
    """With the time until the turn, where all jobs before can estimate their own."""
    seconds = [ticket.seconds_left() for ticket in before]
    known = [one for one in seconds if one is not None]
    if len(known) < len(before):
        return Waiting("Waiting, {before} before you", before=len(before))
    return Waiting("Waiting, {before} before you, about {time}", before=len(before), time=format_clock(sum(known)))


def exclusive_device(progress: Progress, seconds_left: SecondsLeft = lambda: None) -> AbstractContextManager[None]:
    """Wait for this job's turn on the device and hold it; `seconds_left` of this job tells others how long they wait.

    A GPU has one queue for all processes of this user, trainings included. On the CPU each process has its own, so
    that a page need not wait for a training. Gradio's queue is not enough: it frees a slot when a plain function is
    cancelled, although that still runs.
    """
    device = choose_device()
    if device == "cpu" or _has_lease:
        return _queue_of_process(os.getpid()).turn(progress, seconds_left)
    return wait_in_queue(get_queue_folder(device), progress)


def get_queue_folder(device: str) -> Path:
    """The queue of processes that wait for a device: trainings on the CPU, every job on a GPU."""
    return get_studio_home() / "line" / device.removesuffix(":0").replace(":", "-")


@cache
def _queue_of_process(process_id: int) -> DeviceQueue:
    # A forked worker (ZeroGPU) must not inherit the tickets of its parent: nobody would ever remove them there.
    return DeviceQueue()
