"""What a cover costs: the seconds of each stage for songs of 3, 10 and 30 minutes, and whether memory stays flat.

The stages are told in seconds of one core, which other programs on the machine don't make longer.
And the tool that moves the music to another key beside librosa's: how far off its tones are, and how long it takes.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import ROOT, cost_of, machine

from vc_core.audio import Audio, join
from vc_core.reading import read_audio
from vc_core.transposing import transposed
from vc_core.writing import AudioWriter

MINUTES = tuple(map(int, sys.argv[1:])) or (3, 10, 30)
MOST_MEGABYTES = 2_500
COVER = """
import sys
import time
import torch
from pathlib import Path
from types import SimpleNamespace
from vc_core import preflight
from vc_core.conversion import STARTER_VOICES
from vc_core.reading import open_audio
from vc_core.recipes import CoverOptions, cover_song
from vc_core.voices import VoiceLibrary
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
from vc_core.backing import part_backing
from vc_core.reading import open_audio
song = open_audio(sys.argv[1])
for _ in part_backing(song.blocks(), frames=song.frames):
    pass
print("core seconds:", time.process_time())
"""
STAGES = ("separate", "listen", "convert", "emotion", "match", "transpose", "mix")


def song_of(minutes: int, folder: Path) -> Path:
    """The example song over and over, written block by block."""
    song = read_audio(ROOT / "examples" / "song.flac")
    missing = minutes * 60 * song.sample_rate
    with AudioWriter(folder / f"{minutes}.flac", song.sample_rate, song.channels, format_name="flac16") as writer:
        while missing > 0:
            writer.write(song.between(0, min(missing, song.frames)))
            missing -= song.frames
    return folder / f"{minutes}.flac"


def covers(folder: Path) -> None:
    print("Every stage there is: separation by the starter model, conversion, emotion, another key of the music;")
    print("in seconds of one core, and by the clock of a machine that may have had other work.\n")
    print(f"| minutes of song | {' | '.join(STAGES)} | all | per minute | clock | peak memory, MB |")
    print("|---" * (len(STAGES) + 5) + "|")
    peaks, speeds = [], []
    for minutes in MINUTES:
        home = folder / f"home-{minutes}"
        song, out = song_of(minutes, folder), folder / f"out-{minutes}"
        cost = cost_of(COVER, str(song), str(out), VOICE_STUDIO_HOME=str(home), OMP_NUM_THREADS="1")
        known = json.loads((home / "speeds.json").read_text())
        stages = [next(speed for name, speed in known.items() if name.startswith(stage)) for stage in STAGES]
        peaks.append(cost.peak_megabytes)
        seconds = float(cost.output.split("core seconds:")[1].split()[0])
        speeds.append(seconds / minutes)
        shown = " | ".join(f"{speed * 60 * minutes:.1f}" for speed in stages)
        whole = f"{seconds:.1f} | {speeds[-1]:.1f} | {cost.seconds:.0f} | {cost.peak_megabytes:,.0f}"
        print(f"| {minutes} | {shown} | {whole} |", flush=True)
    growth, memory = speeds[-1] / speeds[0], peaks[-1] / peaks[0]
    print(f"\nPer minute, the longest song takes {growth:.2f} times the shortest, and {memory:.2f} times its memory.")
    assert max(peaks) < MOST_MEGABYTES, "a cover needs too much memory"


def backing(folder: Path) -> None:
    print("\n| lead and backing parted, minutes | core seconds | peak memory, MB |")
    print("|---|---|---|")
    for minutes in MINUTES:
        cost = cost_of(BACKING, str(song_of(minutes, folder)), OMP_NUM_THREADS="1")
        seconds = float(cost.output.split("core seconds:")[1].split()[0])
        print(f"| {minutes} | {seconds:.1f} | {cost.peak_megabytes:,.0f} |", flush=True)


def keys() -> None:
    import librosa

    rate = 44_100
    times = np.arange(6 * rate) / rate
    song = read_audio(ROOT / "examples" / "song.flac")
    ways = {
        "Voice Studio": lambda audio, shift: join(transposed([audio], shift)).samples,
        "librosa": lambda audio, shift: librosa.effects.pitch_shift(audio.samples, sr=rate, n_steps=shift),
    }
    print(
        "\n| moved by 3 semitones | seconds for the example song | what is not the tone, dB: 55 Hz | 220 Hz | 880 Hz |"
    )
    print("|---|---|---|---|---|")
    for name, move in ways.items():
        started = time.perf_counter()
        move(song, 3)
        seconds = time.perf_counter() - started
        rests = []
        for hertz in (55.0, 220.0, 880.0):
            moved = move(Audio((0.5 * np.sin(2 * np.pi * hertz * times))[None].astype(np.float32), rate), 3)[0]
            power = np.abs(np.fft.rfft(moved[rate:-rate] * np.blackman(4 * rate))) ** 2
            near = abs(np.fft.rfftfreq(4 * rate, 1 / rate) - hertz * 2**0.25) < 0.02 * hertz
            rests.append(10 * np.log10(power[~near].sum() / power.sum()))
        print(f"| {name} | {seconds:.1f} | {' | '.join(f'{rest:.0f}' for rest in rests)} |")


def main() -> None:
    print(machine(), end="\n\n")
    with tempfile.TemporaryDirectory() as name:
        covers(Path(name))
        backing(Path(name))
    keys()


if __name__ == "__main__":
    main()
