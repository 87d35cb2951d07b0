"""A run loses nothing but its last interval, whatever happens to it; and goes on as if nothing had."""

import multiprocessing
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_training
import torch
from conftest import ROOT

from vc_core.errors import UserError
from vc_core.reading import read_audio
from vc_core.training import TRAINING_METHODS, job
from vc_core.training.beginning import Wanted, begin_run
from vc_core.training.job import Run, find_run, list_runs
from vc_core.training.locks import FileLock, is_held, turn_in_line
from vc_core.training.publish import publish
from vc_core.training.spec import Pace
from vc_core.training.worker import work
from vc_core.voices import VoiceLibrary, verify

SCRIPT = Path(tiny_training.__file__)
LINE = ROOT / "examples" / "spoken_line.flac"


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    """The method of the tests, also in worker processes, and a home of their own."""
    tiny_training.register()
    monkeypatch.setattr(job, "WORKER", (sys.executable, str(SCRIPT)))
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    yield
    del TRAINING_METHODS["tiny"]


@pytest.fixture
def begin(tmp_path):
    def begin(name="Ann", *, pace=Pace(eval_interval=20), sources=(LINE, LINE), **settings) -> Run:
        wanted = Wanted(name, "tiny", "synthetic", settings=settings, pace=pace)
        return begin_run(tmp_path / "runs", tmp_path / "voices", wanted, list(sources)).run

    return begin


SERVER = multiprocessing.get_context("forkserver")
"""Has imported torch once, so that the worker processes of these tests start at once."""


@pytest.fixture
def worker(tmp_path):
    """Start a worker in a process of its own."""
    started = []
    SERVER.set_forkserver_preload(["tiny_training"])

    def work_on(run, largest_file=0):
        arguments = (str(run.folder), os.environ["VOICE_STUDIO_HOME"], largest_file)
        started.append(SERVER.Process(target=tiny_training.main, args=arguments))
        started[-1].start()
        return started[-1]

    yield work_on
    for process in started:
        process.kill()
        process.join()


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def losses(run: Run) -> dict[int, float]:
    return {int(line["step"]): line["loss"] for line in run.losses()}


def test_a_run_learns_is_heard_on_the_way_and_ends_in_the_library(begin, tmp_path):
    run = begin(steps=60)
    status = work(run)
    assert (status.state, status.step, status.steps) == ("finished", 60, 60)
    scores = [score for _, score in run.scores()]
    assert scores[-1] < 0.8 * scores[0]
    heard = run.samples()
    assert list(heard) == [20, 40, 60]
    assert read_audio(heard[60]["held-out"]).seconds == pytest.approx(1.0, abs=0.01)
    voice = VoiceLibrary(tmp_path / "voices").find("Ann")
    assert verify(voice) == []
    assert voice.card.consent == "synthetic"
    assert voice.card.pitch_range_hz[0] < voice.card.pitch_range_hz[1]
    assert "spoken_line.flac" in voice.card.origin
    assert voice.card.settings["trained_steps"] == status.best_step


def test_a_run_that_was_stopped_anywhere_goes_on_with_the_very_same_losses(begin):
    unbroken = begin("Whole", steps=50, pace=Pace(log_interval=1, eval_interval=20))
    work(unbroken)
    broken = begin("Broken", steps=50, pace=Pace(log_interval=1, eval_interval=20))
    for _ in range(8):
        if work(broken, seconds=0.0).state == "finished":  # the shortest slices there are: a step each
            break
    assert work(broken).state == "finished"
    assert losses(broken) == losses(unbroken)
    assert broken.scores() == unbroken.scores()
    weights = [torch.load(run.folder / "checkpoints" / "last.pt")["trainer"]["model"] for run in (unbroken, broken)]
    torch.testing.assert_close(*weights, rtol=0, atol=0)


def test_a_slice_of_time_ends_with_everything_kept(begin):
    run = begin(steps=10_000, pause_seconds=0.01)
    started = time.monotonic()
    status = work(run, seconds=0.5)
    assert time.monotonic() - started < 10
    assert status.state == "stopped"
    assert "lease" in status.message
    assert torch.load(run.folder / "checkpoints" / "last.pt")["step"] == status.step > 1
    again = work(run, seconds=0.5)
    assert again.step > status.step
    assert again.seconds > status.seconds


def test_epochs_are_counted_where_the_method_knows_them(begin):
    run = begin(steps=1_000, pace=Pace(epochs=20))
    clips = len(run.clips().all)
    assert clips == 2
    assert work(run).steps == 20 * clips


def test_a_plateau_ends_it_if_that_is_wanted(begin):
    run = begin(steps=1_500, rate=0.1, pace=Pace(eval_interval=30, patience=3))
    status = work(run)
    assert status.state == "finished"
    assert status.step < 1_500
    assert run.advice().verdict in ("plateau", "worse")


def test_a_loss_that_is_no_number_ends_it_and_keeps_what_was_good(begin):
    run = begin(steps=1_000, rate=1e30, pace=Pace(eval_interval=100))
    status = work(run)
    assert status.state == "failed"
    assert "no longer a number" in status.message
    assert status.voice == ""


class TestWorkerProcess:
    @pytest.mark.slow  # tests/ui/test_train_api.py starts, stops and resumes real workers by default
    def test_it_outlives_its_caller_and_stops_within_seconds_keeping_the_last_step(self, begin):
        run = begin(steps=100_000, pause_seconds=0.01)
        run.start()
        wait_for(lambda: run.status().step > 3)
        assert run.is_alive()
        with pytest.raises(UserError, match="worked on already"):
            run.start()
        asked = time.monotonic()
        run.ask_to_stop()
        wait_for(lambda: run.status().state == "stopped")
        assert time.monotonic() - asked < 5
        wait_for(lambda: not run.is_alive())
        assert torch.load(run.folder / "checkpoints" / "last.pt")["step"] == run.status().step

    def test_after_a_kill_it_is_told_as_interrupted_and_goes_on_exactly(self, begin, worker):
        pace = Pace(log_interval=1, eval_interval=15, save_seconds=0.0)
        unbroken = begin("Whole", steps=60, pace=pace)
        work(unbroken)
        run = begin("Killed", steps=60, pause_seconds=0.02, pace=pace)
        process = worker(run)
        wait_for(lambda: run.status().step >= 20)
        process.kill()
        process.join()
        status = run.status()
        assert status.state == "interrupted"
        assert status.message.endswith("It can be resumed.")
        assert work(run).state == "finished"
        assert losses(run) == losses(unbroken)

    def test_a_machine_that_is_shut_down_loses_nothing(self, begin, worker):
        run = begin(steps=100_000, pause_seconds=0.01, pace=Pace(save_seconds=1e9, eval_interval=10**6))
        process = worker(run)
        wait_for(lambda: run.status().step > 3)
        process.terminate()
        process.join(20)
        assert process.exitcode == 0
        assert torch.load(run.folder / "checkpoints" / "last.pt")["step"] == run.status().step

    def test_a_bug_is_told_and_the_run_can_go_on_after_it(self, begin, worker):
        run = begin(steps=30)
        (run.folder / "features").write_text("a file where a folder should be")
        process = worker(run)
        process.join(30)
        assert process.exitcode == 1
        assert run.status().state == "failed"
        assert "log.txt" in run.status().message
        (run.folder / "features").unlink()
        assert work(run).state == "finished"


def test_a_full_disk_is_told_and_the_last_checkpoint_stays(begin, worker):
    """A limit on the size of files, as real as a full disk to whoever writes."""
    run = begin(steps=40, ballast=100_000, pace=Pace(log_interval=1, eval_interval=20, save_seconds=0.0))
    work(run, seconds=0.0)
    worker(run, largest_file=200_000).join(30)
    status = run.status()
    assert status.state == "failed"
    assert status.message.startswith("The disk is full. What was learned until step")
    assert not list((run.folder / "checkpoints").glob(".*"))
    assert work(run).state == "finished"


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(begin):
    run = begin(steps=100, pause_seconds=0.0, pace=Pace(log_interval=1, eval_interval=10, keep_checkpoints=2))
    work(run, seconds=0.0)
    while run.status().step < 25:
        work(run, seconds=0.02)
    last = run.folder / "checkpoints" / "last.pt"
    content = last.read_bytes()
    last.unlink()
    last.write_bytes(content[: len(content) // 2])
    assert work(run).state == "finished"
    assert sorted(losses(run)) == list(range(1, 101))


def test_when_no_checkpoint_is_whole_that_is_told(begin):
    run = begin(steps=30)
    work(run, seconds=0.0)
    for path in (run.folder / "checkpoints").iterdir():
        path.write_bytes(b"nothing")
    assert "Start it anew" in work(run).message


def test_only_so_many_checkpoints_are_kept(begin):
    run = begin(steps=100, pace=Pace(eval_interval=10, keep_checkpoints=2))
    work(run)
    names = {path.name for path in (run.folder / "checkpoints").iterdir()}
    assert names == {"last.pt", "before.pt", "best.pt", "step-00000090.pt", "step-00000100.pt"}
    assert torch.load(run.folder / "checkpoints" / "best.pt")["best"]["step"] == run.status().best_step


def test_an_intermediate_voice_can_be_taken_at_any_time(begin, tmp_path):
    run = begin(steps=10_000, pace=Pace(eval_interval=5))
    with pytest.raises(UserError, match="no voice yet"):
        publish(run, run.status())
    while run.status().best_step is None:
        work(run, seconds=0.01)
    assert publish(run, run.status()).name == "Ann"
    assert publish(run, run.status()).name == "Ann 2"


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"consent": ""}, "whose voice it is"),
        ({"name": " "}, "needs a name"),
        ({"licence": ""}, "licence"),
        ({"method": "magic"}, "no way to train called “magic”"),
        ({"settings": {"speed": 1}}, "no setting “speed”. There are: steps, seed"),
        ({"settings": {"steps": "many"}}, "setting “steps”"),
        ({"settings": {"steps": 0}}, "at least one step"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_done(tmp_path, changes, answer):
    wanted = replace(Wanted("Ann", "tiny", "own"), **changes)
    with pytest.raises(UserError, match=answer):
        begin_run(tmp_path / "runs", tmp_path / "voices", wanted, [LINE])
    assert not (tmp_path / "runs").exists()


def test_runs_are_found_again_the_newest_first_and_deleted_for_good(begin, tmp_path):
    first, second = begin("Ann"), begin("Bob")
    (tmp_path / "runs" / "junk").mkdir()
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "spec.json").write_text("{")
    assert list_runs(tmp_path / "runs") == [second, first]
    assert find_run(tmp_path / "runs", first.id) == first
    first.delete()
    assert list_runs(tmp_path / "runs") == [second]
    for name in (first.id, "..", "../runs", ""):
        with pytest.raises(UserError, match="no such run"):
            find_run(tmp_path / "runs", name)


def test_a_half_written_line_of_losses_is_passed_over(begin):
    run = begin(steps=30)
    work(run)
    with (run.folder / "losses.jsonl").open("a") as file:
        file.write('{"step": 31, "lo')
    assert max(losses(run)) == 30


def test_one_run_at_a_time_in_the_order_of_arrival(tmp_path):
    """Three processes that note when they have the device; the first dies with it in hand."""
    log = tmp_path / "log"
    code = (
        "import sys, time; from pathlib import Path; from vc_core.training.locks import turn_in_line\n"
        "with turn_in_line(Path(sys.argv[1]), lambda f, m: open(sys.argv[2] + '.' + sys.argv[3], 'w').write(m)):\n"
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


def test_a_lock_is_free_as_soon_as_its_holder_is_gone(tmp_path):
    lock = FileLock(tmp_path / "x.lock")
    assert lock.take()
    assert is_held(lock.path)
    assert not FileLock(lock.path).take_soon()
    lock.release()
    assert not is_held(lock.path)
    with turn_in_line(tmp_path / "line", lambda fraction, message: None):
        assert len(list((tmp_path / "line").glob("*.ticket"))) == 1
    assert not list((tmp_path / "line").glob("*.ticket"))


@pytest.mark.slow
def test_thirty_faults_lose_nothing_but_the_last_interval(begin, worker):
    """Kills at any moment, checkpoints cut at any place, and disks that fill up: in the end it is as if nothing was."""
    pace = Pace(log_interval=1, eval_interval=10, save_seconds=0.0)
    unbroken = begin("Whole", steps=400, pace=pace)
    work(unbroken)
    run = begin("Harmed", steps=400, pause_seconds=0.01, pace=pace)
    work(run, seconds=0.0)
    generator = np.random.default_rng(30)
    for fault in range(30):
        before = run.status().step
        if fault % 3 == 0:
            process = worker(run)
            wait_for(run.is_alive)
            time.sleep(generator.uniform(0.0, 0.4))
            process.kill()
            process.join()
        elif fault % 3 == 1:
            work(run, seconds=0.05)
            last = run.folder / "checkpoints" / "last.pt"
            content = last.read_bytes()
            last.unlink()
            last.write_bytes(content[: int(generator.integers(0, len(content)))])
            work(run, seconds=0.05)
        else:
            worker(run, largest_file=int(generator.integers(1_000, 8_000))).join(60)
            assert run.status().state in ("failed", "interrupted")
            assert run.status().message.endswith(".")
        kept = work(run, seconds=0.0)
        assert kept.state in ("stopped", "finished"), (fault, kept)
        assert kept.step >= before - pace.eval_interval, (fault, before, kept.step)
    assert work(run).state == "finished"
    assert losses(run) == losses(unbroken)
    assert run.scores() == unbroken.scores()
