"""How many clips a step can hear at once: as many as fit into the memory that is free."""

import json
import os
from pathlib import Path

import torch

FIXED_GIGABYTES, CLIP_GIGABYTES = 3.0, 1.0
"""What the full networks take with their optimisers, and what each clip of nine seconds adds; measured on a CPU."""
MOST_CLIPS = 64
FILE = "batch.json"


def choose_batch_size(folder: Path, device: str, clips: int) -> int:
    """The same for all of a run: what was chosen at its start is kept in `folder`."""
    kept = folder / FILE
    if kept.is_file():
        return int(json.loads(kept.read_bytes()))
    chosen = batch_that_fits(free_gigabytes(device), clips)
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(chosen))
    return chosen


def batch_that_fits(free_gigabytes: float, clips: int) -> int:
    return max(1, min(clips, MOST_CLIPS, int((free_gigabytes - FIXED_GIGABYTES) / CLIP_GIGABYTES)))


def free_gigabytes(device: str) -> float:
    if device.startswith("cuda"):
        return float(torch.cuda.mem_get_info(torch.device(device))[0] / 1e9)
    if not hasattr(os, "sysconf"):
        return 0.0  # not known there, so that one clip is taken
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
