"""Quality check of training recordings: detects faults of clips, other speakers, duplicates, and missing phones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from vc_core.errors import Message, UserError, Value
from vc_core.files.reading import Limits, open_audio
from vc_core.progress import Progress, silent, subprogress
from vc_core.signal.clips import ClipRules
from vc_core.signal.pitch import Pitch
from vc_core.training.recordings.comparison import find_duplicates, find_other_voices
from vc_core.training.recordings.dataset import MAX_HOURS, cut_blocks_into_clips
from vc_core.training.recordings.findings import Finding, Severity
from vc_core.training.recordings.gathering import Recording
from vc_core.training.recordings.measures import ClipMeasurements, measure_clip
from vc_core.training.recordings.phones import Coverage, Language, list_phones_of_text, measure_coverage
from vc_core.training.recordings.prompts import find_text_of_take

Verdict = Literal["go", "care", "no-go"]
FEW_SECONDS, GOOD_SECONDS = 30.0, 300.0
"""The minimum for any training; and enough for most methods."""
LOUDNESS_SPREAD_DB = 12.0
NARROW_SEMITONES = 7.0
MIN_COVERAGE = 0.7
"""Share of the language's phones; repeated words contain less than half of them, and five sentences nine tenths."""
NOISY_SNR_DB, NOISE_FLATNESS = 28.0, 0.97
HUM_DB, AUDIBLE_HUM_SNR_DB = 12.0, 38.0
"""Peak of the hum over its neighbourhood; and above this signal-to-noise ratio a hum does not matter."""
REVERB_DECAY_DB = 13.0
BASS_DB = -22.0
NO_VOICE_SHARE, NO_VOICE_SNR_DB = 0.1, 8.0


@dataclass(frozen=True)
class ClipFault:
    """A fault of a single clip, and its detector."""

    kind: str
    severity: Severity
    is_there: Callable[[ClipMeasurements], bool]


def _has_no_voice(measures: ClipMeasurements) -> bool:
    return measures.voiced_share < NO_VOICE_SHARE and measures.snr_db < NO_VOICE_SNR_DB


def _has_hum(measures: ClipMeasurements) -> bool:
    return measures.hum_db > HUM_DB and measures.snr_db < AUDIBLE_HUM_SNR_DB and not _has_no_voice(measures)


def _is_noisy(measures: ClipMeasurements) -> bool:
    return measures.snr_db < NOISY_SNR_DB and measures.floor_flatness > NOISE_FLATNESS and not _has_no_voice(measures)


def _is_reverberant(measures: ClipMeasurements) -> bool:
    is_masked = _is_noisy(measures) or _has_no_voice(measures) or _has_bass(measures)
    return measures.decay_db < REVERB_DECAY_DB and not is_masked


def _has_bass(measures: ClipMeasurements) -> bool:
    return measures.bass_db > BASS_DB and not (_is_noisy(measures) or _has_no_voice(measures) or _has_hum(measures))


def _has_music(measures: ClipMeasurements) -> bool:
    is_tonal = measures.snr_db < NOISY_SNR_DB and measures.floor_flatness <= NOISE_FLATNESS
    return _has_bass(measures) or (is_tonal and not (_is_reverberant(measures) or _has_hum(measures)))


CLIP_FAULTS = (
    ClipFault("no voice", "useless", _has_no_voice),
    ClipFault("music", "useless", _has_music),
    ClipFault("hum", "care", _has_hum),
    ClipFault("noise", "care", _is_noisy),
    ClipFault("room", "care", _is_reverberant),
    ClipFault("clipping", "care", lambda measures: measures.clipped_share > 0.05),
    ClipFault("offset", "care", lambda measures: abs(measures.offset) > 0.02),
    ClipFault("quiet", "care", lambda measures: measures.loudness_lufs < -42 and not _has_no_voice(measures)),
    ClipFault("dull", "care", lambda measures: measures.bandwidth_hz < 6_000 and not _has_no_voice(measures)),
)
"""Chosen so that no clip of a careful recording, sung or spoken, is named; bench/doctor.py counts the errors."""

SPEAKER_UNRELIABLE = ("noise", "room", "music", "hum", "no voice", "dull")
"""Clips with these faults are not compared with others by speaker."""


@dataclass(frozen=True)
class ExaminedClip:
    """A clip's measurements, with its recording and start."""

    title: str
    start_seconds: float
    measures: ClipMeasurements

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(fault.kind for fault in CLIP_FAULTS if fault.is_there(self.measures))

    @property
    def is_useless(self) -> bool:
        return any(fault.severity == "useless" and fault.is_there(self.measures) for fault in CLIP_FAULTS)


@dataclass(frozen=True)
class Report:
    clips: Sequence[ExaminedClip]
    findings: Sequence[Finding]
    language: Language = "en"

    @property
    def seconds(self) -> float:
        return sum(clip.measures.seconds for clip in self.clips)

    @property
    def usable_seconds(self) -> float:
        return sum(clip.measures.seconds for clip in self.clips if not clip.is_useless)

    @property
    def verdict(self) -> Verdict:
        if self.usable_seconds < FEW_SECONDS or self.usable_seconds < 0.5 * self.seconds:
            return "no-go"
        return "care" if self.findings else "go"

    @property
    def semitones(self) -> npt.NDArray[np.float64]:
        """The pitch of all voiced frames, as MIDI numbers."""
        hertz = np.concatenate([np.zeros(0), *(_select_voiced_hertz(clip.measures.pitch) for clip in self.clips)])
        return np.asarray(69 + 12 * np.log2(hertz / 440)) if len(hertz) else hertz

    @property
    def pitch_range_hz(self) -> tuple[float, float] | None:
        if not len(self.semitones):
            return None
        low, high = 440 * 2 ** ((np.percentile(self.semitones, (5, 95)) - 69) / 12)
        return float(low), float(high)

    @cached_property
    def coverage(self) -> Coverage:
        """The phones found by the recogniser, and those of prompts that were read out."""
        usable = [clip for clip in self.clips if not clip.is_useless]
        takes = filter(None, map(find_text_of_take, _list_titles(usable)))
        read_out = [list_phones_of_text(text, language) for language, text in takes if language == self.language]
        return measure_coverage((clip.measures.phone_seconds for clip in usable), self.language, read_out)


def examine_recordings(
    recordings: Sequence[Recording], language: Language = "en", *, progress: Progress = silent
) -> Report:
    """Examine the unprocessed recordings; an unreadable one is a finding too."""
    clips: list[ExaminedClip] = []
    findings: list[Finding] = []
    for at, recording in enumerate(recordings):
        own_progress = subprogress(progress, 0.95 * at / len(recordings), 0.95 * (at + 1) / len(recordings))
        own_progress(0.0, recording.title)
        try:
            found = _examine_recording(recording, own_progress)
        except UserError as error:
            figures: dict[str, Value] = {"title": recording.title, "reason": error}
            findings.append(Finding("unreadable", "useless", figures, (recording.title,)))
            continue
        clips += found
        if not found:
            findings.append(Finding("silent", "useless", {"title": recording.title}, (recording.title,)))
    progress(0.96, Message("Comparing the recordings"))
    findings += [*_find_clip_faults(clips), *_compare_clips(clips)]
    return Report(clips, [*findings, *_find_overall_faults(Report(clips, [], language))], language)


def _examine_recording(recording: Recording, progress: Progress) -> list[ExaminedClip]:
    file = open_audio(recording.path, Limits(hours=MAX_HOURS))
    total = (file.frames or 0) / file.sample_rate
    found = []
    for start, clip in cut_blocks_into_clips((block.to_mono() for block in file.blocks()), ClipRules()):
        progress(min(1.0, start / max(total, start + 1)), recording.title)
        found.append(ExaminedClip(recording.title, start, measure_clip(clip)))
    return found


def _find_clip_faults(clips: Sequence[ExaminedClip]) -> list[Finding]:
    faulty = {fault: [clip for clip in clips if fault.is_there(clip.measures)] for fault in CLIP_FAULTS}
    return [_make_finding(fault.kind, fault.severity, some, clips) for fault, some in faulty.items() if some]


def _compare_clips(clips: Sequence[ExaminedClip]) -> list[Finding]:
    found = []
    # Clips of noise alone all look like duplicates.
    voiced = [clip for clip in clips if not _has_no_voice(clip.measures)]
    duplicates = [voiced[second] for _, second in find_duplicates([clip.measures.fingerprint for clip in voiced])]
    clear = [clip for clip in clips if not set(clip.kinds) & set(SPEAKER_UNRELIABLE)]
    # Duplicates would lower the typical distance between clips of the same speaker.
    once = [clip for clip in clear if clip not in duplicates]
    if others := [once[at] for at in find_other_voices([clip.measures.voice_cepstra for clip in once])]:
        found.append(_make_finding("other voice", "care", others, clips))
    if duplicates:
        found.append(_make_finding("duplicate", "care", duplicates, clips))
    loudness = [clip.measures.loudness_lufs for clip in clear if "quiet" not in clip.kinds]
    if len(loudness) > 1 and max(loudness) - min(loudness) > LOUDNESS_SPREAD_DB:
        found.append(Finding("uneven", "care", {"louder_db": max(loudness) - min(loudness)}))
    return found


def _make_finding(
    kind: str, severity: Severity, concerned: Sequence[ExaminedClip], clips: Sequence[ExaminedClip]
) -> Finding:
    return Finding(kind, severity, {"some": len(concerned), "all": len(clips)}, _list_titles(concerned))


def _find_overall_faults(report: Report) -> list[Finding]:
    usable = report.usable_seconds
    if usable < FEW_SECONDS:
        return [Finding("too little", "useless", {"usable": usable, "least": FEW_SECONDS})]
    found = []
    pitch_range, coverage = report.pitch_range_hz, report.coverage
    if usable >= GOOD_SECONDS and pitch_range and 12 * np.log2(pitch_range[1] / pitch_range[0]) < NARROW_SEMITONES:
        found.append(Finding("narrow", "care", {"low_hz": pitch_range[0], "high_hz": pitch_range[1]}))
    if coverage.share < MIN_COVERAGE:
        figures: dict[str, float | str] = {"heard": len(coverage.found), "missing": ", ".join(coverage.missing)}
        found.append(Finding("few sounds", "care", figures | {"all": len(coverage.found + coverage.missing)}))
    return found


def _list_titles(clips: Sequence[ExaminedClip]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clip.title for clip in clips))


def _select_voiced_hertz(pitch: Pitch) -> npt.NDArray[np.float32]:
    return pitch.hertz[pitch.voiced & (pitch.confidence > 0.5)]
