"""From recordings to clips: mono, without rumble, evenly loud, cut at pauses; the recordings stay as they are."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from vc_core.audio import Audio, join, resample_blocks
from vc_core.errors import UserError
from vc_core.loudness import gained, limited, loudness_lufs, with_loudness
from vc_core.progress import Progress, part_of, silent
from vc_core.reading import Limits, open_audio
from vc_core.slicing import ClipRules, cut_into_clips, stream_in_windows
from vc_core.training.denoise import WINDOWS, without_noise
from vc_core.training.durable import write_durably
from vc_core.training.recordings import Recording
from vc_core.voices import folder_name
from vc_core.writing import write_audio

HIGHEST_RATE = 44_100
LOUDNESS_LUFS = -20.0
RUMBLE_HZ = 30.0
"""No voice is below it; a constant offset is the lowest rumble of all."""
PIECE_SECONDS = 300.0
"""Long recordings are cut piece by piece, so that memory doesn't grow with them."""
SHORTEST_CLIP_SECONDS = 0.5
MOST_HOURS = 10.0


@dataclass(frozen=True)
class Cleaning:
    denoise: bool = False
    rules: ClipRules = field(default_factory=lambda: ClipRules(min_seconds=10.0, max_seconds=15.0))


@dataclass(frozen=True)
class SavedClip:
    file: str
    """Below the folder of clips: its kind, and its name."""
    source: str
    start_seconds: float
    seconds: float


@dataclass(frozen=True)
class Dataset:
    clips: Sequence[SavedClip]
    notes: Sequence[str]

    @property
    def seconds(self) -> float:
        return sum(clip.seconds for clip in self.clips)


def write_clips(
    recordings: Sequence[Recording], folder: Path, cleaning: Cleaning = Cleaning(), *, progress: Progress = silent
) -> Dataset:
    """Below `folder`, by kind; a recording that can't be read is left out, with a note."""
    clips: list[SavedClip] = []
    notes: list[str] = []
    for at, recording in enumerate(recordings):
        part = part_of(progress, at / len(recordings), (at + 1) / len(recordings))
        part(0.0, recording.title)
        try:
            clips += _written(recording, folder, cleaning, part)
        except UserError as error:
            notes.append(f"“{recording.title}” was left out: {error}")
    if not clips:
        raise UserError("Nothing can be learned from these recordings: " + (notes[0] if notes else "they are silent."))
    # Beside the folder: in it there is a folder for each kind, and nothing else.
    write_durably(folder.with_name("clips.json"), json.dumps([vars(clip) for clip in clips], indent=1).encode())
    return Dataset(clips, notes)


def _written(recording: Recording, folder: Path, cleaning: Cleaning, progress: Progress) -> Iterator[SavedClip]:
    file = open_audio(recording.path, Limits(hours=MOST_HOURS))
    target = folder / folder_name(recording.kind)
    stem = _free_stem(target, Path(recording.title).stem)
    rate = min(file.sample_rate, HIGHEST_RATE)
    cleaned = _cleaned(file.blocks(), file.sample_rate, rate, cleaning)
    for count, (start, clip) in enumerate(clips_of(cleaned, cleaning.rules)):
        seconds_in_all = (file.frames or 0) / file.sample_rate
        progress(min(1.0, start / max(seconds_in_all, start + 1)), recording.title)
        # The first has the recording's own name, which may say who speaks.
        path = target / f"{_free_stem(target, f'{stem}_{count + 1}') if count else stem}.flac"
        write_audio(path, limited(with_loudness(clip, LOUDNESS_LUFS)), format_name="flac16")
        yield SavedClip(f"{target.name}/{path.name}", recording.title, round(start, 3), round(clip.seconds, 3))


def _cleaned(blocks: Iterable[Audio], source_rate: int, rate: int, cleaning: Cleaning) -> Iterator[Audio]:
    mono = _without_rumble((block.mono() for block in blocks), source_rate)
    cleaned = resample_blocks(mono, rate)
    return stream_in_windows(cleaned, without_noise, WINDOWS) if cleaning.denoise else cleaned


def _without_rumble(blocks: Iterable[Audio], sample_rate: int) -> Iterator[Audio]:
    filter_ = butter(4, RUMBLE_HZ, "highpass", fs=sample_rate, output="sos")
    state = None
    for block in blocks:
        if state is None:
            # As if the first second's mean had been heard forever: an offset would start with a click otherwise.
            state = sosfilt_zi(filter_)[:, None] * float(block.samples[0, :sample_rate].mean())
        samples, state = sosfilt(filter_, block.samples.astype(np.float64), zi=state)
        yield block.with_samples(samples.astype(np.float32))


def clips_of(blocks: Iterable[Audio], rules: ClipRules) -> Iterator[tuple[float, Audio]]:
    """With where each starts, in seconds; what the last clip of a piece may still grow by is cut with the next."""
    held: Audio | None = None
    start = 0
    for block in blocks:
        held = block if held is None else join([held, block])
        if held.seconds < PIECE_SECONDS:
            continue
        clips = _loud_clips(held, rules)
        kept = clips[-1][0] if len(clips) > 1 else held.frames
        for first, clip in clips[:-1] or clips:
            yield (start + first) / held.sample_rate, clip
        held, start = held.between(kept, held.frames), start + kept
    if held is not None and held.frames:
        for first, clip in _loud_clips(held, rules):
            yield (start + first) / held.sample_rate, clip


def _loud_clips(audio: Audio, rules: ClipRules) -> list[tuple[int, Audio]]:
    """As loud as they are; but what counts as silence is told from the loudness of what is around it."""
    loudness = loudness_lufs(audio)
    if np.isinf(loudness):
        return []
    gain_db = LOUDNESS_LUFS - loudness
    clips = cut_into_clips(gained(audio, gain_db), rules)
    return [(clip.start, gained(clip.audio, -gain_db)) for clip in clips if clip.audio.seconds >= SHORTEST_CLIP_SECONDS]


def _free_stem(folder: Path, wanted: str) -> str:
    """The name as it is where a file can be called so: it may say who speaks."""
    stem = "".join(letter if letter.isalnum() or letter in "-_ " else "-" for letter in wanted)[:80].strip() or "clip"
    tried, count = stem, 2
    while (folder / f"{tried}.flac").exists():
        tried, count = f"{stem}-{count}", count + 1
    return tried
