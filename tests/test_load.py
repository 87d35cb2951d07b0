"""Many clients at the same time, each with a tone of its own: every result is its own, and nothing piles up.

LOAD_SECONDS makes it longer.
"""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import client_of
from gradio_client import handle_file

from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.ui.server.sessions import _get_sessions_root

CLIENTS = 8
LOAD_SECONDS = float(os.environ.get("LOAD_SECONDS", "45"))
MOST_GROWTH_BYTES = 150e6
"""Of this process, between the first half of the jobs and the second."""


def measure_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure_hertz(path: str) -> float:
    """Of the strongest partial."""
    audio = read_audio(Path(path))
    spectrum = np.abs(np.fft.rfft(audio.samples[0] * np.hanning(audio.samples.shape[1])))
    return float(np.argmax(spectrum)) * audio.sample_rate / audio.samples.shape[1]


class Clients:
    """Each calls quick endpoints with its tone in turn, until the time is up."""

    def __init__(self, address: str, folder: Path, tone) -> None:
        self.address, self.folder, self.tone = address, folder, tone
        self.end = time.monotonic() + LOAD_SECONDS
        self.done = 0
        self.memory: list[int] = []
        self.faults: list[str] = []
        self.counting = threading.Lock()

    def run(self, number: int) -> None:
        hertz = 200.0 + 100 * number
        source = self.folder / f"{number}.wav"
        write_audio(source, self.tone(hertz, seconds=0.5), format_name="wav16")
        client = client_of(self.address, self.folder / f"results-{number}")
        while time.monotonic() < self.end:
            try:
                stems = client.predict(
                    song=handle_file(source), engine="repet", format_name="wav16", api_name="/separate"
                )
                said = client.predict(sound=handle_file(source), api_name="/check_origin")
                sound = max(stems[:2], key=lambda path: np.abs(read_audio(Path(path)).samples).max())
                measured = measure_hertz(sound)
                if abs(measured - hertz) > 5:
                    self.faults.append(f"{number}: {measured:.0f} Hz instead of {hertz:.0f}")
                if "no mark" not in said:
                    self.faults.append(f"{number}: {said}")
            except Exception as error:  # noqa: BLE001 - any is a fault
                self.faults.append(f"{number}: {error!r}")
            with self.counting:
                self.done += 1
                self.memory.append(measure_memory())

    def vanish(self) -> None:
        """Start something and leave without waiting for it."""
        source = self.folder / "vanishing.wav"
        write_audio(source, self.tone(150, seconds=2), format_name="wav16")
        while time.monotonic() < self.end:
            client = client_of(self.address, self.folder / "vanishing")
            client.submit(song=handle_file(source), engine="repet", api_name="/separate")
            time.sleep(1)
            client.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_client_gets_its_own_results_and_memory_stays(studio, tmp_path, tone, monkeypatch):
    clients = Clients(studio, tmp_path, tone)
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        for work in [*(pool.submit(clients.run, number) for number in range(CLIENTS)), pool.submit(clients.vanish)]:
            work.result()
    assert clients.faults == []
    assert clients.done >= CLIENTS
    middle = len(clients.memory) // 2
    growth = max(clients.memory[middle:]) - max(clients.memory[: max(1, middle)])
    print(f"{clients.done} rounds of {CLIENTS} clients; memory grew by {growth / 1e6:.0f} MB in their second half")
    assert growth < MOST_GROWTH_BYTES
    assert len(list(_get_sessions_root().glob("*"))) <= CLIENTS + LOAD_SECONDS + 1
