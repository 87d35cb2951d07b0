"""A batch past one machine: its items spread over a Ray cluster, one worker for each GPU, or for each core.

All machines of the cluster have Voice Studio, and see files and voices under the same paths, as on a shared drive.
Ray's actors are used and not Ray Data, whose pool gives items up when a machine is lost (docs/decisions.md).
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

from vc_core.batch import TRIES, Crew, Item, Outcome, Work, outcome_of, settle_on
from vc_core.errors import UserError


def is_installed() -> bool:
    return find_spec("ray") is not None


def on_cluster(address: str, workers: int = 0) -> Crew:
    """The cluster is joined when there is something to do; 0 workers are as many as it has room for."""
    if not is_installed():
        raise UserError("Ray is not installed. Install it on each machine of the cluster: pip install ray==2.60.0")
    return partial(_joined, address, workers)


class _Worker:
    """A process of the cluster, which keeps the engine it loaded from one item to the next."""

    def __init__(self, device: str) -> None:
        settle_on(device)

    def is_ready(self) -> None:
        """Answers as soon as there is a place for it."""

    def outcome_of(self, work: Work, item: Item) -> Outcome:
        return outcome_of(work, item)


def _joined(address: str, workers: int, missing: dict[Item, int], work: Work) -> Iterator[Outcome]:
    import ray

    try:
        cluster = ray.init(address, logging_level="ERROR", log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:  # the last, if it runs another version
        raise UserError(
            f"The Ray cluster “{address}” can't be joined. It is started with `ray start --head`, "
            "and needs the same versions of Ray and Python as this machine."
        ) from error
    with cluster:
        yield from _spread(workers, missing, work)


def _spread(workers: int, missing: dict[Item, int], work: Work) -> Iterator[Outcome]:
    """Until each item is done or lost its worker too often. A worker that was lost gets a successor."""
    import ray

    hire, places = _places()
    waiting = list(missing)
    most = min(workers or places, len(waiting))
    ahead: dict[Any, tuple[Any, Item | None]] = {}
    for _ in range(most):
        ahead |= _hired(hire)
    failed_starts = 0
    while waiting or any(item for _, item in ahead.values()):
        answer = ray.wait(list(ahead))[0][0]
        worker, item = ahead.pop(answer)
        try:
            outcome = ray.get(answer)
        except ray.exceptions.RayTaskError:
            raise  # a bug in the work, and no loss
        except ray.exceptions.RayError:
            if item:
                missing[item] += 1
                waiting += [item] if missing[item] < TRIES else []
            else:  # on a machine that was lost just now, or there is no Voice Studio
                failed_starts += 1
            if failed_starts > TRIES * most:
                raise UserError("No worker can start. Install Voice Studio on each machine of the cluster.") from None
            ahead |= _hired(hire) if waiting else {}
            continue
        failed_starts = 0
        if waiting:  # else it is let go, and its place is free
            following = waiting.pop(0)
            ahead[worker.outcome_of.remote(work, _absolute(following))] = (worker, following)
        if item:
            yield replace(outcome, item=item)


def _places() -> tuple[Any, int]:
    """What hires a worker, and how many the cluster has room for."""
    import ray

    has = ray.cluster_resources()
    if gpus := int(has.get("GPU", 0)):
        return partial(ray.remote(num_gpus=1)(_Worker).remote, "cuda"), gpus
    return partial(ray.remote(num_cpus=1)(_Worker).remote, "cpu"), max(1, int(has.get("CPU", 0)))


def _hired(hire: Any) -> dict[Any, tuple[Any, None]]:
    worker = hire()
    return {worker.is_ready.remote(): (worker, None)}


def _absolute(item: Item) -> Item:
    """Workers run in folders of their own."""
    return Item(item.source.resolve(), item.target.resolve())
