"""What the app knows of a real CUDA device, and how it uses its memory."""

import numpy as np
import pytest
import torch

from vc_core import device as devices
from vc_core.audio import Audio
from vc_core.signal.fitting_windows import FittingProcess
from vc_core.signal.windows import BatchProcess, Windows, stream_in_positioned_windows

pytestmark = pytest.mark.gpu
RATE = 8_000
WINDOWS = Windows(seconds=2.0, context_seconds=0.25)


class Greedy(BatchProcess):
    """Takes a share of the device's memory for each window."""

    def __init__(self, device: str, share: float) -> None:
        self.device, self.bytes_each, self.sizes = device, int(share * devices.get_free_bytes(device)), []

    def process_batch(self, windows, starts):
        self.sizes.append(len(windows))
        taken = torch.empty(self.bytes_each * len(windows), dtype=torch.uint8, device=self.device)
        del taken
        return list(windows)


@pytest.fixture
def cuda(gpu) -> str:
    if gpu == "cpu":
        pytest.skip("there is no CUDA device")
    return gpu


def run(process: Greedy, seconds: float) -> None:
    song = Audio(np.zeros((1, round(seconds * RATE)), np.float32), RATE)
    blocks = stream_in_positioned_windows([song], FittingProcess(process, WINDOWS), WINDOWS)
    assert sum(block.frames for block in blocks) == song.frames


def test_batches_fit_into_the_free_memory(cuda):
    process = Greedy(cuda, 0.11)
    run(process, 40)
    assert max(process.sizes) == 5


def test_a_batch_that_does_not_fit_is_halved(cuda, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_BATCH", "8")
    process = Greedy(cuda, 0.2)
    run(process, 40)
    assert process.sizes[1:3] == [8, 4]


def test_arrays_go_there_and_back_unchanged(gpu):
    values = np.random.default_rng(0).standard_normal((3, 1000)).astype(np.float32)
    np.testing.assert_array_equal(devices.download(devices.upload(values, gpu)), values)


def test_half_precision_is_native(cuda):
    assert devices.has_fast_bfloat16(cuda) == torch.cuda.is_bf16_supported(including_emulation=False)
    assert devices.choose_half_precision(cuda) in (torch.bfloat16, torch.float16)
