"""Run the app as ZeroGPU does, on a machine without a GPU: the package's own forking, pickling and patching of torch.

The scheduler that the package talks to is a server of the test. In the process that serves the page, CUDA raises as it
does there. In a forked worker, the package would now start CUDA; here, `FakeCuda` uses the CPU instead, and notes it in
the file CUDA_LOG.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import tiny_training
import torch
from torch.overrides import TorchFunctionMode


def no(*_: object) -> bool:
    return False


if torch.version.cuda is None:  # a CPU build lacks what the package looks for before it replaces it
    torch.version.cuda, torch._C._cuda_init, torch.cuda._is_in_bad_fork = "12.8", no, no

import spaces.zero.torch as zero_torch  # noqa: E402


class FakeCuda(TorchFunctionMode):
    """Tensors for the device `cuda` are made on the CPU."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.Tensor.pin_memory:
            return args[0]
        if function in (torch.device, torch.get_device_module):
            return function(*args, **(kwargs or {}))
        return function(*map(_move, args), **{name: _move(value) for name, value in (kwargs or {}).items()})


def _move(value: Any) -> Any:
    is_device = isinstance(value, torch.device | str)
    if not is_device or not str(value).startswith("cuda"):
        return value
    with Path(os.environ["CUDA_LOG"]).open("a") as log:
        log.write(f"{os.getpid()}\n")
    return torch.device("cpu")


def start_cuda(nvidia_uuid: str) -> None:
    """Called by the package in the forked worker, once the lease is there."""
    torch.cuda.is_available, torch.cuda.device_count = (lambda: True), (lambda: 1)
    torch.cuda.get_device_capability = lambda *_: (9, 0)
    torch.cuda.mem_get_info = lambda *_: (8_000_000_000, 8_000_000_000)
    torch.cuda.reset_peak_memory_stats, torch.cuda.max_memory_allocated = no, (lambda *_: 1_000_000_000)
    torch.cuda.memory_allocated = torch.cuda.memory_reserved = lambda *_: 0
    torch.cuda.get_rng_state, torch.cuda.set_rng_state = (lambda *_: torch.get_rng_state()), no
    run = threading.Thread.run

    def run_with_cuda(thread: threading.Thread) -> None:
        with FakeCuda():
            run(thread)

    threading.Thread.run = run_with_cuda  # type: ignore[method-assign]


zero_torch.init = start_cuda
zero_torch.move = lambda callback=None: None

from vc_core.separation import SEPARATORS  # noqa: E402
from vc_core.ui.suite import build_suite, serve  # noqa: E402

librosa.stft(np.zeros(4096, np.float32))  # what is imported late is imported here, and not again in each fork
# The preview engine needs no GPU; here it takes the way of one that does.
SEPARATORS["repet"] = replace(SEPARATORS["repet"], gpu_speed=2.0)
tiny_training.register()


if __name__ == "__main__":
    with ThreadPoolExecutor(1) as threads:  # as handlers do, in a thread
        assert threads.submit(torch.zeros(1).to, "cuda").exception() is not None
    serve(build_suite())
