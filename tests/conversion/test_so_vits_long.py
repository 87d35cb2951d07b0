"""Half an hour in a so-vits voice takes the memory of three minutes, from file to file."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import ROOT
from conversion.so_vits_maker import make_so_vits_voice, write_content_vec

RATE = 16_000
PROGRAM = """
import sys
from pathlib import Path
import torch
from vc_core.conversion import load_converter
from vc_core.reading import open_audio
from vc_core.voices import VoiceLibrary

torch.set_num_threads(1)
song, target, voices = map(Path, sys.argv[1:])
converted = load_converter(VoiceLibrary(voices).find("Tester")).convert_file(open_audio(song), target)
assert open_audio(converted.path).frames == open_audio(song).frames
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def write_phrases(path: Path, minutes: int) -> None:
    """A second of tone in every third minute: what is silent is heard, but not sung, so that this takes no hour."""
    times = np.arange(RATE) / RATE
    phrase = np.zeros(180 * RATE, np.float32)
    phrase[20 * RATE : 21 * RATE] = sum(0.1 * np.sin(2 * np.pi * 150 * k * times) / k for k in range(1, 12))
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for _ in range(minutes // 3):
            file.write(phrase)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its peak")
def test_half_an_hour_takes_the_memory_of_three_minutes(tmp_path):
    write_content_vec()
    make_so_vits_voice(tmp_path, "upstream 4.0")

    def peak_megabytes(minutes: int) -> float:
        song = tmp_path / f"{minutes}.wav"
        write_phrases(song, minutes)
        command = [sys.executable, "-c", PROGRAM, song, tmp_path / f"{minutes}.flac", tmp_path / "voices"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return int(done.stdout.split()[-1]) / 1024

    short, long = peak_megabytes(3), peak_megabytes(30)
    print(f"{short:.0f} MB at 3 minutes, {long:.0f} MB at 30")
    # The melody of the whole song is kept, at some hundred numbers a second.
    assert long < short + 100, f"{short:.0f} and {long:.0f} MB"
