"""Recordings with music become recordings that one can train on: the vocals are taken out of them."""

import time
from collections.abc import Sequence
from pathlib import Path

from vc_core.device import choose_device
from vc_core.progress import Progress, part_of, silent
from vc_core.reading import open_audio
from vc_core.separation import SeparatorOptions, load_separator, prepare_separator

TIMED_SECONDS = 15.0


def vocals_of(songs: Sequence[Path], folder: Path, engine: str, *, progress: Progress = silent) -> list[Path]:
    """The songs stay as they are; their vocals keep their names."""
    prepare_separator(engine, SeparatorOptions(), progress=part_of(progress, 0.0, 0.1))
    separator = load_separator(engine, choose_device(), SeparatorOptions())
    found = []
    for at, song in enumerate(songs):
        part = part_of(progress, 0.1 + 0.9 * at / len(songs), 0.1 + 0.9 * (at + 1) / len(songs))
        own = folder / f"{at:04d}"
        stems = separator.separate_file(open_audio(song), own, format_name="flac16", progress=part)
        found.append(stems["vocals"].path.rename(own / f"{song.stem}.flac"))
    return found


def separation_seconds(songs: Sequence[Path], folder: Path, engine: str, *, progress: Progress = silent) -> float:
    """How long `vocals_of` would take on this machine: a part of the longest song is separated, and timed."""
    prepare_separator(engine, SeparatorOptions(), progress=part_of(progress, 0.0, 0.1))
    files = [open_audio(song) for song in songs]
    lengths = [(file.frames or 0) / file.sample_rate for file in files]
    longest = max(range(len(files)), key=lambda at: lengths[at])
    began = time.monotonic()
    separator = load_separator(engine, choose_device(), SeparatorOptions())
    loaded = time.monotonic()
    timed = min(TIMED_SECONDS, lengths[longest] or TIMED_SECONDS)
    piece = files[longest].excerpt((lengths[longest] - timed) / 2, timed)
    separator.separate_file(piece, folder / "timed", format_name="flac16", progress=part_of(progress, 0.1, 1.0))
    return loaded - began + (time.monotonic() - loaded) * max(1.0, sum(lengths) / timed)
