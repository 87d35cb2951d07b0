"""Memory of the preview engine for songs of 1, 10 and 60 minutes, which must not grow with the song.

Compared with the example in librosa's documentation, which holds the whole song in memory.
"""

import tempfile
from pathlib import Path

import numpy as np
from measure import ROOT, Cost, cost_of, machine

from vc_core.files.reading import read_audio
from vc_core.files.writing import AudioWriter

OURS = """
import sys
from pathlib import Path
from vc_core.files.reading import open_audio
from vc_core.separation import load_separator
load_separator("repet", "cpu").separate_file(open_audio(sys.argv[1]), Path(sys.argv[2]))
"""

PEER = """
import sys
import librosa, numpy as np, soundfile
song, rate = librosa.load(sys.argv[1], sr=None, mono=False)
stems = []
for channel in song:
    whole, phase = librosa.magphase(librosa.stft(channel))
    music = librosa.decompose.nn_filter(whole, aggregate=np.median, metric="cosine",
                                        width=int(librosa.time_to_frames(2, sr=rate)))
    music = np.minimum(whole, music)
    mask = librosa.util.softmask(whole - music, 2 * music, power=2)
    stems.append(librosa.istft(mask * whole * phase, length=song.shape[1]))
soundfile.write(sys.argv[2] + "/vocals.flac", np.stack(stems).T, rate)
"""

MINUTES = (1, 10, 60)
PEER_MINUTES = (1, 4)


def song_of(minutes: int, folder: Path) -> Path:
    """Write the example song repeatedly, block by block."""
    song = read_audio(ROOT / "examples" / "song.flac")
    path = folder / f"{minutes}.flac"
    missing = minutes * 60 * song.sample_rate
    with AudioWriter(path, song.sample_rate, song.channels, format_name="flac16") as writer:
        while missing > 0:
            writer.write(song.slice(0, min(missing, song.frames)))
            missing -= song.frames
    return path


def row(name: str, minutes: int, cost: Cost) -> str:
    return f"| {name} | {minutes} | {cost.peak_megabytes:,.0f} | {cost.seconds:.1f} | {cost.seconds / minutes:.1f} |"


def main() -> None:
    print(machine(), end="\n\n")
    print("| | minutes of song | peak memory, MB | seconds | seconds per minute of song |\n|---|---|---|---|---|")
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for minutes in sorted({*MINUTES, *PEER_MINUTES}):
            song = song_of(minutes, folder)
            if minutes in MINUTES:
                ours = cost_of(OURS, str(song), str(folder / "out"))
                peaks.append(ours.peak_megabytes)
                print(row("Voice Studio, preview", minutes, ours), flush=True)
            if minutes in PEER_MINUTES:
                print(row("librosa, whole song", minutes, cost_of(PEER, str(song), str(folder))), flush=True)
    print(f"\nPeak memory at {MINUTES[-1]} minutes is {peaks[-1] / peaks[0]:.2f} times that at {MINUTES[0]} minute.")
    assert np.ptp(peaks) < 0.25 * peaks[0], "memory grows with the song"


if __name__ == "__main__":
    main()
