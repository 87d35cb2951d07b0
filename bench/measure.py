"""Measure the time and peak memory of a program in a child process."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONE_THREAD = {"OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Cost:
    seconds: float
    peak_megabytes: float
    output: str = ""
    """What it printed."""


def cost_of(code: str, *arguments: str, python: str = sys.executable, **variables: str) -> Cost:
    """The cost of a Python program in a fresh process; raises if it fails."""
    # The child reads its own peak: that in rusage includes the parent's from before exec.
    report = "\nimport os\nwith open('/proc/self/status', 'rb') as status: os.write(1, status.read())"
    started = time.perf_counter()
    own = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"} if python == sys.executable else {}
    command = [python, "-c", code + report, *arguments]
    done = subprocess.run(command, env=os.environ | own | variables, stdout=subprocess.PIPE, check=True)
    seconds = time.perf_counter() - started
    peak_megabytes = int(done.stdout.split(b"VmHWM:")[1].split()[0]) / 1024
    return Cost(seconds, peak_megabytes, done.stdout.decode())


def machine() -> str:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": unknown")
    return f"{os.cpu_count()} cores, {model.split(':', 1)[1].strip()}, Python {sys.version.split()[0]}"
