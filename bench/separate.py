"""Speed, memory and output of Spleeter in torch compared with the original, in turns, with the same checkpoint.

Needs `make spleeter-env`. The checkpoint has the published size and random weights, written by the original's code, so
this says nothing about the quality of the stems.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import soundfile
from measure import ROOT, Cost, cost_of, machine

sys.path.insert(0, str(ROOT / "tests"))
from measures import snr_db

from vc_core.audio import Audio
from vc_core.files.reading import read_audio
from vc_core.separation.spleeter.layouts import MODELS
from vc_core.separation.spleeter.original import get_original_environment
from vc_core.separation.spleeter.separator import Spleeter
from vc_core.separation.spleeter.weights import convert_checkpoint, load_nets

SECONDS = (30, 120, 300)
WARM_RUNS = 3
ORACLE = ROOT / "tests" / "separation" / "spleeter_oracle.py"

OURS_COLD = """
import sys
from pathlib import Path
from vc_core.files.reading import open_audio
from vc_core.separation.spleeter.separator import Spleeter
from vc_core.separation.spleeter.weights import load_nets
song, weights, out = map(Path, sys.argv[1:])
Spleeter(load_nets(weights), "cpu").separate_file(open_audio(song), out, format_name="wav16")
"""

READ = """
import logging, sys, wave, numpy as np
logging.disable(logging.WARNING)
from spleeter.separator import Separator
with wave.open(sys.argv[1]) as file:
    song = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).astype(np.float32) / 32768
"""

ORIGINAL_COLD = (
    READ
    + """
for name, stem in Separator("spleeter:2stems", multiprocess=False).separate(song).items():
    with wave.open(f"{sys.argv[2]}/{name}.wav", "w") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        file.writeframes((np.clip(stem, -1, 1) * 32767).astype("<i2").tobytes())
"""
)

ORIGINAL_WARM = (
    READ
    + """
import json, time
separator, seconds = Separator("spleeter:2stems", multiprocess=False), []
for _ in range(int(sys.argv[3]) + 1):
    started = time.perf_counter()
    stems = separator.separate(song)
    seconds.append(time.perf_counter() - started)
np.savez(sys.argv[2] + "/original.npz", **stems)
print(json.dumps(seconds[1:]))
"""
)


def song_of(seconds: int, folder: Path) -> Path:
    song = read_audio(ROOT / "examples" / "song.flac")
    times = -(-seconds * song.sample_rate // song.frames)
    samples = np.tile(song.samples, times)[:, : seconds * song.sample_rate]
    soundfile.write(folder / f"{seconds}.wav", samples.T, song.sample_rate, subtype="PCM_16")
    return folder / f"{seconds}.wav"


def warm_ours(song: Audio, weights: Path) -> tuple[list[float], dict[str, Audio]]:
    engine, seconds = Spleeter(load_nets(weights), "cpu"), []
    for _ in range(WARM_RUNS + 1):
        started = time.perf_counter()
        stems = engine.separate(song, sums_to_song=False)
        seconds.append(time.perf_counter() - started)
    return seconds[1:], dict(stems)


def warm_original(python: str, song: Path, folder: Path) -> list[float]:
    command = [python, "-c", ORIGINAL_WARM, str(song), str(folder), str(WARM_RUNS)]
    environment = os.environ | {"MODEL_PATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout.splitlines()[-1]))


def row(label: str, ours: float, theirs: float, unit: str) -> str:
    return f"| {label} | {ours:,.1f} {unit} | {theirs:,.1f} {unit} | {theirs / ours:.1f} |"


def compare(seconds: int, folder: Path, weights: Path, python: str) -> None:
    path = song_of(seconds, folder)
    variables = {"MODEL_PATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3"}
    ours_cold: Cost = cost_of(OURS_COLD, str(path), str(weights), str(folder / "ours"))
    original_cold = cost_of(ORIGINAL_COLD, str(path), str(folder), python=python, **variables)
    original = warm_original(python, path, folder)
    ours, stems = warm_ours(read_audio(path), weights)
    print(row(f"{seconds} s, warm", median(ours), median(original), "s"))
    print(row(f"{seconds} s, cold", ours_cold.seconds, original_cold.seconds, "s"))
    print(row(f"{seconds} s, peak memory", ours_cold.peak_megabytes, original_cold.peak_megabytes, "MB"))
    kept = np.load(folder / "original.npz")
    worst = min(snr_db(kept[name].T, stem.samples) for name, stem in stems.items())
    print(f"| {seconds} s, least likeness of a stem | {worst:.1f} dB | | |", flush=True)


def row_of_an_hour(folder: Path, weights: Path) -> str:
    """The original would need about 70 GB, so there is nothing to compare with."""
    cost = cost_of(OURS_COLD, str(song_of(3600, folder)), str(weights), str(folder / "ours"))
    return f"| 60 min, cold | {cost.seconds:,.1f} s, {cost.peak_megabytes:,.0f} MB | | |"


def main() -> None:
    python = str(get_original_environment() / "bin" / "python")
    print(machine(), end="\n\n")
    print("| 2 stems | Voice Studio | original Spleeter | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([python, str(ORACLE), "weights", str(folder), "2"], check=True, stderr=subprocess.DEVNULL)
        weights = folder / "2stems.safetensors"
        convert_checkpoint(folder / "2stems" / "model", MODELS[2], weights)
        for seconds in SECONDS:
            compare(seconds, folder, weights, python)
        print(row_of_an_hour(folder, weights))


if __name__ == "__main__":
    main()
