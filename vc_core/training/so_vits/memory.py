"""Choose a batch size that fits into the free memory."""

import json
import os
from pathlib import Path

import torch

FIXED_GIGABYTES, CLIP_GIGABYTES = 3.0, 1.0
"""Memory of the full networks with their optimisers, and of each further clip of nine seconds; measured on a CPU."""
MAX_CLIPS = 64
FILE = "batch.json"


def choose_batch_size(folder: Path, device: str, clips: int) -> int:
    """Choose at the start of a run; `folder` stores the choice for resuming."""
    file = folder / FILE
    if file.is_file():
        return int(json.loads(file.read_bytes()))
    chosen = fit_batch_size(get_free_gigabytes(device), clips)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(chosen))
    return chosen


def fit_batch_size(free_gigabytes: float, clips: int) -> int:
    return max(1, min(clips, MAX_CLIPS, int((free_gigabytes - FIXED_GIGABYTES) / CLIP_GIGABYTES)))


def get_free_gigabytes(device: str) -> float:
    if device.startswith("cuda"):
        return float(torch.cuda.mem_get_info(torch.device(device))[0] / 1e9)
    if not hasattr(os, "sysconf"):
        return 0.0  # unknown on Windows, which gives a batch of one clip
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
