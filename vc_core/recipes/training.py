"""Recordings with music become recordings that one can train on: the vocals are taken out of them."""

from collections.abc import Sequence
from pathlib import Path

from vc_core.device import choose_device
from vc_core.progress import Progress, part_of, silent
from vc_core.reading import open_audio
from vc_core.separation import SeparatorOptions, load_separator, prepare_separator


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
