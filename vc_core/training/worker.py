"""Work on a run: wait for the device, prepare, step, look up now and then, and leave it so that it can go on."""

import logging
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from vc_core.audio import Audio
from vc_core.device import choose_device
from vc_core.errors import UserError
from vc_core.home import studio_home
from vc_core.progress import Cancelled, Progress, silent
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Trainer
from vc_core.training.checkpoints import (
    BEFORE,
    BEST,
    LAST,
    also_called,
    keep_newest,
    load_newest,
    save_checkpoint,
    step_name,
    sweep,
)
from vc_core.training.durable import disk_faults
from vc_core.training.estimate import as_words
from vc_core.training.job import Run
from vc_core.training.locks import turn_in_line
from vc_core.training.publish import export_step, forget_exports, publish
from vc_core.training.settings import read_settings
from vc_core.training.spec import State, Status
from vc_core.writing import write_audio

log = logging.getLogger(__name__)

TELL_SECONDS = 1.0
"""How often the state is written, at most: each time waits for the disk."""
BUG = "Something went wrong that should not have; log.txt in the run's folder has it. It can be resumed."
NO_MEMORY = "The device ran out of memory. Choose a smaller batch, and start anew."


def work(run: Run, *, seconds: float = math.inf, progress: Progress = silent) -> Status:
    """Until it is done, is stopped, or so many seconds have passed; whatever ends it, its status says so."""
    end = time.monotonic() + seconds
    with run.worked_on():
        told = _Told(run, progress)
        try:
            line = studio_home() / "line" / choose_device().replace(":", "-")
            with turn_in_line(line, told.reporter("waiting")), disk_faults("The last checkpoint is kept."):
                _train(run, told, end)
        except Cancelled:
            told.end("stopped", "Stopped. It can be resumed.")
        except UserError as error:
            told.end("failed", str(error))
        except (MemoryError, _out_of_memory()):
            told.end("failed", NO_MEMORY)
        finally:
            if not told.has_ended:
                told.end("failed", BUG)
        return run.status()


class _Told:
    """What is said of the work while it goes on, to the folder and to whoever is watching."""

    def __init__(self, run: Run, progress: Progress) -> None:
        self.run, self.has_ended = run, False
        self.status = replace(run.status(), state="waiting", message="")
        self._progress, self._last = progress, 0.0

    def reporter(self, state: State) -> Progress:
        """Raises `Cancelled` once somebody wants it to stop."""

        def report(fraction: float, message: str) -> None:
            if self.run.is_to_stop():
                raise Cancelled
            self.say(replace(self.status, state=state, message=message))
            self._progress(self.status.step / max(self.status.steps, 1), message)

        return report

    def say(self, status: Status, *, now: bool = False) -> None:
        is_new = status.state != self.status.state
        self.status = status
        if now or is_new or time.monotonic() - self._last > TELL_SECONDS:
            self.run.tell(status)
            self._last = time.monotonic()

    def end(self, state: State, message: str) -> None:
        self.has_ended = True
        if not self.run.folder.exists():
            return
        log.info("%s at step %d: %s", state, self.status.step, message)
        try:
            self.say(replace(self.status, state=state, message=message), now=True)
        except OSError:  # a disk so full that not even this fits: the log may have it, and the lock tells the rest
            log.exception("the end could not be told")


def _train(run: Run, told: _Told, end: float) -> None:
    import torch

    spec = run.spec
    method = TRAINING_METHODS.get(spec.method)
    if method is None:
        raise UserError(f"There is no way to train called “{spec.method}” here.")
    settings = read_settings(method.settings, spec.settings)
    torch.manual_seed(settings.seed)
    features = run.folder / "features"
    features.mkdir(exist_ok=True)
    trainer = method.prepare(run.clips(), settings, features, choose_device(), told.reporter("preparing"))
    try:
        epochs = spec.pace.epochs * trainer.steps_per_epoch
        steps = max(1, round(epochs)) if epochs else int(settings.steps)
        _Training(run, told, trainer, steps).go(end)
    finally:
        trainer.close()


class _Training:
    def __init__(self, run: Run, told: _Told, trainer: Trainer, steps: int) -> None:
        self.run, self.told, self.trainer, self.steps = run, told, trainer, steps
        self.pace = run.spec.pace
        self.seconds_before, self.began = 0.0, time.monotonic()
        self.saved, self.saved_at = -1, time.monotonic()
        self._resume()

    def go(self, end: float) -> None:
        report = self.told.reporter("training")
        while self.trainer.steps_done < self.steps:
            losses = self._step()
            at = self.trainer.steps_done
            self.told.status = replace(self.told.status, step=at, steps=self.steps, seconds=self._seconds())
            if at % self.pace.log_interval == 0 or at == 1:
                self.run.note("losses", {"step": at, **losses})
            if at % self.pace.eval_interval == 0 or at == self.steps:
                self._evaluate()
            elif time.monotonic() - self.saved_at > self.pace.save_seconds:
                self._save()
            if at % self.pace.eval_interval == 0 and self._has_stalled():
                break
            if time.monotonic() > end and at < self.steps:
                self._leave(lambda: self.told.end("stopped", "This lease of the device is over. It can be resumed."))
                return
            self._tell_step(report)
        if self.told.status.best_step is None:  # finished before, or with fewer steps than now
            self._evaluate()
        self._leave(self._finish)

    def _step(self) -> dict[str, float]:
        losses = self.trainer.step()
        if not all(math.isfinite(loss) for loss in losses.values()):
            raise UserError(
                f"At step {self.trainer.steps_done} the loss is no longer a number; what was learned until step "
                f"{max(self.saved, 0)} is kept. Start anew with a lower rate."
            )
        return losses

    def _tell_step(self, report: Progress) -> None:
        at = self.trainer.steps_done
        done_now = max(1, at - self._started_at)
        left = (self.steps - at) * (time.monotonic() - self.began) / done_now
        try:
            report(at / self.steps, f"Step {at} of {self.steps}, about {as_words(left)} left")
        except Cancelled:
            self._save()
            raise

    def _evaluate(self) -> None:
        """What it can do by now is heard, judged and kept; random numbers go on as if nothing had happened."""
        import torch

        at, status = self.trainer.steps_done, self.told.status
        self.told.say(replace(status, state="evaluating", message=f"Singing at step {at}"))
        with torch.random.fork_rng():
            score = self.trainer.score()
            samples = self.trainer.samples()
            export_step(self.run, self.trainer, at)
        save_samples(self.run.folder / "samples" / f"step-{at:08d}", samples)
        is_best = status.best_score is None or score < status.best_score
        if is_best:
            self.told.status = replace(self.told.status, best_step=at, best_score=score)
        self._save(step_name(at))
        if is_best:
            also_called(self.run.folder / "checkpoints" / LAST, BEST)
        self.run.note("scores", {"step": at, "score": score})
        log.info("step %d: score %.4f", at, score)
        self.told.say(replace(self.told.status, message=f"Heard at step {at}"), now=True)
        keep_newest(self.run.folder / "checkpoints", self.pace.keep_checkpoints)
        forget_exports(self.run, {at, self.told.status.best_step})

    def _has_stalled(self) -> bool:
        return bool(self.pace.patience) and self.run.advice().since >= self.pace.patience

    def _save(self, name: str = "") -> None:
        status, at = self.told.status, self.trainer.steps_done
        best = {"step": status.best_step, "score": status.best_score}
        state = {"trainer": self.trainer.state(), "step": at, "best": best, "seconds": self._seconds()}
        with disk_faults(f"What was learned until step {max(self.saved, 0)} is kept."):
            if self.saved >= 0:  # the one before stays, too, should the disk damage this one
                also_called(self.run.folder / "checkpoints" / LAST, BEFORE)
            path = save_checkpoint(self.run.folder / "checkpoints", state, name or LAST)
            if name:
                also_called(path, LAST)
        self.saved, self.saved_at = at, time.monotonic()

    def _resume(self) -> None:
        sweep(self.run.folder / "checkpoints")
        state = load_newest(self.run.folder / "checkpoints")
        if state is not None:
            self.trainer.restore(state["trainer"])
            self.saved, self.seconds_before = state["step"], state["seconds"]
            best = state["best"]
            self.told.status = replace(self.told.status, best_step=best["step"], best_score=best["score"])
        else:
            self.told.status = replace(self.told.status, best_step=None, best_score=None)
        self._started_at = self.trainer.steps_done
        self.run.forget_after(self._started_at)
        self.told.status = replace(self.told.status, step=self._started_at, steps=self.steps)

    def _leave(self, end: Callable[[], None]) -> None:
        if self.saved != self.trainer.steps_done:
            self._save()
        end()

    def _finish(self) -> None:
        name = self.told.status.voice or publish(self.run, self.told.status).name
        self.told.status = replace(self.told.status, voice=name)
        self.told.end("finished", f"“{name}” is in the library: what was learned by step {self.told.status.best_step}.")

    def _seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.began


def save_samples(folder: Path, samples: Mapping[str, Audio]) -> None:
    """All of them, or none under that name."""
    waiting = folder.with_name(f".{folder.name}")
    shutil.rmtree(waiting, ignore_errors=True)
    for name, audio in samples.items():
        write_audio(waiting / f"{name}.flac", audio, format_name="flac16")
    shutil.rmtree(folder, ignore_errors=True)
    if samples:
        waiting.rename(folder)


def _out_of_memory() -> type[BaseException]:
    import torch

    return torch.OutOfMemoryError
