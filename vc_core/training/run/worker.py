"""Training loop of a run: wait for the device, prepare features, train, evaluate, checkpoint, publish the voice."""

import logging
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from vc_core.audio import Audio
from vc_core.device import ThreadTuner, choose_device, get_queue_folder, is_out_of_memory, tune_threads
from vc_core.engine import find_engine
from vc_core.errors import Message, UserError
from vc_core.files.writing import write_audio
from vc_core.locks import wait_in_queue
from vc_core.progress import Cancelled, Progress, Step, silent, subprogress
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Trainer
from vc_core.training.run.atomic_files import report_full_disk
from vc_core.training.run.checkpoints import (
    BEFORE,
    BEST,
    LAST,
    delete_partial_files,
    link_checkpoint,
    load_newest_checkpoint,
    name_step_checkpoint,
    prune_checkpoints,
    save_checkpoint,
)
from vc_core.training.run.estimate import format_duration
from vc_core.training.run.job import Run
from vc_core.training.run.publish import delete_old_exports, export_model, publish_voice
from vc_core.training.run.spec import State, Status
from vc_core.training.settings import read_settings

log = logging.getLogger(__name__)

STATUS_INTERVAL_SECONDS = 1.0
"""The shortest interval between two writes of status.json, each of which waits for fsync."""
BUG = Message("Something went wrong that should not have; log.txt in the run's folder has it. It can be resumed.")
LEASE_OVER = Message("This lease of the device is over. It can be resumed.")
NO_MEMORY = Message("The device ran out of memory. Choose a smaller batch, and start anew.")


def train_run(run: Run, *, seconds: float = math.inf, progress: Progress = silent) -> Status:
    """Train until the run is finished, stopped, or the seconds have passed; the status is written whatever happens."""
    end = time.monotonic() + seconds
    with run.hold_worker_lock():
        reporter = _StatusReporter(run, progress)
        try:
            queue = get_queue_folder(choose_device())
            on_full_disk = report_full_disk(Message("The last checkpoint is kept."))
            with wait_in_queue(queue, reporter.make_progress("waiting")), on_full_disk:
                _train(run, reporter, end)
        except Cancelled:
            reporter.finish("stopped", Message("Stopped. It can be resumed."))
        except UserError as error:
            reporter.finish("failed", error)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            reporter.finish("failed", NO_MEMORY)
        finally:
            if not reporter.is_finished:
                reporter.finish("failed", BUG)
        return run.read_status()


class _StatusReporter:
    """Writes status.json and reports progress."""

    def __init__(self, run: Run, progress: Progress) -> None:
        self.run, self.is_finished = run, False
        self.status = replace(run.read_status(), state="waiting", message="")
        self._progress, self._last_write = progress, 0.0

    def make_progress(self, state: State) -> Progress:
        """Return a callback that raises `Cancelled` once a stop has been requested."""

        def report(fraction: float, message: Step) -> None:
            if self.run.is_stop_requested():
                raise Cancelled
            self.update(replace(self.status, state=state, message=str(message)))
            self._progress(self.status.step / max(self.status.steps, 1), message)

        return report

    def update(self, status: Status, *, now: bool = False) -> None:
        is_new = status.state != self.status.state
        self.status = status
        if now or is_new or time.monotonic() - self._last_write > STATUS_INTERVAL_SECONDS:
            self.run.write_status(status)
            self._last_write = time.monotonic()

    def finish(self, state: State, message: Message) -> None:
        self.is_finished = True
        if not self.run.folder.exists():
            return
        log.info("%s at step %d: %s", state, self.status.step, message)
        try:
            self.update(replace(self.status, state=state, message=str(message)), now=True)
        except OSError:  # the disk is full; without the worker's lock the run reads as interrupted
            log.exception("the final status could not be written")


def _train(run: Run, reporter: _StatusReporter, end: float) -> None:
    import torch

    spec = run.spec
    method = find_engine(TRAINING_METHODS, spec.method)
    settings = read_settings(method.settings, spec.settings)
    torch.manual_seed(settings.seed)
    features = run.folder / "features"
    features.mkdir(exist_ok=True)
    progress = reporter.make_progress("preparing")
    method.prepare(settings, subprogress(progress, 0.0, 0.2))
    trainer = method.load(settings, choose_device())(run.list_clips(), features, subprogress(progress, 0.2, 1.0))
    try:
        epochs = spec.pace.epochs * trainer.steps_per_epoch
        steps = max(1, round(epochs)) if epochs else int(settings.steps)
        with tune_threads(choose_device()) as tuner:
            _TrainingLoop(run, reporter, trainer, steps, tuner).run_until(end)
    finally:
        trainer.close()


class _TrainingLoop:
    def __init__(self, run: Run, reporter: _StatusReporter, trainer: Trainer, steps: int, tuner: ThreadTuner) -> None:
        self.run, self.reporter, self.trainer, self.steps, self.tuner = run, reporter, trainer, steps, tuner
        self.pace = run.spec.pace
        self.seconds_before, self.start_time = 0.0, time.monotonic()
        self.saved_step, self.last_save = -1, time.monotonic()
        self._resume()

    def run_until(self, end: float) -> None:
        report = self.reporter.make_progress("training")
        while self.trainer.steps_done < self.steps:
            losses = self._step()
            at = self.trainer.steps_done
            self.reporter.status = replace(self.reporter.status, step=at, steps=self.steps, seconds=self._get_seconds())
            if at % self.pace.log_interval == 0 or at == 1:
                self.run.append_metrics("losses", {"step": at, **losses})
            if at % self.pace.eval_interval == 0 or at == self.steps:
                self._evaluate()
            elif time.monotonic() - self.last_save > self.pace.save_seconds:
                self._save()
            if at % self.pace.eval_interval == 0 and self._is_stalled():
                break
            if time.monotonic() > end and at < self.steps:
                self._save_and_finish(lambda: self.reporter.finish("stopped", LEASE_OVER))
                return
            self._report_step(report)
        if self.reporter.status.best_step is None:  # resumed when all steps were done already
            self._evaluate()
        self._save_and_finish(self._publish_and_finish)

    def _step(self) -> dict[str, float]:
        with self.tuner.measure():
            losses = self.trainer.step()
        if not all(math.isfinite(loss) for loss in losses.values()):
            raise UserError(
                "At step {step} the loss is no longer a number; what was learned until step {saved} is kept. Start "
                "anew with a lower rate.",
                step=self.trainer.steps_done,
                saved=max(self.saved_step, 0),
            )
        return losses

    def _report_step(self, report: Progress) -> None:
        at = self.trainer.steps_done
        if self.tuner.is_measuring:  # not counted: half of these steps have the slower number of threads
            self._paced_from = (at, time.monotonic())
        first, began = self._paced_from
        step_seconds = (time.monotonic() - began) / (at - first) if at > first else self.tuner.step_seconds
        seconds_left = (self.steps - at) * step_seconds
        try:
            report(at / self.steps, f"Step {at} of {self.steps}, about {format_duration(seconds_left)} left")
        except Cancelled:
            self._save()
            raise

    def _evaluate(self) -> None:
        """Score, render samples, export and checkpoint the current step, without advancing the random state."""
        import torch

        at, status = self.trainer.steps_done, self.reporter.status
        self.reporter.update(replace(status, state="evaluating", message=f"Singing at step {at}"))
        with torch.random.fork_rng():
            score = self.trainer.score_held_out()
            samples = self.trainer.render_samples()
            export_model(self.run, self.trainer, at)
        save_samples(self.run.folder / "samples" / f"step-{at:08d}", samples)
        is_best = status.best_score is None or score < status.best_score
        if is_best:
            self.reporter.status = replace(self.reporter.status, best_step=at, best_score=score)
        self._save(name_step_checkpoint(at))
        if is_best:
            link_checkpoint(self.run.folder / "checkpoints" / LAST, BEST)
        self.run.append_metrics("scores", {"step": at, "score": score})
        log.info("step %d: score %.4f", at, score)
        self.reporter.update(replace(self.reporter.status, message=f"Heard at step {at}"), now=True)
        prune_checkpoints(self.run.folder / "checkpoints", self.pace.keep_checkpoints)
        delete_old_exports(self.run, {at, self.reporter.status.best_step})

    def _is_stalled(self) -> bool:
        return bool(self.pace.patience) and self.run.get_advice().evaluations_without_progress >= self.pace.patience

    def _save(self, name: str = "") -> None:
        status, at = self.reporter.status, self.trainer.steps_done
        best = {"step": status.best_step, "score": status.best_score}
        state = {"trainer": self.trainer.state_dict(), "step": at, "best": best, "seconds": self._get_seconds()}
        with report_full_disk(Message("What was learned until step {step} is kept.", step=max(self.saved_step, 0))):
            if self.saved_step >= 0:  # keep the previous checkpoint in case this one gets damaged
                link_checkpoint(self.run.folder / "checkpoints" / LAST, BEFORE)
            path = save_checkpoint(self.run.folder / "checkpoints", state, name or LAST)
            if name:
                link_checkpoint(path, LAST)
        self.saved_step, self.last_save = at, time.monotonic()

    def _resume(self) -> None:
        delete_partial_files(self.run.folder / "checkpoints")
        state = load_newest_checkpoint(self.run.folder / "checkpoints")
        if state is not None:
            self.trainer.load_state_dict(state["trainer"])
            self.saved_step, self.seconds_before = state["step"], state["seconds"]
            best = state["best"]
            self.reporter.status = replace(self.reporter.status, best_step=best["step"], best_score=best["score"])
        else:
            self.reporter.status = replace(self.reporter.status, best_step=None, best_score=None)
        first_step = self.trainer.steps_done
        self._paced_from = (first_step, self.start_time)
        self.run.truncate_metrics(first_step)
        self.reporter.status = replace(self.reporter.status, step=first_step, steps=self.steps)

    def _save_and_finish(self, finish: Callable[[], None]) -> None:
        if self.saved_step != self.trainer.steps_done:
            self._save()
        finish()

    def _publish_and_finish(self) -> None:
        name = self.reporter.status.voice or publish_voice(self.run, self.reporter.status).name
        self.reporter.status = replace(self.reporter.status, voice=name)
        best_step = str(self.reporter.status.best_step)
        done = Message("“{name}” is in the library: what was learned by step {step}.", name=name, step=best_step)
        self.reporter.finish("finished", done)

    def _get_seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.start_time


def save_samples(folder: Path, samples: Mapping[str, Audio]) -> None:
    """Write the samples to a temporary folder and rename it, so that the folder is never incomplete."""
    partial = folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    for name, audio in samples.items():
        write_audio(partial / f"{name}.flac", audio, format_name="flac16")
    shutil.rmtree(folder, ignore_errors=True)
    if samples:
        partial.rename(folder)
