"""Render the example song at each stage of a cover, for the start page: a line of it as MP3 files.

    python examples/make_stages.py [FOLDER]

The vocals are separated, converted to a starter voice, and made sad; the last file is the mix.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from vc_core.audio import Audio
from vc_core.conversion import STARTER_VOICES
from vc_core.cover.options import CoverOptions
from vc_core.files.provenance import TITLE, TOOL, read_origin
from vc_core.files.reading import open_audio, read_audio
from vc_core.recipes.cover import cover_song
from vc_core.voices.library import VoiceLibrary

HERE = Path(__file__).parent
TARGET = HERE.parent / "vc_core" / "ui" / "start" / "static"
VOICE = "Annie"
EMOTION = "sad"
LINE_SECONDS = 8 * 60 / 84
START_SECONDS = 3 * LINE_SECONDS
"""Of the last of four lines."""
FADE_SECONDS = 0.8
"""Behind the line."""
COMPRESSION = {1: 0.9, 2: 0.8}
"""By channels: all five files take less than 300 kB."""


def make_stages(folder: Path) -> Mapping[str, Path]:
    """The files of two covers, without an emotion and with one, by the steps of the start page."""
    song, voice = HERE / "song.flac", VoiceLibrary(STARTER_VOICES).find(VOICE)
    options = CoverOptions(emotion=EMOTION)
    plain = cover_song(open_audio(song), voice, folder / "plain", replace(options, emotion="neutral"))
    cover = cover_song(open_audio(song), voice, folder / "cover", options)
    return {
        "song": song,
        "separate": plain.stems["original-vocals"],
        "convert": plain.stems["vocals"],
        "emotion": cover.stems["vocals"],
        "mix": cover.path,
    }


def cut_line(audio: Audio) -> Audio:
    start, stop = START_SECONDS, START_SECONDS + LINE_SECONDS + FADE_SECONDS
    line = audio.slice(round(start * audio.sample_rate), round(stop * audio.sample_rate))
    frames = round(FADE_SECONDS * line.sample_rate)
    samples = line.samples.copy()
    samples[:, -frames:] *= np.linspace(1, 0, frames, dtype=np.float32)
    return line.with_samples(samples)


def write_line(target: Path, source: Path, *, is_mono: bool) -> None:
    """The vocals in mono, since left and right hardly differ."""
    line = cut_line(read_audio(source))
    line = line.to_mono() if is_mono else line
    with soundfile.SoundFile(
        target, "w", line.sample_rate, line.channels, format="MP3", subtype="MPEG_LAYER_III",
        compression_level=COMPRESSION[line.channels],
    ) as file:  # fmt: skip
        file.software = TOOL
        if origin := read_origin(source).provenance:
            file.title, file.comment = TITLE, origin.to_comment()
        file.write(line.samples.T)


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, source in make_stages(Path(folder)).items():
            write_line(target / f"{name}.mp3", source, is_mono=name in ("separate", "convert", "emotion"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
