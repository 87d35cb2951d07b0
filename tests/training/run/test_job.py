"""Training runs: whatever happens, at most the last interval is lost, and resuming is exact."""

import json
import multiprocessing
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_training
import torch
from conftest import ROOT
from waiting import wait_for

from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.training import TRAINING_METHODS
from vc_core.training.run import job
from vc_core.training.run.job import Run, find_run, list_runs
from vc_core.training.run.publish import find_published, publish_voice
from vc_core.training.run.spec import Schedule
from vc_core.training.run.start import RunRequest, create_run
from vc_core.training.run.trash import list_trash, move_to_trash, restore
from vc_core.training.run.worker import train_run
from vc_core.voices.library import VoiceLibrary, find_faults

SCRIPT = Path(tiny_training.__file__)
LINE = ROOT / "examples" / "spoken_line.flac"


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    """Register the test method, also in worker processes, with a separate home."""
    tiny_training.register()
    monkeypatch.setattr(job, "WORKER", (sys.executable, str(SCRIPT)))
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    yield
    del TRAINING_METHODS["tiny"]


@pytest.fixture
def begin(tmp_path):
    def begin(name="Ann", *, pace=Schedule(eval_interval=20), sources=(LINE, LINE), **settings) -> Run:
        request = RunRequest(name, "tiny", "synthetic", settings=settings, pace=pace)
        return create_run(tmp_path / "runs", tmp_path / "voices", request, list(sources)).run

    return begin


SERVER = multiprocessing.get_context("forkserver")
"""Imports torch once, so that the worker processes of these tests start fast."""


@pytest.fixture
def worker(tmp_path):
    """Start a worker process."""
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


def losses(run: Run) -> dict[int, float]:
    return {int(line["step"]): line["loss"] for line in run.read_losses()}


def test_a_run_trains_renders_samples_and_publishes_its_voice(begin, tmp_path):
    run = begin(steps=60)
    status = train_run(run)
    assert (status.state, status.step, status.steps) == ("finished", 60, 60)
    scores = [score for _, score in run.read_scores()]
    assert scores[-1] < 0.8 * scores[0]
    samples = run.list_samples()
    assert list(samples) == [20, 40, 60]
    assert read_audio(samples[60]["held-out"]).seconds == pytest.approx(1.0, abs=0.01)
    voice = VoiceLibrary(tmp_path / "voices").find("Ann")
    assert find_faults(voice) == []
    assert voice.card.consent == "synthetic"
    assert voice.card.pitch_range_hz[0] < voice.card.pitch_range_hz[1]
    assert "spoken_line.flac" in voice.card.origin
    assert voice.card.settings["trained_steps"] == status.best_step


def test_a_run_stopped_at_any_step_resumes_with_the_same_losses(begin):
    unbroken = begin("Whole", steps=50, pace=Schedule(log_interval=1, eval_interval=20))
    train_run(unbroken)
    broken = begin("Broken", steps=50, pace=Schedule(log_interval=1, eval_interval=20))
    for _ in range(8):
        if train_run(broken, seconds=0.0).state == "finished":  # the shortest slices there are: a step each
            break
    assert train_run(broken).state == "finished"
    assert losses(broken) == losses(unbroken)
    assert broken.read_scores() == unbroken.read_scores()
    weights = [torch.load(run.folder / "checkpoints" / "last.pt")["trainer"]["model"] for run in (unbroken, broken)]
    torch.testing.assert_close(*weights, rtol=0, atol=0)


def test_a_time_limit_ends_with_a_checkpoint(begin):
    run = begin(steps=10_000, pause_seconds=0.01)
    started = time.monotonic()
    status = train_run(run, seconds=0.5)
    assert time.monotonic() - started < 10
    assert status.state == "stopped"
    assert "lease" in status.message
    assert torch.load(run.folder / "checkpoints" / "last.pt")["step"] == status.step > 1
    again = train_run(run, seconds=0.5)
    assert again.step > status.step
    assert again.seconds > status.seconds


def test_epochs_set_the_number_of_steps(begin):
    run = begin(steps=1_000, pace=Schedule(epochs=20))
    clips = len(run.list_clips().all)
    assert clips == 2
    assert train_run(run).steps == 20 * clips


def test_early_stopping_ends_a_run_on_a_plateau(begin):
    run = begin(steps=1_500, rate=0.1, pace=Schedule(eval_interval=30, patience=3))
    status = train_run(run)
    assert status.state == "finished"
    assert status.step < 1_500
    assert run.get_advice().verdict in ("plateau", "worse")


def test_a_loss_that_is_not_finite_ends_the_run(begin):
    run = begin(steps=1_000, rate=1e30, pace=Schedule(eval_interval=100))
    status = train_run(run)
    assert status.state == "failed"
    assert "no longer a number" in status.message
    assert status.voice == ""


class TestWorkerProcess:
    @pytest.mark.slow  # tests/ui/test_train_api.py starts, stops and resumes real workers by default
    def test_it_outlives_its_parent_and_stops_within_seconds_with_a_checkpoint(self, begin):
        run = begin(steps=100_000, pause_seconds=0.01)
        run.start()
        wait_for(lambda: run.read_status().step > 3)
        assert run.is_alive()
        with pytest.raises(UserError, match="worked on already"):
            run.start()
        asked = time.monotonic()
        run.request_stop()
        wait_for(lambda: run.read_status().state == "stopped")
        assert time.monotonic() - asked < 5
        wait_for(lambda: not run.is_alive())
        assert torch.load(run.folder / "checkpoints" / "last.pt")["step"] == run.read_status().step

    def test_a_killed_worker_is_reported_as_interrupted_and_resumes_exactly(self, begin, worker):
        pace = Schedule(log_interval=1, eval_interval=15, save_seconds=0.0)
        unbroken = begin("Whole", steps=60, pace=pace)
        train_run(unbroken)
        run = begin("Killed", steps=60, pause_seconds=0.02, pace=pace)
        process = worker(run)
        wait_for(lambda: run.read_status().step >= 20)
        process.kill()
        process.join()
        status = run.read_status()
        assert status.state == "interrupted"
        assert status.message.endswith("It can be resumed.")
        assert train_run(run).state == "finished"
        assert losses(run) == losses(unbroken)

    def test_sigterm_saves_the_current_step(self, begin, worker):
        run = begin(steps=100_000, pause_seconds=0.01, pace=Schedule(save_seconds=1e9, eval_interval=10**6))
        process = worker(run)
        wait_for(lambda: run.read_status().step > 3)
        process.terminate()
        process.join(20)
        assert process.exitcode == 0
        assert torch.load(run.folder / "checkpoints" / "last.pt")["step"] == run.read_status().step

    def test_a_bug_is_reported_and_the_run_can_be_resumed(self, begin, worker):
        run = begin(steps=30)
        (run.folder / "features").write_text("a file where a folder should be")
        process = worker(run)
        process.join(30)
        assert process.exitcode == 1
        assert run.read_status().state == "failed"
        assert "log.txt" in run.read_status().message
        (run.folder / "features").unlink()
        assert train_run(run).state == "finished"


def test_a_full_disk_is_reported_and_the_last_checkpoint_stays(begin, worker):
    """RLIMIT_FSIZE fails writes as a full disk does."""
    run = begin(steps=40, ballast=100_000, pace=Schedule(log_interval=1, eval_interval=20, save_seconds=0.0))
    train_run(run, seconds=0.0)
    worker(run, largest_file=200_000).join(30)
    status = run.read_status()
    assert status.state == "failed"
    assert status.message.startswith("The disk is full. What was learned until step")
    assert not list((run.folder / "checkpoints").glob(".*"))
    assert train_run(run).state == "finished"


def test_a_damaged_checkpoint_is_skipped_for_the_previous_one(begin):
    run = begin(steps=100, pause_seconds=0.0, pace=Schedule(log_interval=1, eval_interval=10, keep_checkpoints=2))
    train_run(run, seconds=0.0)
    while run.read_status().step < 25:
        train_run(run, seconds=0.02)
    last = run.folder / "checkpoints" / "last.pt"
    content = last.read_bytes()
    last.unlink()
    last.write_bytes(content[: len(content) // 2])
    assert train_run(run).state == "finished"
    assert sorted(losses(run)) == list(range(1, 101))


def test_without_an_undamaged_checkpoint_the_run_fails_with_a_message(begin):
    run = begin(steps=30)
    train_run(run, seconds=0.0)
    for path in (run.folder / "checkpoints").iterdir():
        path.write_bytes(b"nothing")
    assert "Start it anew" in train_run(run).message


def test_old_checkpoints_are_deleted(begin):
    run = begin(steps=100, pace=Schedule(eval_interval=10, keep_checkpoints=2))
    train_run(run)
    names = {path.name for path in (run.folder / "checkpoints").iterdir()}
    assert names == {"last.pt", "before.pt", "best.pt", "step-00000090.pt", "step-00000100.pt"}
    assert torch.load(run.folder / "checkpoints" / "best.pt")["best"]["step"] == run.read_status().best_step


def test_an_intermediate_voice_is_published_once_at_any_time(begin, tmp_path):
    run = begin(steps=10_000, pace=Schedule(eval_interval=5))
    with pytest.raises(UserError, match="no voice yet"):
        publish_voice(run, run.read_status())
    while run.read_status().best_step is None:
        train_run(run, seconds=0.01)
    assert publish_voice(run, run.read_status()).name == "Ann"
    assert publish_voice(run, run.read_status()).name == "Ann"
    (library := VoiceLibrary(tmp_path / "voices")).delete("Ann")
    assert find_published(run, run.read_status().best_step) is None
    assert publish_voice(run, run.read_status()).name == "Ann"
    assert [voice.name for voice in library.list()] == ["Ann"]


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"consent": ""}, "whose voice it is"),
        ({"name": " "}, "needs a name"),
        ({"licence": ""}, "licence"),
        ({"method": "magic"}, "no engine “magic”"),
        ({"settings": {"speed": 1}}, "no setting “speed”. There are: steps, seed"),
        ({"settings": {"steps": "many"}}, "setting “steps”"),
        ({"settings": {"steps": 0}}, "at least one step"),
    ],
)
def test_an_invalid_request_is_refused_before_anything_is_written(tmp_path, changes, answer):
    request = replace(RunRequest("Ann", "tiny", "own"), **changes)
    with pytest.raises(UserError, match=answer):
        create_run(tmp_path / "runs", tmp_path / "voices", request, [LINE])
    assert not (tmp_path / "runs").exists()


def test_runs_are_listed_newest_first_and_deleted(begin, tmp_path):
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


def test_a_run_in_the_trash_is_restored_or_after_a_day_deleted_for_good(begin, tmp_path):
    run, root = begin("Ann"), tmp_path / "runs"
    run.move_to_trash()
    assert list_runs(root) == []
    restore(list_trash(root)[0])
    assert list_runs(root) == [run]
    assert list_trash(root) == []
    run.move_to_trash()
    (place,) = (root / ".trash").iterdir()
    os.utime(place, (time.time() - 25 * 3600,) * 2)
    assert list_runs(root) == []
    assert not place.exists()


def test_takes_are_restored_beside_newer_ones(tmp_path):
    takes = tmp_path / ".takes"
    takes.mkdir()
    (takes / "line-1").write_text("old")
    (takes / "line-2").write_text("old")
    move_to_trash(takes)
    takes.mkdir()
    (takes / "line-1").write_text("new")
    restore(list_trash(tmp_path)[0])
    assert {path.name: path.read_text() for path in takes.iterdir()} == {"line-1": "new", "line-2": "old"}


def test_damaged_lines_of_losses_and_scores_are_skipped(begin, tmp_path):
    run = begin(steps=30)
    train_run(run)
    advice = run.get_advice()
    for name in ("losses", "scores"):
        with (run.folder / f"{name}.jsonl").open("ab") as file:
            file.write(b'[1]\n{"step": "x", "score": 1}\n{"score": NaN, "step": 3}\n\xff\n' + b'{"a":' * 9000)
            file.write(b'\n{"step": 31, "lo')
    assert max(losses(run)) == 30
    assert run.get_advice() == advice
    assert list_runs(tmp_path / "runs") == [run]


def test_a_run_with_an_impossible_schedule_hides_no_other(begin, tmp_path):
    good, bad = begin("Ann"), begin("Bob")
    spec = json.loads((bad.folder / "spec.json").read_text())
    (bad.folder / "spec.json").write_text(json.dumps(spec | {"pace": {"log_interval": 0}}))
    assert list_runs(tmp_path / "runs") == [good]


@pytest.mark.slow
def test_many_faults_lose_at_most_the_last_interval(begin, worker):
    """Random kills, truncated checkpoints and full disks: in the end the losses are those of an unbroken run."""
    pace = Schedule(log_interval=1, eval_interval=10, save_seconds=0.0)
    unbroken = begin("Whole", steps=200, pace=pace)
    train_run(unbroken)
    run = begin("Harmed", steps=200, pause_seconds=0.01, pace=pace)
    train_run(run, seconds=0.0)
    generator = np.random.default_rng(30)
    for fault in range(15):
        before = run.read_status().step
        if fault % 3 == 0:
            process = worker(run)
            wait_for(run.is_alive)
            time.sleep(generator.uniform(0.0, 0.4))
            process.kill()
            process.join()
        elif fault % 3 == 1:
            train_run(run, seconds=0.05)
            last = run.folder / "checkpoints" / "last.pt"
            content = last.read_bytes()
            last.unlink()
            last.write_bytes(content[: int(generator.integers(0, len(content)))])
            train_run(run, seconds=0.05)
        else:
            worker(run, largest_file=int(generator.integers(1_000, 8_000))).join(60)
            assert run.read_status().state in ("failed", "interrupted")
            assert run.read_status().message.endswith(".")
        kept = train_run(run, seconds=0.0)
        assert kept.state in ("stopped", "finished"), (fault, kept)
        assert kept.step >= before - pace.eval_interval, (fault, before, kept.step)
    assert train_run(run).state == "finished"
    assert losses(run) == losses(unbroken)
    assert run.read_scores() == unbroken.read_scores()
