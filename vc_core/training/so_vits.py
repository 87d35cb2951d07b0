"""Train a so-vits voice: so-vits-svc-fork's networks, in a loop that can be stopped and resumed after any step.

C. Liu et al., “DiffSVC”, and J. Kim et al., “VITS” (2021), are where the losses come from. Both sides learn from one
pass through the judges, where it usually takes two.
"""

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.progress import Progress, part_of, silent
from vc_core.training.adversarial import on_cpu
from vc_core.training.base import Clips, Product, Trainer
from vc_core.training.kmeans import clusters_of, write_clusters
from vc_core.training.ranks import Ranks, devices_for, start_ranks
from vc_core.training.so_vits_batches import Batch, Share, batch_of_step, noise_seed
from vc_core.training.so_vits_config import RATE, config_of
from vc_core.training.so_vits_export import FORK_FOLDER, Place, write_for_fork, write_voice
from vc_core.training.so_vits_features import Hearing, prepare_features, reach_of
from vc_core.training.so_vits_memory import choose_batch_size
from vc_core.training.so_vits_network import build_generator, build_judges, losses_of
from vc_core.training.so_vits_recordings import Recordings, hold_out
from vc_core.training.so_vits_settings import SoVitsSettings, count_steps, steps_per_epoch
from vc_core.training.so_vits_start import PRETRAINED, Pins, begin_from, fetch_start
from vc_core.training.so_vits_trial import Trial

log = logging.getLogger(__name__)

USUAL_EPOCHS = 100
LOSSES = ("generator", "mel", "kl", "features", "deceiving", "pitch", "judges")
PRECISIONS = {"full": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class SoVitsTrainer(Trainer):
    def __init__(
        self,
        recordings: Recordings,
        settings: SoVitsSettings,
        config: dict[str, Any],
        device: str = "cpu",
        ranks: Ranks = Ranks(),
    ) -> None:
        self.settings, self.config, self._recordings = settings, config, recordings
        self._device = torch.device(device)
        self._clips = recordings.all_learned
        self.steps_per_epoch = steps_per_epoch(len(self._clips), settings.batch_size)
        with torch.random.fork_rng():
            torch.manual_seed(settings.seed)
            self.generator = build_generator(config).to(self._device).train()
            self.judges = build_judges(settings.judges).to(self._device).train()
        self._optimisers = [self._optimiser(network) for network in (self.generator, self.judges)]
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=settings.precision == "fp16")
        self._reader = ThreadPoolExecutor(1)
        self._coming: tuple[int, Future[Batch | None]] | None = None
        self.ranks = ranks
        self._trial = Trial(recordings.all_held_out)
        self.origin: dict[str, str] = {"started from": "scratch"}

    def _optimiser(self, network: nn.Module) -> torch.optim.AdamW:
        train, is_fused = self.config["train"], self._device.type == "cuda"
        rate, betas = self.settings.learning_rate, tuple(train["betas"])
        return torch.optim.AdamW(network.parameters(), rate, betas=betas, eps=train["eps"], fused=is_fused)

    @property
    def epoch(self) -> int:
        return self.steps_done // self.steps_per_epoch

    @property
    def rate(self) -> float:
        return self.settings.learning_rate * self.settings.lr_decay**self.epoch

    def step(self) -> dict[str, float]:
        self.ranks.lead(self.state)
        return self.step_together()

    def step_together(self) -> dict[str, float]:
        """A step of one of several devices; of all of them at the same time."""
        batch, networks = self._next_batch(), (self.generator, self.judges)
        clips = 0 if batch is None else len(batch.lengths)
        nothing = self._scaler.scale(torch.zeros(len(LOSSES), device=self._device))
        values = nothing if batch is None else self._learn_from(batch)
        values = self.ranks.share_gradients(networks, values, clips)
        for optimiser in self._optimisers:
            optimiser.param_groups[0]["lr"] = self.rate
            self._scaler.step(optimiser)
            optimiser.zero_grad(set_to_none=True)
        self._scaler.update()
        self.steps_done += 1
        return dict(zip(LOSSES, values.tolist(), strict=True))

    def _learn_from(self, batch: Batch) -> Tensor:
        """The losses; their gradients are with the weights then."""
        train = self.config["train"]
        with self._chance_of_step(), torch.autocast(self._device.type, **self._precision()):
            losses = losses_of(self.generator, self.judges, batch, train["c_mel"], train["c_kl"])
        for network, loss in ((self.judges, losses.judges), (self.generator, losses.generator)):
            # The first leaves in place what the second still needs.
            scaled, weights = self._scaler.scale(loss), list(network.parameters())
            scaled.backward(inputs=weights, retain_graph=network is self.judges)  # type: ignore[no-untyped-call]
        return torch.stack([losses.generator, *(losses.terms[name] for name in LOSSES[1:])]).detach().float()

    def _precision(self) -> dict[str, Any]:
        kind = PRECISIONS[self.settings.precision]
        return {"enabled": False} if kind == torch.float32 else {"dtype": kind}

    @contextmanager
    def _chance_of_step(self) -> Iterator[None]:
        devices = [self._device] if self._device.type == "cuda" else []
        # Compiled parts would round their first calls otherwise than later ones, and a resumed run begins anew.
        with torch.random.fork_rng(devices=devices), torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            torch.manual_seed(noise_seed(self.settings.seed, self.steps_done, self.ranks.rank))
            yield

    def _next_batch(self) -> Batch | None:
        """Read while the step before it was being made, where that was foreseen."""
        foreseen, self._coming = self._coming, None
        batch = foreseen[1].result() if foreseen and foreseen[0] == self.steps_done else self._read(self.steps_done)
        self._coming = (self.steps_done + 1, self._reader.submit(self._read, self.steps_done + 1))
        return batch and batch.to(self._device)

    def _read(self, step: int) -> Batch | None:
        share = Share(self.ranks.rank, self.ranks.count)
        batch = batch_of_step(self._clips, self.settings.batch_size, self.settings.seed, step, share)
        return batch.pinned() if batch and self._device.type == "cuda" else batch

    def state(self) -> dict[str, Any]:
        state = {
            "steps_done": self.steps_done,
            "generator": dict(self.generator.state_dict()),
            "judges": dict(self.judges.state_dict()),
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
            "scaler": self._scaler.state_dict(),
            "origin": self.origin,
        }
        return dict(on_cpu(state))

    def restore(self, state: Mapping[str, Any]) -> None:
        self.steps_done, self.origin = state["steps_done"], state["origin"]
        self.generator.load_state_dict(state["generator"])
        self.judges.load_state_dict(state["judges"])
        for optimiser, saved in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self._scaler.load_state_dict(state["scaler"])
        self.ranks.forget()

    def close(self) -> None:
        self.ranks.close()

    def score(self) -> float:
        """How far the mel spectra of the held-out clips are from what it makes of them."""
        return self._trial.distance(self.generator)

    def samples(self) -> dict[str, Audio]:
        return self._trial.samples(self.generator)

    def export(self, folder: Path) -> Product:
        settings, place = self.settings, Place(self.steps_done, self.epoch, self.rate, self.settings.keep_ckpts)
        write_voice(folder, self.generator, self.config)
        if settings.clusters:
            found = {n: clusters_of(p, settings.clusters, settings.seed) for n, p in self._recordings.learned.items()}
            write_clusters(folder, found)
        if settings.keep_ckpts:
            networks = {"G": (self.generator, self._optimisers[0]), "D": (self.judges, self._optimisers[1])}
            write_for_fork(self._recordings.folder / FORK_FOLDER, self.config, networks, place)
        told = {"speaker": next(iter(self.config["spk"])), "made with": settings.template, **self.origin}
        return Product("so-vits", RATE, reach_of(self._clips), told)


def prepare_so_vits(
    clips: Clips, settings: SoVitsSettings, folder: Path, device: str = "cpu", progress: Progress = silent
) -> SoVitsTrainer:
    if settings.precision == "fp16" and not device.startswith("cuda"):
        raise UserError("Half precision “fp16” needs an NVIDIA graphics card. Choose “full”, or “bf16”.")
    start = None
    if settings.start == "pretrained":
        pins = Pins(settings.start_revision, settings.start_generator_sha256, settings.start_judges_sha256)
        start = fetch_start(settings.template, pins, progress=part_of(progress, 0.0, 0.3))
    config = config_of(settings, sorted(clips.folders))
    hearing = Hearing(config["model"]["ssl_dim"], settings.pitch_method, device)
    kept = prepare_features(clips, config["spk"], hearing, folder, progress=part_of(progress, 0.3, 1.0))
    recordings = hold_out(kept, folder)
    if not settings.batch_size:
        fitting = choose_batch_size(folder, device, len(recordings.all_learned)) * settings.devices
        settings = replace(settings, batch_size=min(fitting, len(recordings.all_learned)))
        config["train"]["batch_size"] = settings.batch_size
    counted = count_steps(len(recordings.all_learned), settings.batch_size, USUAL_EPOCHS)
    log.info(counted)
    progress(1.0, counted)
    devices = devices_for(device, settings.devices)
    trainer = SoVitsTrainer(recordings, settings, config, devices[0])
    if start is not None:
        begin_from(trainer.generator, start.generator, PRETRAINED[settings.template].differs)
        begin_from(trainer.judges, start.judges)
        trainer.origin = start.origin
    trainer.ranks = start_ranks(partial(SoVitsTrainer, recordings, settings, config), devices)
    return trainer
