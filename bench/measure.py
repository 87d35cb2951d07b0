"""Run a command as a process of its own and take its time and its peak memory."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    seconds: float
    peak_megabytes: float


def cost_of(code: str, *arguments: str, python: str = sys.executable, **variables: str) -> Cost:
    """The cost of a Python program in a fresh process; raises if it fails."""
    started = time.perf_counter()
    own = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"} if python == sys.executable else {}
    process = subprocess.Popen([python, "-c", code, *arguments], env=os.environ | own | variables)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"the measured program failed with status {status}")
    return Cost(time.perf_counter() - started, usage.ru_maxrss / 1024)


def machine() -> str:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": unknown")
    return f"{os.cpu_count()} cores, {model.split(':', 1)[1].strip()}, Python {sys.version.split()[0]}"
