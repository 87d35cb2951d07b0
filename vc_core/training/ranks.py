"""One training on several devices: each hears its share of every batch, and all learn the mean of what they heard.

The process that works on the run leads: it alone saves, listens and is stopped. It starts one more for each further
device; those do nothing but each step, when it is done, and end with it. So every device has the same weights always.
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

from vc_core.errors import UserError

log = logging.getLogger(__name__)
LONGEST_WAIT = timedelta(hours=12)
"""While the first one listens to what it has learned, the others wait; one that has died is noticed at once."""
STEP = "step"
LOST = (
    "One of the devices that trained together has stopped, as when its memory is full. What was saved is kept: resume."
)


class Follower(Protocol):
    def step_together(self) -> dict[str, float]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


class Ranks:
    """This process among those of a training. Alone it has nothing to do."""

    def __init__(self, rank: int = 0, devices: Sequence[str] = ("cpu",), meeting: Path | None = None) -> None:
        self.rank, self.count = rank, len(devices)
        self._are_alike, self._meeting = False, meeting
        self._gradients: distributed.ProcessGroup | None = None
        if meeting is not None:
            init = f"file://{meeting}"
            distributed.init_process_group(
                "gloo", init_method=init, rank=rank, world_size=self.count, timeout=LONGEST_WAIT
            )
            # What is said goes through gloo, which notices a dead process at once; gradients from card to card.
            if devices[0].startswith("cuda"):
                torch.cuda.set_device(devices[rank])
                self._gradients = distributed.new_group(backend="nccl")

    def lead(self, state: Callable[[], Mapping[str, Any]]) -> None:
        """The others do a step, too; at first, and after `forget`, they are told what is known by now."""
        if self.count == 1:
            return
        with _explained():
            if not self._are_alike:
                distributed.broadcast_object_list([state()])
                self._are_alike = True
            distributed.broadcast_object_list([STEP])

    def forget(self) -> None:
        self._are_alike = False

    def share_gradients(self, networks: Sequence[nn.Module], values: Tensor, clips: int) -> Tensor:
        """Gradients become the mean over all clips of the batch, whichever device heard them; so do the `values`."""
        if self.count == 1:
            return values
        weights = [weight for network in networks for weight in network.parameters()]
        with _explained():
            counts = torch.tensor(
                [clips, *(weight.grad is not None for weight in weights)], dtype=torch.float, device=values.device
            )
            distributed.all_reduce(counts, group=self._gradients)
            total, *have = counts.tolist()
            learning = [weight for weight, had in zip(weights, have, strict=True) if had]
            found = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in learning]
            everything = torch.cat([values, *(gradient.reshape(-1) for gradient in found)]) * (clips / total)
            distributed.all_reduce(everything, group=self._gradients)
        parts: Sequence[Tensor] = everything.split([len(values), *(weight.numel() for weight in learning)])
        for weight, gradient in zip(learning, parts[1:], strict=True):
            weight.grad = gradient.view_as(weight)
        return parts[0]

    def close(self) -> None:
        if self.count == 1:
            return
        if self.rank == 0:
            try:
                distributed.broadcast_object_list([None])
            except RuntimeError as error:  # they are gone already
                log.info("%s", error)
        distributed.destroy_process_group()
        if self._meeting is not None:
            shutil.rmtree(self._meeting.parent, ignore_errors=True)


def start_ranks(make: Callable[[str, Ranks], Follower], devices: Sequence[str]) -> Ranks:
    """A process for each device but the first, which is this one's own; `make` must be fit for sending."""
    if len(devices) == 1:
        return Ranks()
    meeting = Path(tempfile.mkdtemp(prefix="voice-studio-ranks-")) / "meeting"
    context = multiprocessing.get_context("spawn")
    for rank in range(1, len(devices)):
        context.Process(target=_follow, args=(make, rank, tuple(devices), meeting), daemon=True).start()
    return Ranks(0, devices, meeting)


def devices_for(device: str, count: int) -> tuple[str, ...]:
    if count == 1:
        return (device,)
    is_cuda = device.startswith("cuda")
    there = torch.cuda.device_count() if is_cuda else os.cpu_count() or 1
    if count > there:
        raise UserError(f"There are {there} {'graphics cards' if is_cuda else 'cores'} here. Choose fewer devices.")
    return tuple(f"cuda:{at}" if is_cuda else device for at in range(count))


def _follow(make: Callable[[str, Ranks], Follower], rank: int, devices: Sequence[str], meeting: Path) -> None:
    torch.set_num_threads(max(1, torch.get_num_threads() // len(devices)))
    ranks = Ranks(rank, devices, meeting)
    follower = make(devices[rank], ranks)
    while True:
        told: list[Any] = [None]
        try:
            distributed.broadcast_object_list(told)
        except RuntimeError:  # the first has been killed
            return
        if told[0] is None:
            ranks.close()
            return
        if told[0] == STEP:
            follower.step_together()
        else:
            follower.restore(told[0])


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        log.exception("a rank is lost")
        raise UserError(LOST) from error
