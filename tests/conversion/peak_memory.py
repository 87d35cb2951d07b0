"""Peak memory of a conversion from file to file, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PROGRAM = """
import sys
from pathlib import Path
import torch
from vc_core.conversion import load_converter
from vc_core.files.reading import open_audio
from vc_core.voices.library import VoiceLibrary

torch.set_num_threads(1)
song, target, voices = map(Path, sys.argv[1:])
converted = load_converter(VoiceLibrary(voices).find("Tester")).convert_file(open_audio(song), target)
assert open_audio(converted.path).frames == open_audio(song).frames
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
only_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its peak")


def measure_conversion_megabytes(song: Path, voices: Path) -> float:
    """By the voice “Tester” of that library."""
    command = [sys.executable, "-c", PROGRAM, song, song.with_suffix(".flac"), voices]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1024
