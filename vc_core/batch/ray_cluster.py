"""Batch processing on a Ray cluster: one actor for each GPU, or for each core.

All machines need Voice Studio, and must see files and voices under the same paths, as on a shared drive.
Actors are used instead of Ray Data, whose actor pool drops items when a machine is lost (docs/decisions.md).
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

from vc_core.batch.journal import TRIES, Executor, Item, Outcome, Work, run_item, set_up_worker
from vc_core.errors import UserError


def is_installed() -> bool:
    return find_spec("ray") is not None


def make_ray_executor(address: str, workers: int = 0) -> Executor:
    """Connects to the cluster when there is something to do; 0 workers: as many as it has GPUs or cores."""
    if not is_installed():
        raise UserError("Ray is not installed. Install it on each machine of the cluster: pip install ray==2.60.0")
    return partial(_run_on_ray, address, workers)


class _Worker:
    """A Ray actor; the loaded engine stays in its memory from item to item."""

    def __init__(self, device: str) -> None:
        set_up_worker(device)

    def is_ready(self) -> None:
        """Returns as soon as the actor has been scheduled."""

    def run_item(self, work: Work, item: Item) -> Outcome:
        return run_item(work, item)


def _run_on_ray(address: str, workers: int, pending: dict[Item, int], work: Work) -> Iterator[Outcome]:
    import ray

    try:
        cluster = ray.init(address, logging_level="ERROR", log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:  # RuntimeError: another version of Ray
        raise UserError(
            "The Ray cluster “{address}” can't be joined. It is started with `ray start --head`, and needs the same "
            "versions of Ray and Python as this machine.",
            address=address,
        ) from error
    with cluster:
        yield from _schedule(workers, pending, work)


def _schedule(workers: int, pending: dict[Item, int], work: Work) -> Iterator[Outcome]:
    """Run until each item is finished or lost its worker too often. A lost worker is replaced."""
    import ray

    create_worker, capacity = _get_worker_factory()
    waiting = list(pending)
    count = min(workers or capacity, len(waiting))
    running: dict[Any, tuple[Any, Item | None]] = {}
    for _ in range(count):
        running |= _start_worker(create_worker)
    failed_starts = 0
    while waiting or any(item for _, item in running.values()):
        reference = ray.wait(list(running))[0][0]
        worker, item = running.pop(reference)
        try:
            outcome = ray.get(reference)
        except ray.exceptions.RayTaskError:
            raise  # an exception of the work, not a lost worker
        except ray.exceptions.RayError:
            if item:
                pending[item] += 1
                waiting += [item] if pending[item] < TRIES else []
            else:  # its machine was just lost, or lacks Voice Studio
                failed_starts += 1
            if failed_starts > TRIES * count:
                raise UserError("No worker can start. Install Voice Studio on each machine of the cluster.") from None
            running |= _start_worker(create_worker) if waiting else {}
            continue
        failed_starts = 0
        if waiting:  # otherwise the worker is released
            following = waiting.pop(0)
            running[worker.run_item.remote(work, _absolute(following))] = (worker, following)
        if item:
            yield replace(outcome, item=item)


def _get_worker_factory() -> tuple[Any, int]:
    """A function that creates a worker, and how many workers fit on the cluster."""
    import ray

    resources = ray.cluster_resources()
    if gpus := int(resources.get("GPU", 0)):
        return partial(ray.remote(num_gpus=1)(_Worker).remote, "cuda"), gpus
    return partial(ray.remote(num_cpus=1)(_Worker).remote, "cpu"), max(1, int(resources.get("CPU", 0)))


def _start_worker(create_worker: Any) -> dict[Any, tuple[Any, None]]:
    worker = create_worker()
    return {worker.is_ready.remote(): (worker, None)}


def _absolute(item: Item) -> Item:
    """Absolute paths: workers have other working directories."""
    return Item(item.source.resolve(), item.target.resolve())
