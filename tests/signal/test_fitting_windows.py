"""Batches and windows fit into the memory: the sound stays the same, and at last a message says why not."""

import numpy as np
import pytest
import torch

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.signal import fitting_windows
from vc_core.signal.fitting_windows import FittingProcess
from vc_core.signal.windows import BatchProcess, Windows, stream_in_positioned_windows

RATE = 8_000
WINDOWS = Windows(seconds=8.0, context_seconds=1.0, fade_seconds=0.04)
LONGEST_SECONDS = 10.0


class Network(BatchProcess):
    """Doubles what it gets and adds its position, on a device with memory for so many seconds."""

    def __init__(self, memory_seconds: float, device: str = "cpu") -> None:
        self.memory_seconds, self.device = memory_seconds, device
        self.batches: list[list[float]] = []
        """Seconds of the windows of each call."""

    def process_batch(self, windows, starts):
        self.batches.append([window.seconds for window in windows])
        if sum(self.batches[-1]) > self.memory_seconds:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return [
            window.with_samples(2 * window.samples + (start + np.arange(window.frames, dtype=np.float32)) / 1e6)
            for window, start in zip(windows, starts, strict=True)
        ]


@pytest.fixture(scope="module")
def song() -> Audio:
    return Audio(np.random.default_rng(0).uniform(-1, 1, (1, 70 * RATE + 77)).astype(np.float32), RATE)


@pytest.fixture
def device(monkeypatch):
    """A function that gives a network on a GPU with this memory, of which each second of a window needs 1 MB."""

    def make(memory_seconds: float) -> Network:
        network = Network(memory_seconds, "cuda")
        monkeypatch.setattr(fitting_windows, "start_peak_measurement", lambda device: None)
        monkeypatch.setattr(fitting_windows, "get_peak_bytes", lambda device: sum(network.batches[-1]) * 1e6)
        monkeypatch.setattr(fitting_windows, "get_free_bytes", lambda device: memory_seconds * 1e6)
        return network

    return make


def run(network, song: Audio) -> np.ndarray:
    blocks = stream_in_positioned_windows([song], FittingProcess(network, WINDOWS), WINDOWS, frames=song.frames)
    return np.concatenate([block.samples for block in blocks], axis=1)


@pytest.mark.parametrize("memory_seconds", [1000.0, 45.0, 25.0, 9.0, 4.5, 3.2])
def test_the_result_does_not_depend_on_the_memory(song, device, memory_seconds):
    np.testing.assert_allclose(run(device(memory_seconds), song), run(Network(1000.0), song), atol=1e-5)


def test_batches_are_sized_by_the_free_memory_after_one_window(song, device):
    network = device(55.0)
    run(network, song)
    sizes = [len(batch) for batch in network.batches]
    assert sizes[0] == 1
    assert max(sizes) == int(fitting_windows.MEMORY_SHARE * 55.0 / LONGEST_SECONDS)
    assert sum(sizes) == 9
    assert all(len(set(batch)) == 1 for batch in network.batches)


def test_on_a_cpu_windows_come_one_by_one(song):
    network = Network(1000.0)
    run(network, song)
    assert all(len(batch) == 1 for batch in network.batches)


def test_a_batch_for_which_there_is_no_memory_is_halved_before_its_windows(song, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_BATCH", "8")
    network = Network(25.0)
    np.testing.assert_allclose(run(network, song), run(Network(1000.0), song), atol=1e-5)
    assert [len(batch) for batch in network.batches if sum(batch) > 25.0] == [7, 3]
    assert min(seconds for batch in network.batches for seconds in batch) > 6.0


def test_what_once_was_too_large_is_not_tried_again(song):
    network = Network(7.0)
    run(network, song)
    assert sum(seconds > 7.0 for batch in network.batches for seconds in batch) == 1


def test_progress_is_reported_before_each_batch(song, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_BATCH", "3")
    seen: list[float] = []
    process = FittingProcess(Network(1000.0), WINDOWS)

    def progress(fraction: float, _: str) -> None:
        seen.append(fraction)

    list(stream_in_positioned_windows([song], process, WINDOWS, frames=song.frames, progress=progress))
    assert len(seen) == 6  # a shorter first window, twice three, a seventh, the last, and the end
    assert seen == sorted(seen)


def test_without_memory_for_a_second_the_message_says_so(song):
    with pytest.raises(UserError, match="ran out of memory"):
        run(Network(1.5), song)


def test_windows_of_a_fixed_size_are_not_split(song):
    network = Network(7.0)
    with pytest.raises(UserError, match="ran out of memory"):
        FittingProcess(network, WINDOWS, shortest_seconds=WINDOWS.seconds)(song.slice(0, 9 * RATE), 0)
    assert network.batches == [[9.0]]


def test_other_errors_stay_what_they_are(song):
    def broken(window: Audio, start: int) -> Audio:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        FittingProcess(broken, WINDOWS)(song, 0)
