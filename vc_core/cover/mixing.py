"""Mixes the tracks of a cover: writes the mix and its stems, each with its provenance."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vc_core.conversion import describe_own_options
from vc_core.cover.mixdown import MixPlan, Track, make_track_paths, write_mix
from vc_core.cover.options import CoverOptions
from vc_core.cover.stages import StageRunner, write_blocks
from vc_core.errors import Message
from vc_core.files.provenance import Provenance
from vc_core.files.reading import AudioFile
from vc_core.progress import subprogress
from vc_core.signal.loudness_meter import measure_stream_loudness_lufs
from vc_core.voices.library import Voice


@dataclass(frozen=True)
class CoverTracks:
    """What a cover is mixed from."""

    vocals: AudioFile
    backing: AudioFile | None
    music: AudioFile | None
    original_vocals: AudioFile
    """Not in the mix, but among the stems."""
    shift_semitones: float
    """Of the vocals."""
    music_shift_semitones: float


@dataclass(frozen=True)
class Mixed:
    """A cover in its files."""

    path: Path
    stems: dict[str, Path]
    notes: tuple[str, ...]


def mix(
    song: AudioFile, tracks: CoverTracks, voice: Voice, options: CoverOptions, folder: Path, stages: StageRunner
) -> Mixed:
    """Write the mix as `cover`, and the stems beside it."""
    files = _name_tracks(tracks, options)
    paths = make_track_paths(folder, ["cover", "original-vocals", *files], options.format_name)
    provenance = _describe_origins(tracks, voice, options)
    progress = stages.make_progress("mix")
    progress(0.0, Message("Measuring the loudness"))
    plan = MixPlan(
        paths["cover"],
        {name: paths[name] for name in files},
        measure_stream_loudness_lufs(song.blocks()) if options.matches_loudness else None,
        options.format_name,
        provenance,
        provenance["vocals"],
    )
    with stages.measure("mix"):
        mixdown = write_mix(files, plan, progress=subprogress(progress, 0.1, 0.95))
    original = tracks.original_vocals
    write_blocks(paths["original-vocals"], original.blocks(), original, options.format_name)
    progress(1.0, "")
    return Mixed(paths.pop("cover"), paths, mixdown.notes)


def _name_tracks(tracks: CoverTracks, options: CoverOptions) -> dict[str, Track]:
    """The tracks of the mix by the names of their files."""
    named = {
        "vocals": (tracks.vocals, options.vocals_db),
        "backing": (tracks.backing, options.vocals_db),
        "accompaniment": (tracks.music, options.music_db),
    }
    return {name: Track(audio, gain_db) for name, (audio, gain_db) in named.items() if audio is not None}


def _describe_origins(tracks: CoverTracks, voice: Voice, options: CoverOptions) -> Mapping[str, Provenance]:
    """Of the generated tracks: backing vocals that were left as they are have none."""
    settings: dict[str, str | float | bool | None] = {
        "shift_semitones": tracks.shift_semitones,
        "music_shift_semitones": tracks.music_shift_semitones,
        "separator": None if options.vocals_are_clean else options.separator,
        "emotion": options.emotion if options.has_emotion else None,
        "backing": options.backing_voice.name if options.backing_voice else options.backing,
    }
    singers = {"vocals": voice}
    if options.backing == "voice" and options.backing_voice:
        singers["backing"] = options.backing_voice
    return {
        name: Provenance(
            "cover", singer.name, singer.card.engine, settings | describe_own_options(singer, options.conversion)
        )
        for name, singer in singers.items()
    }
