"""Cost of a cover: seconds of each stage and peak memory for songs of 3, 10 and 30 minutes.

Stages are measured in CPU seconds of one core, which do not depend on the load of the machine.
Also compares our transposition of music with librosa's: speed, and spectral distortion of pure tones.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import ROOT, cost_of, machine

from vc_core.audio import Audio, join_blocks
from vc_core.cover.estimates import PEAK_MEGABYTES
from vc_core.files.reading import read_audio
from vc_core.files.writing import AudioWriter
from vc_core.signal.transposing import transpose_blocks

MINUTES = tuple(map(int, sys.argv[1:])) or (3, 10, 30)
COVER = """
import sys
import time
import torch
from pathlib import Path
from types import SimpleNamespace
from vc_core.cover import preflight
from vc_core.conversion import STARTER_VOICES
from vc_core.files.reading import open_audio
from vc_core.cover.options import CoverOptions
from vc_core.recipes.cover import cover_song
from vc_core.voices.library import VoiceLibrary
torch.set_num_threads(1)
preflight.time = SimpleNamespace(monotonic=time.process_time)
voice = VoiceLibrary(Path("voices"), shipped=[STARTER_VOICES]).find("Clara")
options = CoverOptions(music_shift_semitones=1, emotion="happy")
cover_song(open_audio(sys.argv[1]), voice, Path(sys.argv[2]), options)
print("core seconds:", time.process_time())
"""
BACKING = """
import sys
import time
from vc_core.signal.backing import split_lead_and_backing
from vc_core.files.reading import open_audio
song = open_audio(sys.argv[1])
for _ in split_lead_and_backing(song.blocks(), frames=song.frames):
    pass
print("core seconds:", time.process_time())
"""
STAGES = ("separate", "listen", "convert", "emotion", "match", "transpose", "mix")


def write_long_song(minutes: int, folder: Path) -> Path:
    """The example song, repeated."""
    song = read_audio(ROOT / "examples" / "song.flac")
    missing_frames = minutes * 60 * song.sample_rate
    with AudioWriter(folder / f"{minutes}.flac", song.sample_rate, song.channels, format_name="flac16") as writer:
        while missing_frames > 0:
            writer.write(song.slice(0, min(missing_frames, song.frames)))
            missing_frames -= song.frames
    return folder / f"{minutes}.flac"


def measure_covers(folder: Path) -> None:
    print("All stages: separation by the starter model, conversion, emotion, transposed music;")
    print("CPU seconds of one core; the column “clock” is wall time, on a machine that may have had other load.\n")
    print(f"| minutes of song | {' | '.join(STAGES)} | all | per minute | clock | peak memory, MB |")
    print("|---" * (len(STAGES) + 5) + "|")
    peaks, speeds = [], []
    for minutes in MINUTES:
        home = folder / f"home-{minutes}"
        song, out = write_long_song(minutes, folder), folder / f"out-{minutes}"
        cost = cost_of(COVER, str(song), str(out), VOICE_STUDIO_HOME=str(home), OMP_NUM_THREADS="1")
        measured = json.loads((home / "speeds.json").read_text())
        stages = [next(speed for name, speed in measured.items() if name.startswith(stage)) for stage in STAGES]
        peaks.append(cost.peak_megabytes)
        seconds = float(cost.output.split("core seconds:")[1].split()[0])
        speeds.append(seconds / minutes)
        shown = " | ".join(f"{speed * 60 * minutes:.1f}" for speed in stages)
        whole = f"{seconds:.1f} | {speeds[-1]:.1f} | {cost.seconds:.0f} | {cost.peak_megabytes:,.0f}"
        print(f"| {minutes} | {shown} | {whole} |", flush=True)
    growth, memory = speeds[-1] / speeds[0], peaks[-1] / peaks[0]
    print(f"\nPer minute, the longest song takes {growth:.2f} times the shortest, and {memory:.2f} times its memory.")
    assert max(peaks) < PEAK_MEGABYTES, "a cover needs too much memory"


def measure_backing(folder: Path) -> None:
    print("\n| splitting lead and backing, minutes | core seconds | peak memory, MB |")
    print("|---|---|---|")
    for minutes in MINUTES:
        cost = cost_of(BACKING, str(write_long_song(minutes, folder)), OMP_NUM_THREADS="1")
        seconds = float(cost.output.split("core seconds:")[1].split()[0])
        print(f"| {minutes} | {seconds:.1f} | {cost.peak_megabytes:,.0f} |", flush=True)


def compare_transposition() -> None:
    import librosa

    sample_rate = 44_100
    times = np.arange(6 * sample_rate) / sample_rate
    song = read_audio(ROOT / "examples" / "song.flac")
    methods = {
        "Voice Studio": lambda audio, shift: join_blocks(transpose_blocks([audio], shift)).samples,
        "librosa": lambda audio, shift: librosa.effects.pitch_shift(audio.samples, sr=sample_rate, n_steps=shift),
    }
    print("\n| transposed by 3 semitones | seconds for the example song | distortion, dB: 55 Hz | 220 Hz | 880 Hz |")
    print("|---|---|---|---|---|")
    for name, move in methods.items():
        started = time.perf_counter()
        move(song, 3)
        seconds = time.perf_counter() - started
        distortions = []
        for hertz in (55.0, 220.0, 880.0):
            moved = move(Audio((0.5 * np.sin(2 * np.pi * hertz * times))[None].astype(np.float32), sample_rate), 3)[0]
            power = np.abs(np.fft.rfft(moved[sample_rate:-sample_rate] * np.blackman(4 * sample_rate))) ** 2
            near = abs(np.fft.rfftfreq(4 * sample_rate, 1 / sample_rate) - hertz * 2**0.25) < 0.02 * hertz
            distortions.append(10 * np.log10(power[~near].sum() / power.sum()))
        print(f"| {name} | {seconds:.1f} | {' | '.join(f'{distortion:.0f}' for distortion in distortions)} |")


def main() -> None:
    print(machine(), end="\n\n")
    with tempfile.TemporaryDirectory() as name:
        measure_covers(Path(name))
        measure_backing(Path(name))
    compare_transposition()


if __name__ == "__main__":
    main()
