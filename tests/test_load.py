"""Many clients at the same time, each with a tone of its own: every result is its own, and nothing piles up.

They call all endpoints that take sound and need no download. LOAD_CLIENTS and LOAD_SECONDS make it larger and longer:
`LOAD_CLIENTS=20 LOAD_SECONDS=180 pytest -s -m slow tests/test_load.py`.
"""

import os
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from own_server import OwnServer

from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio

CLIENTS = int(os.environ.get("LOAD_CLIENTS", "6"))
LOAD_SECONDS = float(os.environ.get("LOAD_SECONDS", "30"))
LOWEST_HERTZ, STEP_SEMITONES = 160.0, 1.0
MOST_OFF_SEMITONES = 0.4
VANISHING_SECONDS = 5.0
"""Between two clients that leave without waiting; the server keeps 1 MB for each of the 200 latest."""
MOST_GROWTH_BYTES = 150e6
"""Of the server's process, between the first half of the calls and the second."""
BUSY = ("are at work",)
"""In the sentence with which a server refuses more jobs than it takes."""


@dataclass
class Caller:
    """One client with its tone, whose length is its own too, and a file that is named after it."""

    number: int
    client: Client
    source: Path
    spoken: set[int] = field(default_factory=set)
    """Lengths of what `/speak` made of its text."""

    @property
    def hertz(self) -> float:
        return LOWEST_HERTZ * 2 ** (self.number * STEP_SEMITONES / 12)

    @property
    def seconds(self) -> float:
        return 1.0 + 0.05 * self.number

    def call(self, name: str, **wish: Any) -> Any:
        return self.client.predict(**wish, api_name=f"/{name}")

    def check(self, path: str | Path) -> None:
        """Length and pitch of a result are those of its own tone."""
        audio = read_audio(Path(path))
        assert abs(audio.seconds - self.seconds) < 0.01, f"{audio.seconds} s instead of {self.seconds}"
        spectrum = np.abs(np.fft.rfft(audio.samples[0] * np.hanning(audio.frames)))
        pitch = float(np.argmax(spectrum)) * audio.sample_rate / audio.frames
        octaves = np.log2(pitch / self.hertz)  # a partial may be stronger than the fundamental
        off = min(abs(12 * (octaves - np.log2(partial))) for partial in (1, 2, 3, 4, 5, 6, 7, 8))
        assert off < MOST_OFF_SEMITONES, f"{pitch:.0f} Hz instead of {self.hertz:.0f}"


def separate(caller: Caller, sound: Any) -> None:
    stems = caller.call("separate", song=sound, engine="repet", format_name="wav16")
    caller.check(find_loudest(stems[:2]))


def separate_with_starter(caller: Caller, sound: Any) -> None:
    stems = caller.call("separate", song=sound, engine="starter", format_name="wav16")
    caller.check(find_loudest(stems[:2]))


def preview(caller: Caller, sound: Any) -> None:
    caller.check(find_loudest(caller.call("preview", song=sound, engine="repet")[:2]))


def mix_stems(caller: Caller, sound: Any) -> None:
    caller.check(caller.call("mix_stems", stems=[sound, sound], levels_db=[-6, -6], format_name="wav16"))


def convert(caller: Caller, sound: Any) -> None:
    result, _, card, _ = caller.call("convert", song=sound, voice="Clara", automatic_key="off", format_name="wav16")
    caller.check(result)
    assert card["length_difference_seconds"] == 0


def emotion(caller: Caller, sound: Any) -> None:
    result, *_ = caller.call("emotion", voice=sound, intensity=0.0, format_name="wav16")
    caller.check(result)


def emotion_steps(caller: Caller, sound: Any) -> None:
    first, *others = caller.call("emotion_steps", voice=sound, emotion="happy", changes_tempo=False)
    caller.check(first)
    for path in others:
        assert Path(path).name.startswith(caller.source.stem)
        assert abs(read_audio(Path(path)).seconds - caller.seconds) < 0.01


def cover(caller: Caller, sound: Any) -> None:
    wish = {"song": sound, "voice": "Max", "vocals_are_clean": True, "key": "off"}
    result, vocals, *_ = caller.call("cover", **wish, format_name="wav16")
    caller.check(result)
    caller.check(vocals)


def cover_preview(caller: Caller, sound: Any) -> None:
    wish = {"song": sound, "voice": "Max", "vocals_are_clean": True, "key": "off"}
    caller.check(caller.call("cover_preview", **wish)[0])
    assert "0 semitones" in caller.call("cover_key", **wish)[1]


def speak(caller: Caller, sound: Any) -> None:
    text = " ".join(["one", "two", "three", "four"][: 1 + caller.number % 4] * (1 + caller.number // 4))
    result, *_ = caller.call("speak", text=text, voice="Clara", format_name="wav16")
    caller.spoken.add(read_audio(Path(result)).frames)
    assert len(caller.spoken) == 1, f"its text was {caller.spoken} long"


def doctor(caller: Caller, sound: Any) -> None:
    verdict, _ = caller.call("doctor", files=[sound])
    assert caller.source.name in verdict
    found = float(verdict.split("Pitch range: ")[1].split("–")[0])
    assert abs(12 * np.log2(found / caller.hertz)) < MOST_OFF_SEMITONES, verdict


def slice_recordings(caller: Caller, sound: Any) -> None:
    archive, _ = caller.call("slice", recordings=[sound], format_name="wav16")
    with zipfile.ZipFile(archive) as opened:
        (name,) = [name for name in opened.namelist() if name.endswith(".wav")]
        caller.check(opened.extract(name, Path(archive).parent))


def many_separate(caller: Caller, sound: Any) -> None:
    (row,), archive, _ = caller.call("many_separate", files=[sound], engine="repet", format_name="wav16")
    assert (row["file"], row["state"]) == (caller.source.name, "done"), row
    with zipfile.ZipFile(archive) as opened:
        paths = [opened.extract(name, Path(archive).parent) for name in opened.namelist()]
    caller.check(find_loudest(paths))


def check_origin(caller: Caller, sound: Any) -> None:
    assert "no mark" in caller.call("check_origin", sound=sound)


TASKS: tuple[Callable[[Caller, Any], None], ...] = (
    separate, mix_stems, convert, emotion, cover, speak, doctor, slice_recordings, many_separate, preview,
    emotion_steps, cover_preview, separate_with_starter, check_origin,
)  # fmt: skip


def find_loudest(paths: list[str]) -> str:
    return max(paths, key=lambda path: np.abs(read_audio(Path(path)).samples).max())


class Load:
    """All clients go through the tasks in turn, each beginning with another, until the time is up."""

    def __init__(self, server: OwnServer) -> None:
        self.server = server
        self.end = time.monotonic() + LOAD_SECONDS
        self.done: Counter[str] = Counter()
        self.refused, self.vanished, self.memory, self.faults = 0, 0, list[int](), list[str]()
        self.longest_seconds = 0.0
        self.counting = threading.Lock()

    def run(self, caller: Caller) -> None:
        at = caller.number
        while time.monotonic() < self.end:
            self._run_task(caller, TASKS[at % len(TASKS)])
            at += 1

    def _run_task(self, caller: Caller, task: Callable[[Caller, Any], None]) -> None:
        began, fault, is_refused = time.monotonic(), "", False
        try:
            task(caller, handle_file(caller.source))
        except AppError as error:
            is_refused = any(word in str(error) for word in BUSY)
            fault = "" if is_refused else repr(error)
        except Exception as error:  # noqa: BLE001 - any is a fault
            fault = repr(error)
        with self.counting:
            self.done[task.__name__] += not (fault or is_refused)
            self.refused += is_refused
            self.faults += [f"{caller.number}, {task.__name__}: {fault}"] if fault else []
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
            self.memory.append(self.server.measure_memory())

    def vanish(self, source: Path) -> None:
        """Start something and leave without waiting for it."""
        while time.monotonic() < self.end:
            client = self.server.make_client()
            client.submit(song=handle_file(source), engine="repet", api_name="/separate")
            time.sleep(VANISHING_SECONDS)
            client.close()
            self.vanished += 1


@pytest.fixture
def server(tmp_path):
    started = OwnServer(tmp_path / "home", tmp_path / "server")
    started.start()
    started.wait()
    yield started
    started.kill()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_client_gets_its_own_results_and_memory_stays(server, tmp_path, tone):
    callers = [Caller(at, server.make_client(), tmp_path / f"song-{at}.wav") for at in range(CLIENTS)]
    for caller in callers:
        write_audio(caller.source, tone(caller.hertz, seconds=caller.seconds), format_name="wav16")
    write_audio(tmp_path / "vanishing.wav", tone(150, seconds=2), format_name="wav16")
    for task in TASKS:  # what is loaded for the first time is no growth
        task(callers[0], handle_file(callers[0].source))
    load = Load(server)
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        works = [pool.submit(load.run, caller) for caller in callers]
        works.append(pool.submit(load.vanish, tmp_path / "vanishing.wav"))
        for work in works:
            work.result()
    middle = len(load.memory) // 2
    growth = max(load.memory[middle:]) - max(load.memory[: max(1, middle)])
    print(
        f"{sum(load.done.values())} calls of {CLIENTS} clients, {load.refused} refused as busy, "
        f"{len(load.faults)} faults, {load.vanished} others vanished; the longest took {load.longest_seconds:.0f} s; "
        f"memory {load.memory[-1] / 1e6:.0f} MB, grew by {growth / 1e6:.0f} MB in the second half; {dict(load.done)}"
    )
    assert load.faults == []
    assert not server.read_tracebacks()
    assert sum(load.done.values()) >= CLIENTS
    assert growth < MOST_GROWTH_BYTES
    check_files_expire(server, Caller(0, server.make_client(), callers[0].source))


def check_files_expire(server: OwnServer, caller: Caller) -> None:
    """All that the clients have left, as if it were a day old, is gone after the next result of another."""
    old = server.age_files(24 * 3600)
    cover(caller, handle_file(caller.source))
    assert len(old) >= CLIENTS
    assert [path for path in old if path.exists() and server.is_aged(path)] == []
