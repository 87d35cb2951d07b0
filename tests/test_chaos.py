"""Killed processes, full disks, damaged files: afterwards everything starts, nothing finished is lost, no lock stays.

`tests/training/run/test_job.py` does the same to trainings. CHAOS_SECONDS makes the kills go on for longer.
"""

import multiprocessing
import os
import resource
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from batch_work import Copying
from voice_maker import add_voice
from waiting import wait_for

from vc_core.batch.journal import list_items, make_local_executor, run_batch
from vc_core.cover.preflight import Speeds
from vc_core.cover.stage_cache import StageCache
from vc_core.errors import UserError
from vc_core.files.results import ResultJournal
from vc_core.files.writing import FORMATS, write_audio
from vc_core.locks import FileLock, is_locked, wait_in_queue
from vc_core.progress import silent
from vc_core.training.run.atomic_files import write_atomically
from vc_core.ui.server import jobs as jobs_module
from vc_core.ui.server.jobs import Jobs
from vc_core.voices.library import VoiceLibrary
from vc_core.voices.sharing import export_zip

CHAOS_SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
FORK = multiprocessing.get_context("fork")
SMALL_BYTES = 8_192
"""Of the full disk: less than any of the files below."""


def run_all(sources: Path, target: Path, mark: Path) -> list[str]:
    """A batch of two workers; the errors."""
    journal = ResultJournal(target, "copies")
    items = list_items([sources], target)
    return [
        one.error for one in run_batch(items, Copying(mark), journal, make_local_executor(["cpu", "cpu"])) if one.error
    ]


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def list_children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children")
    return [int(one) for one in found.read_text().split()] if found.exists() else []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_batch_killed_at_random_moments_is_completed_by_the_next(tmp_path):
    sources, mark = tmp_path / "songs", tmp_path / "mark"
    sources.mkdir()
    mark.mkdir()
    for at in range(30):
        (sources / f"{at:02}.wav").write_text(f"song {at}")
    generator, end, kills = np.random.default_rng(19), time.monotonic() + CHAOS_SECONDS, 0
    while time.monotonic() < end or not kills:
        process = FORK.Process(target=run_all, args=(sources, tmp_path / "out", mark))
        process.start()
        process.join(generator.uniform(0.1, 6.0))
        children = list_children(process.pid)
        process.kill()
        process.join()
        kills += 1
        wait_for(lambda children=children: not any(map(is_running, children)), seconds=20)
    assert run_all(sources, tmp_path / "out", mark) == []
    texts = sorted(path.read_text().split(" ")[1] for path in (tmp_path / "out").rglob("copy.txt"))
    assert sorted(set(texts)) == sorted(str(at) for at in range(30))
    print(f"{kills} kills")


def hold_ticket(folder: Path, has_it) -> None:
    with wait_in_queue(folder, silent):
        has_it.set()
        time.sleep(600)


def test_after_kills_of_those_in_the_queue_the_next_is_served_at_once(tmp_path):
    waiting = []
    for _ in range(4):
        has_it = FORK.Event()
        waiting.append(FORK.Process(target=hold_ticket, args=(tmp_path / "queue", has_it)))
        waiting[-1].start()
        wait_for(lambda at=len(waiting): len(list((tmp_path / "queue").glob("*.ticket"))) >= at)
    for process in waiting:
        process.kill()
        process.join()
    began = time.monotonic()
    with wait_in_queue(tmp_path / "queue", silent):
        assert time.monotonic() - began < 5
    assert not any(is_locked(path) for path in (tmp_path / "queue").iterdir())


def test_two_programs_on_one_home_hold_a_lock_one_after_the_other(tmp_path):
    """Four processes count in one file; a count that is lost would be a lock that two had."""
    count = tmp_path / "count"
    count.write_text("0")

    def add() -> None:
        for _ in range(50):
            with FileLock(tmp_path / "lock").hold():
                count.write_text(str(int(count.read_text()) + 1))

    processes = [FORK.Process(target=add) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert count.read_text() == "200"


@contextmanager
def full_disk(folder: Path):
    """A folder on a disk of 64 kB, where that can be mounted."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def small_files(folder: Path):
    """A limit on the size of files, which fails as a full disk does."""
    folder.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_BYTES, hard))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def write_job_status(folder: Path, tone) -> None:
    jobs_module._write_status("0" * 32, jobs_module.Status("done", {"text": "x" * 200_000}))


def store_stage(folder: Path, tone) -> None:
    with StageCache(folder / "cache").stage("key", folder / "work"):
        (folder / "work" / "stage.bin").write_bytes(bytes(200_000))


def stage_voice(folder: Path, tone) -> None:
    with VoiceLibrary(folder / "voices").staging_folder() as incoming:
        (incoming / "model.safetensors").write_bytes(bytes(200_000))


def pack_voice(folder: Path, tone) -> None:
    (voice,) = VoiceLibrary(folder.with_name("made")).list()
    export_zip(voice, folder / "voice.zip")


WRITERS = {
    **{
        f"sound {name}": lambda folder, tone, name=name: write_audio(
            folder / f"x.{FORMATS[name].suffix.lstrip('.')}", tone(220, seconds=9), format_name=name
        )
        for name in FORMATS
    },
    "atomic": lambda folder, tone: write_atomically(folder / "status.json", bytes(200_000)),
    "voice": stage_voice,
    "zip": pack_voice,
    "job": write_job_status,
    "stage": store_stage,
}


@pytest.mark.parametrize("disk", [full_disk, small_files], ids=["tmpfs", "limit"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_no_half_file_under_a_final_name(name, disk, tmp_path, tone, monkeypatch):
    made = tmp_path / "made"
    if name == "zip":
        voice = add_voice(VoiceLibrary(made), "Alto")
        (voice.folder / "voice.safetensors").write_bytes(np.random.default_rng(0).bytes(200_000))
    with disk(tmp_path / "disk") as folder:
        if name == "job":
            (folder / ("0" * 32)).mkdir()
            monkeypatch.setattr(jobs_module, "_get_root", lambda: folder)
        if disk is full_disk:
            (folder / "ballast").write_bytes(bytes(48_000))
        with pytest.raises((UserError, OSError)):
            WRITERS[name](folder, tone)
        left = [path for path in folder.rglob("*") if path.is_file() and path.name != "ballast"]
        assert [path for path in left if not path.name.startswith(".") and path.parent.name != "work"] == []


def test_damaged_files_of_a_home_are_passed_over(tmp_path, monkeypatch):
    for content in (b"", b"{", b"\0" * 100, b"[]", b'{"a": NaN}', b"[" * 100_000, "é".encode("latin-1")):
        speeds = tmp_path / "speeds.json"
        speeds.write_bytes(content)
        assert Speeds(speeds).load() == {} or dict(Speeds(speeds).load())
        library = VoiceLibrary(tmp_path / "voices")
        (library.folder / "broken").mkdir(parents=True, exist_ok=True)
        (library.folder / "broken" / "voice.json").write_bytes(content)
        assert library.list() == []
        monkeypatch.setattr(jobs_module, "_get_root", lambda: tmp_path / "jobs")
        (tmp_path / "jobs" / ("0" * 32)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "jobs" / ("0" * 32) / "job.json").write_bytes(content)
        assert Jobs().status("0" * 32).state == "interrupted"
        journal = tmp_path / "out" / ".voice-studio.jsonl"
        journal.parent.mkdir(exist_ok=True)
        for path in journal.parent.glob(".*"):
            path.write_bytes(content)
        ResultJournal(tmp_path / "out", "copies")
