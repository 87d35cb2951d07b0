"""Trainer of so-vits voices (VITS), with the networks of so-vits-svc-fork, resumable after any optimiser step.

The losses are from C. Liu et al., “DiffSVC”, and J. Kim et al., “VITS” (2021). Generator and discriminator share one
discriminator pass, where it usually takes two.
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
from vc_core.progress import Progress, silent, subprogress
from vc_core.training.adversarial import move_to_cpu
from vc_core.training.base import Clips, TrainedModel, Trainer
from vc_core.training.ranks import Ranks, list_devices, start_ranks
from vc_core.training.so_vits.batches import Batch, Shard, draw_noise_seed, load_batch
from vc_core.training.so_vits.config import SAMPLE_RATE, build_config
from vc_core.training.so_vits.evaluation import HeldOutEvaluation
from vc_core.training.so_vits.export import FORK_FOLDER, CheckpointInfo, write_fork_checkpoints, write_voice
from vc_core.training.so_vits.features import FeatureOptions, measure_range_hz, prepare_features
from vc_core.training.so_vits.kmeans import fit_clusters, load_content_frames, write_clusters, write_frames
from vc_core.training.so_vits.memory import choose_batch_size
from vc_core.training.so_vits.network import build_discriminator, build_generator, compute_losses
from vc_core.training.so_vits.pretrained import PRETRAINED, PinnedVersion, fetch_start_weights, load_start_weights
from vc_core.training.so_vits.settings import SoVitsSettings, count_steps_per_epoch, describe_steps
from vc_core.training.so_vits.split import SplitFeatures, split_held_out

log = logging.getLogger(__name__)

USUAL_EPOCHS = 100
LOSSES = ("generator", "mel", "kl", "features", "deceiving", "pitch", "judges")
PRECISIONS = {"full": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class SoVitsTrainer(Trainer):
    def __init__(
        self,
        features: SplitFeatures,
        settings: SoVitsSettings,
        config: dict[str, Any],
        device: str = "cpu",
        ranks: Ranks = Ranks(),
    ) -> None:
        self.settings, self.config, self._features = settings, config, features
        self._device = torch.device(device)
        self._clips = features.all_training
        self.steps_per_epoch = count_steps_per_epoch(len(self._clips), settings.batch_size)
        with torch.random.fork_rng():
            torch.manual_seed(settings.seed)
            self.generator = build_generator(config).to(self._device).train()
            self.discriminator = build_discriminator(settings.judges).to(self._device).train()
        self._optimisers = [self._make_optimiser(network) for network in (self.generator, self.discriminator)]
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=settings.precision == "fp16")
        self._reader = ThreadPoolExecutor(1)
        self._prefetched: tuple[int, Future[Batch | None]] | None = None
        self.ranks = ranks
        self._evaluation = HeldOutEvaluation(features.all_held_out)
        self.origin: dict[str, str] = {"started from": "scratch"}

    def _make_optimiser(self, network: nn.Module) -> torch.optim.AdamW:
        train, is_fused = self.config["train"], self._device.type == "cuda"
        initial, betas = self.settings.learning_rate, tuple(train["betas"])
        return torch.optim.AdamW(network.parameters(), initial, betas=betas, eps=train["eps"], fused=is_fused)

    @property
    def epoch(self) -> int:
        return self.steps_done // self.steps_per_epoch

    @property
    def learning_rate(self) -> float:
        return self.settings.learning_rate * self.settings.lr_decay**self.epoch

    def step(self) -> dict[str, float]:
        self.ranks.start_step(self.state_dict)
        return self.step_distributed()

    def step_distributed(self) -> dict[str, float]:
        """Do this rank's part of a step that all ranks do at the same time."""
        batch, networks = self._next_batch(), (self.generator, self.discriminator)
        clips = 0 if batch is None else len(batch.lengths)
        zeros = self._scaler.scale(torch.zeros(len(LOSSES), device=self._device))
        values = zeros if batch is None else self._backpropagate(batch)
        values = self.ranks.average_gradients(networks, values, clips)
        for optimiser in self._optimisers:
            optimiser.param_groups[0]["lr"] = self.learning_rate
            self._scaler.step(optimiser)
            optimiser.zero_grad(set_to_none=True)
        self._scaler.update()
        self.steps_done += 1
        return dict(zip(LOSSES, values.tolist(), strict=True))

    def _backpropagate(self, batch: Batch) -> Tensor:
        """Compute the gradients of all weights, and return the losses."""
        train = self.config["train"]
        with self._seed_step(), torch.autocast(self._device.type, **self._choose_precision()):
            losses = compute_losses(self.generator, self.discriminator, batch, train["c_mel"], train["c_kl"])
        for network, loss in ((self.discriminator, losses.discriminator), (self.generator, losses.generator)):
            # Retain the graph of the shared discriminator pass for the generator.
            scaled, weights = self._scaler.scale(loss), list(network.parameters())
            scaled.backward(inputs=weights, retain_graph=network is self.discriminator)  # type: ignore[no-untyped-call]
        return torch.stack([losses.generator, *(losses.terms[name] for name in LOSSES[1:])]).detach().float()

    def _choose_precision(self) -> dict[str, Any]:
        kind = PRECISIONS[self.settings.precision]
        return {"enabled": False} if kind == torch.float32 else {"dtype": kind}

    @contextmanager
    def _seed_step(self) -> Iterator[None]:
        devices = [self._device] if self._device.type == "cuda" else []
        # Without optimised execution: TorchScript rounds its first calls differently, so resuming would not be exact.
        with torch.random.fork_rng(devices=devices), torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            torch.manual_seed(draw_noise_seed(self.settings.seed, self.steps_done, self.ranks.rank))
            yield

    def _next_batch(self) -> Batch | None:
        """Take the batch that was prefetched during the previous step, and prefetch the next one."""
        prefetched, self._prefetched = self._prefetched, None
        is_next = prefetched and prefetched[0] == self.steps_done
        batch = prefetched[1].result() if prefetched and is_next else self._read(self.steps_done)
        self._prefetched = (self.steps_done + 1, self._reader.submit(self._read, self.steps_done + 1))
        return batch and batch.to(self._device)

    def _read(self, step: int) -> Batch | None:
        shard = Shard(self.ranks.rank, self.ranks.count)
        batch = load_batch(self._clips, self.settings.batch_size, self.settings.seed, step, shard)
        return batch.pin() if batch and self._device.type == "cuda" else batch

    def state_dict(self) -> dict[str, Any]:
        state = {
            "steps_done": self.steps_done,
            "generator": dict(self.generator.state_dict()),
            "judges": dict(self.discriminator.state_dict()),
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
            "scaler": self._scaler.state_dict(),
            "origin": self.origin,
        }
        return dict(move_to_cpu(state))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.steps_done, self.origin = state["steps_done"], state["origin"]
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["judges"])
        for optimiser, saved in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self._scaler.load_state_dict(state["scaler"])
        self.ranks.mark_out_of_sync()

    def close(self) -> None:
        self.ranks.close()

    def score_held_out(self) -> float:
        """Mel distance between held-out clips and their resynthesis."""
        return self._evaluation.measure_distance(self.generator)

    def render_samples(self) -> dict[str, Audio]:
        return self._evaluation.render_samples(self.generator)

    def export(self, folder: Path) -> TrainedModel:
        settings = self.settings
        write_voice(folder, self.generator, self.config)
        if settings.clusters:
            training = self._features.training
            clusters = {n: fit_clusters(paths, settings.clusters, settings.seed) for n, paths in training.items()}
            write_clusters(folder, clusters)
        if settings.retrieval_frames:
            training = self._features.training
            write_frames(folder, {n: load_content_frames(p, settings.retrieval_frames) for n, p in training.items()})
        if settings.keep_ckpts:
            networks = {"G": (self.generator, self._optimisers[0]), "D": (self.discriminator, self._optimisers[1])}
            info = CheckpointInfo(self.steps_done, self.epoch, self.learning_rate, settings.keep_ckpts)
            write_fork_checkpoints(self._features.folder / FORK_FOLDER, self.config, networks, info)
        origin = {"speaker": next(iter(self.config["spk"])), "made with": settings.template, **self.origin}
        return TrainedModel("so-vits", SAMPLE_RATE, measure_range_hz(self._clips), origin)


def prepare_so_vits(
    clips: Clips, settings: SoVitsSettings, folder: Path, device: str = "cpu", progress: Progress = silent
) -> SoVitsTrainer:
    if settings.precision == "fp16" and not device.startswith("cuda"):
        raise UserError("Half precision “fp16” needs an NVIDIA graphics card. Choose “full”, or “bf16”.")
    start = None
    if settings.start == "pretrained":
        pinned = PinnedVersion(settings.start_revision, settings.start_generator_sha256, settings.start_judges_sha256)
        start = fetch_start_weights(settings.template, pinned, progress=subprogress(progress, 0.0, 0.3))
    config = build_config(settings, sorted(clips.folders))
    options = FeatureOptions(config["model"]["ssl_dim"], settings.pitch_method, device)
    cached = prepare_features(clips, config["spk"], options, folder, progress=subprogress(progress, 0.3, 1.0))
    features = split_held_out(cached, folder)
    if not settings.batch_size:
        fitting = choose_batch_size(folder, device, len(features.all_training)) * settings.devices
        settings = replace(settings, batch_size=min(fitting, len(features.all_training)))
        config["train"]["batch_size"] = settings.batch_size
    description = describe_steps(len(features.all_training), settings.batch_size, USUAL_EPOCHS)
    log.info(description)
    progress(1.0, description)
    devices = list_devices(device, settings.devices)
    trainer = SoVitsTrainer(features, settings, config, devices[0])
    if start is not None:
        load_start_weights(trainer.generator, start.generator, PRETRAINED[settings.template].reinitialised)
        load_start_weights(trainer.discriminator, start.discriminator)
        trainer.origin = start.origin
    trainer.ranks = start_ranks(partial(SoVitsTrainer, features, settings, config), devices)
    return trainer
