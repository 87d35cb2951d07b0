"""Preprocess recordings into training clips: mono, high-pass filtered, loudness normalised, cut at pauses."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from vc_core.audio import Audio, join_blocks, resample_blocks
from vc_core.errors import Message, UserError
from vc_core.files.reading import Limits, open_audio
from vc_core.files.results import number_names
from vc_core.files.writing import write_audio
from vc_core.progress import Progress, silent, subprogress
from vc_core.signal.clips import ClipRules, cut_into_clips
from vc_core.signal.loudness import apply_gain, limit_peaks, measure_loudness_lufs, normalise_loudness
from vc_core.signal.windows import stream_in_windows
from vc_core.training.recordings.denoise import WINDOWS, denoise
from vc_core.training.recordings.gathering import Recording
from vc_core.training.run.atomic_files import write_atomically
from vc_core.voices.library import make_folder_name

MAX_SAMPLE_RATE = 44_100
LOUDNESS_LUFS = -20.0
HIGHPASS_HZ = 30.0
"""Cut-off of the high-pass filter, which also removes a DC offset."""
BLOCK_SECONDS = 300.0
"""Long recordings are cut block by block, so that memory use is constant; of several channels in shorter blocks."""
MIN_CLIP_SECONDS = 0.5
MAX_HOURS = 10.0


@dataclass(frozen=True)
class Cleaning:
    denoise: bool = False
    rules: ClipRules = field(default_factory=lambda: ClipRules(min_seconds=10.0, max_seconds=15.0))


@dataclass(frozen=True)
class SavedClip:
    file: str
    """Relative to the folder of clips: kind and name."""
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
    """Write clips into a folder for each kind; an unreadable recording is left out, with a note."""
    clips: list[SavedClip] = []
    notes: list[Message] = []
    for at, recording in enumerate(recordings):
        own_progress = subprogress(progress, at / len(recordings), (at + 1) / len(recordings))
        own_progress(0.0, recording.title)
        try:
            clips += _write_recording(recording, folder, cleaning, own_progress)
        except UserError as error:
            notes.append(Message("“{title}” was left out: {error}", title=recording.title, error=error))
    if not clips:
        reason = notes[0] if notes else Message("they are silent.")
        raise UserError("Nothing can be learned from these recordings: {reason}", reason=reason)
    # Beside the folder, which contains nothing but a folder for each kind.
    write_atomically(folder.with_name("clips.json"), json.dumps([vars(clip) for clip in clips], indent=1).encode())
    return Dataset(clips, [str(note) for note in notes])


def _write_recording(recording: Recording, folder: Path, cleaning: Cleaning, progress: Progress) -> Iterator[SavedClip]:
    file = open_audio(recording.path, Limits(hours=MAX_HOURS))
    target = folder / make_folder_name(recording.kind)
    stem = _choose_free_stem(target, Path(recording.title).stem)
    sample_rate = min(file.sample_rate, MAX_SAMPLE_RATE)
    cleaned = _clean(file.blocks(), file.sample_rate, sample_rate, cleaning)
    for count, (start, clip) in enumerate(cut_blocks_into_clips(cleaned, cleaning.rules)):
        total_seconds = (file.frames or 0) / file.sample_rate
        progress(min(1.0, start / max(total_seconds, start + 1)), recording.title)
        # The first keeps the recording's file name, which may name the speaker.
        path = target / f"{_choose_free_stem(target, f'{stem}_{count + 1}') if count else stem}.flac"
        write_audio(path, limit_peaks(normalise_loudness(clip, LOUDNESS_LUFS)), format_name="flac16")
        yield SavedClip(f"{target.name}/{path.name}", recording.title, round(start, 3), round(clip.seconds, 3))


def _clean(blocks: Iterable[Audio], source_rate: int, sample_rate: int, cleaning: Cleaning) -> Iterator[Audio]:
    mono = _apply_highpass((block.to_mono() for block in blocks), source_rate)
    cleaned = resample_blocks(mono, sample_rate)
    return stream_in_windows(cleaned, denoise, WINDOWS) if cleaning.denoise else cleaned


def _apply_highpass(blocks: Iterable[Audio], sample_rate: int) -> Iterator[Audio]:
    filter_ = butter(4, HIGHPASS_HZ, "highpass", fs=sample_rate, output="sos")
    state = None
    for block in blocks:
        if state is None:
            # Initialise the filter's state with the offset of the first second, which would cause a click otherwise.
            state = sosfilt_zi(filter_)[:, None] * float(block.samples[0, :sample_rate].mean())
        samples, state = sosfilt(filter_, block.samples.astype(np.float64), zi=state)
        yield block.with_samples(samples.astype(np.float32))


def cut_blocks_into_clips(blocks: Iterable[Audio], rules: ClipRules) -> Iterator[tuple[float, Audio]]:
    """Yield clips with their start in seconds; the last clip of a buffer is cut again with the next blocks."""
    buffer: Audio | None = None
    start = 0
    for block in blocks:
        buffer = block if buffer is None else join_blocks([buffer, block])
        if buffer.seconds < max(BLOCK_SECONDS / buffer.channels, 4 * rules.max_seconds):
            continue
        clips = _cut_at_nominal_loudness(buffer, rules)
        end = clips[-1][0] if len(clips) > 1 else buffer.frames
        for first, clip in clips[:-1] or clips:
            yield (start + first) / buffer.sample_rate, clip
        buffer, start = buffer.slice(end, buffer.frames), start + end
    if buffer is not None and buffer.frames:
        for first, clip in _cut_at_nominal_loudness(buffer, rules):
            yield (start + first) / buffer.sample_rate, clip


def _cut_at_nominal_loudness(audio: Audio, rules: ClipRules) -> list[tuple[int, Audio]]:
    """Cut with silence thresholds relative to the loudness of the audio; the clips keep their level."""
    loudness = measure_loudness_lufs(audio)
    if np.isinf(loudness):
        return []
    gain_db = LOUDNESS_LUFS - loudness
    clips = cut_into_clips(apply_gain(audio, gain_db), rules)
    return [(clip.start, apply_gain(clip.audio, -gain_db)) for clip in clips if clip.audio.seconds >= MIN_CLIP_SECONDS]


def _choose_free_stem(folder: Path, name: str) -> str:
    """Keep the name where possible, since it may name the speaker."""
    stem = "".join(letter if letter.isalnum() or letter in "-_ " else "-" for letter in name)[:80].strip() or "clip"
    return next(free for free in number_names(stem) if not (folder / f"{free}.flac").exists())
