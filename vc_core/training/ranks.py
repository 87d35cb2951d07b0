"""Data-parallel training on several devices: each rank processes its shard of a batch, gradients are averaged.

Rank 0 is the run's worker process, which alone saves, evaluates and is stopped. It starts a child process for each
further device; those only do the optimiser steps and end with it, so that all ranks always have the same weights.
"""

import logging
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.distributed as distributed
from torch import Tensor, nn

from vc_core.errors import Message, UserError

log = logging.getLogger(__name__)
COLLECTIVE_TIMEOUT = timedelta(hours=12)
"""The other ranks wait while rank 0 evaluates; a dead rank is noticed at once."""
STEP = "step"


class RankTrainer(Protocol):
    def step_distributed(self) -> dict[str, float]: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


class Ranks:
    """This process's rank in the process group; with a single device all methods do nothing."""

    def __init__(self, rank: int = 0, devices: Sequence[str] = ("cpu",), rendezvous: Path | None = None) -> None:
        self.rank, self.count = rank, len(devices)
        self._is_synchronised, self._rendezvous = False, rendezvous
        self._gradient_group: distributed.ProcessGroup | None = None
        if rendezvous is not None:
            init = f"file://{rendezvous}"
            distributed.init_process_group(
                "gloo", init_method=init, rank=rank, world_size=self.count, timeout=COLLECTIVE_TIMEOUT
            )
            # Messages go through gloo, which notices a dead process at once; gradients through NCCL between GPUs.
            if devices[0].startswith("cuda"):
                torch.cuda.set_device(devices[rank])
                self._gradient_group = distributed.new_group(backend="nccl")

    def start_step(self, state: Callable[[], Mapping[str, Any]]) -> None:
        """Make the other ranks do a step, too; first, and after `mark_out_of_sync`, they receive the state."""
        if self.count == 1:
            return
        with _explain_lost_rank():
            if not self._is_synchronised:
                distributed.broadcast_object_list([state()])
                self._is_synchronised = True
            distributed.broadcast_object_list([STEP])

    def mark_out_of_sync(self) -> None:
        self._is_synchronised = False

    def average_gradients(self, networks: Sequence[nn.Module], values: Tensor, clips: int) -> Tensor:
        """Average the gradients, and `values` of shape (N,), over all clips of the batch on all ranks."""
        if self.count == 1:
            return values
        weights = [weight for network in networks for weight in network.parameters()]
        with _explain_lost_rank():
            counts = torch.tensor(
                [clips, *(weight.grad is not None for weight in weights)], dtype=torch.float, device=values.device
            )
            distributed.all_reduce(counts, group=self._gradient_group)
            total, *gradient_counts = counts.tolist()
            trained = [weight for weight, count in zip(weights, gradient_counts, strict=True) if count]
            gradients = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in trained]
            everything = torch.cat([values, *(gradient.reshape(-1) for gradient in gradients)]) * (clips / total)
            distributed.all_reduce(everything, group=self._gradient_group)
        parts: Sequence[Tensor] = everything.split([len(values), *(weight.numel() for weight in trained)])
        for weight, gradient in zip(trained, parts[1:], strict=True):
            weight.grad = gradient.view_as(weight)
        return parts[0]

    def close(self) -> None:
        if self.count == 1:
            return
        if self.rank == 0:
            try:
                distributed.broadcast_object_list([None])
            except RuntimeError as error:  # the other processes have ended already
                log.info("%s", error)
        distributed.destroy_process_group()
        if self._rendezvous is not None:
            shutil.rmtree(self._rendezvous.parent, ignore_errors=True)


def start_ranks(make: Callable[[str, Ranks], RankTrainer], devices: Sequence[str]) -> Ranks:
    """Start a child process for each device but the first; `make` must be picklable."""
    if len(devices) == 1:
        return Ranks()
    rendezvous = Path(tempfile.mkdtemp(prefix="voice-studio-ranks-")) / "rendezvous"
    context = multiprocessing.get_context("spawn")
    for rank in range(1, len(devices)):
        context.Process(target=_run_rank, args=(make, rank, tuple(devices), rendezvous), daemon=True).start()
    return Ranks(0, devices, rendezvous)


def list_devices(device: str, count: int) -> tuple[str, ...]:
    if count == 1:
        return (device,)
    is_cuda = device.startswith("cuda")
    there = torch.cuda.device_count() if is_cuda else os.cpu_count() or 1
    if count > there:
        raise UserError(
            "There are {count} {what} here. Choose fewer devices.",
            count=there,
            what=Message("graphics cards") if is_cuda else Message("cores"),
        )
    return tuple(f"cuda:{at}" if is_cuda else device for at in range(count))


def _run_rank(make: Callable[[str, Ranks], RankTrainer], rank: int, devices: Sequence[str], rendezvous: Path) -> None:
    torch.set_num_threads(max(1, torch.get_num_threads() // len(devices)))
    ranks = Ranks(rank, devices, rendezvous)
    trainer = make(devices[rank], ranks)
    while True:
        message: list[Any] = [None]
        try:
            distributed.broadcast_object_list(message)
        except RuntimeError:  # rank 0 has been killed
            return
        if message[0] is None:
            ranks.close()
            return
        if message[0] == STEP:
            trainer.step_distributed()
        else:
            trainer.load_state_dict(message[0])


@contextmanager
def _explain_lost_rank() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        log.exception("a rank is lost")
        raise UserError(
            "One of the devices that trained together has stopped, as when its memory is full. What was saved is "
            "kept: resume."
        ) from error
