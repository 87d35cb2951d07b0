"""The doctor: hears recordings before anybody waits for a training, and says what is wrong and what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from vc_core.errors import UserError
from vc_core.pitch import Pitch
from vc_core.progress import Progress, part_of, silent
from vc_core.reading import Limits, open_audio
from vc_core.slicing import ClipRules
from vc_core.training.dataset import MOST_HOURS, clips_of
from vc_core.training.findings import Finding, Severity
from vc_core.training.hearing import Heard, hear
from vc_core.training.likeness import copies, strangers
from vc_core.training.prompts import text_of_take
from vc_core.training.recordings import Recording
from vc_core.training.sounds import Coverage, Language, coverage_of, sounds_of_text

Verdict = Literal["go", "care", "no-go"]
FEW_SECONDS, GOOD_SECONDS = 30.0, 300.0
"""With less than the one nothing comes of it; with the other most methods show what they can do."""
SPREAD_DB = 12.0
NARROW_SEMITONES = 7.0
FEW_SOUNDS = 0.7
"""Of a language's; words said over and over have less than half of them, and five sentences nine tenths."""
NOISY_DB, NOISE_FLATNESS = 28.0, 0.97
HUM_DB, HUMMING_DB = 12.0, 38.0
"""How far a hum stands out; and it doesn't matter where the voice is so far above all that is behind it."""
ROOM_FALL_DB = 13.0
BASS_DB = -22.0
NO_VOICE_SHARE, NO_VOICE_SNR_DB = 0.1, 8.0


@dataclass(frozen=True)
class Fault:
    """Something that a single clip can have."""

    kind: str
    severity: Severity
    is_there: Callable[[Heard], bool]


def _has_no_voice(heard: Heard) -> bool:
    return heard.voiced_share < NO_VOICE_SHARE and heard.snr_db < NO_VOICE_SNR_DB


def _hums(heard: Heard) -> bool:
    return heard.hum_db > HUM_DB and heard.snr_db < HUMMING_DB and not _has_no_voice(heard)


def _is_noisy(heard: Heard) -> bool:
    return heard.snr_db < NOISY_DB and heard.floor_flatness > NOISE_FLATNESS and not _has_no_voice(heard)


def _is_roomy(heard: Heard) -> bool:
    return heard.fall_db < ROOM_FALL_DB and not (_is_noisy(heard) or _has_no_voice(heard) or _has_bass(heard))


def _has_bass(heard: Heard) -> bool:
    return heard.bass_db > BASS_DB and not (_is_noisy(heard) or _has_no_voice(heard) or _hums(heard))


def _has_music(heard: Heard) -> bool:
    return _has_bass(heard) or (
        heard.snr_db < NOISY_DB and heard.floor_flatness <= NOISE_FLATNESS and not (_is_roomy(heard) or _hums(heard))
    )


CLIP_FAULTS = (
    Fault("no voice", "useless", _has_no_voice),
    Fault("music", "useless", _has_music),
    Fault("hum", "care", _hums),
    Fault("noise", "care", _is_noisy),
    Fault("room", "care", _is_roomy),
    Fault("clipping", "care", lambda heard: heard.clipped_share > 0.05),
    Fault("offset", "care", lambda heard: abs(heard.offset) > 0.02),
    Fault("quiet", "care", lambda heard: heard.loudness_lufs < -42 and not _has_no_voice(heard)),
    Fault("dull", "care", lambda heard: heard.bandwidth_hz < 6_000 and not _has_no_voice(heard)),
)
"""Sung or spoken, by these no clip of a careful recording is named; bench/doctor.py counts how often it goes wrong."""

SAME_VOICE = ("noise", "room", "music", "hum", "no voice", "dull")
"""Clips with these don't tell whose voice they are."""


@dataclass(frozen=True)
class Patient:
    """A clip, and where it is from."""

    title: str
    start_seconds: float
    heard: Heard

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(fault.kind for fault in CLIP_FAULTS if fault.is_there(self.heard))

    @property
    def is_useless(self) -> bool:
        return any(fault.severity == "useless" and fault.is_there(self.heard) for fault in CLIP_FAULTS)


@dataclass(frozen=True)
class Report:
    patients: Sequence[Patient]
    findings: Sequence[Finding]
    language: Language = "en"

    @property
    def seconds(self) -> float:
        return sum(patient.heard.seconds for patient in self.patients)

    @property
    def usable_seconds(self) -> float:
        return sum(patient.heard.seconds for patient in self.patients if not patient.is_useless)

    @property
    def verdict(self) -> Verdict:
        if self.usable_seconds < FEW_SECONDS or self.usable_seconds < 0.5 * self.seconds:
            return "no-go"
        return "care" if self.findings else "go"

    @property
    def semitones(self) -> npt.NDArray[np.float64]:
        """All that was sung or said, as MIDI numbers."""
        heard = np.concatenate([np.zeros(0), *(_sung(patient.heard.pitch) for patient in self.patients)])
        return np.asarray(69 + 12 * np.log2(heard / 440)) if len(heard) else heard

    @property
    def pitch_range_hz(self) -> tuple[float, float] | None:
        if not len(self.semitones):
            return None
        low, high = 440 * 2 ** ((np.percentile(self.semitones, (5, 95)) - 69) / 12)
        return float(low), float(high)

    @cached_property
    def coverage(self) -> Coverage:
        """What is read out by its text is there even where the ear is not sure of it."""
        usable = [patient for patient in self.patients if not patient.is_useless]
        told = [text for title in _titles(usable) if (text := text_of_take(title)) and text[0] == self.language]
        read_out = [sounds_of_text(text, self.language) for _, text in told]
        return coverage_of((patient.heard.sounds for patient in usable), self.language, read_out)


def examine(recordings: Sequence[Recording], language: Language = "en", *, progress: Progress = silent) -> Report:
    """Everything is read as it was recorded; what can't be read is a finding too."""
    patients: list[Patient] = []
    findings: list[Finding] = []
    for at, recording in enumerate(recordings):
        part = part_of(progress, 0.95 * at / len(recordings), 0.95 * (at + 1) / len(recordings))
        part(0.0, recording.title)
        try:
            found = _heard_in(recording, part)
        except UserError as error:
            figures = {"title": recording.title, "reason": str(error)}
            findings.append(Finding("unreadable", "useless", figures, (recording.title,)))
            continue
        patients += found
        if not found:
            findings.append(Finding("silent", "useless", {"title": recording.title}, (recording.title,)))
    progress(0.96, "Comparing")
    findings += [*_findings_of_clips(patients), *_findings_of_voices(patients)]
    return Report(patients, [*findings, *_findings_of_all(Report(patients, [], language))], language)


def _heard_in(recording: Recording, progress: Progress) -> list[Patient]:
    file = open_audio(recording.path, Limits(hours=MOST_HOURS))
    total = (file.frames or 0) / file.sample_rate
    found = []
    for start, clip in clips_of((block.mono() for block in file.blocks()), ClipRules()):
        progress(min(1.0, start / max(total, start + 1)), recording.title)
        found.append(Patient(recording.title, start, hear(clip)))
    return found


def _findings_of_clips(patients: Sequence[Patient]) -> list[Finding]:
    sick = {fault: [patient for patient in patients if fault.is_there(patient.heard)] for fault in CLIP_FAULTS}
    return [_finding_in(fault.kind, fault.severity, some, patients) for fault, some in sick.items() if some]


def _findings_of_voices(patients: Sequence[Patient]) -> list[Finding]:
    found = []
    # Hiss is like anything.
    voiced = [patient for patient in patients if not _has_no_voice(patient.heard)]
    twins = [voiced[second] for _, second in copies([patient.heard.sketch for patient in voiced])]
    clear = [patient for patient in patients if not set(patient.kinds) & set(SAME_VOICE)]
    # A copy is nearer to its original than a person ever is to herself.
    once = [patient for patient in clear if patient not in twins]
    if others := [once[at] for at in strangers([patient.heard.prints for patient in once])]:
        found.append(_finding_in("other voice", "care", others, patients))
    if twins:
        found.append(_finding_in("duplicate", "care", twins, patients))
    loudness = [patient.heard.loudness_lufs for patient in clear if "quiet" not in patient.kinds]
    if len(loudness) > 1 and max(loudness) - min(loudness) > SPREAD_DB:
        found.append(Finding("uneven", "care", {"louder_db": max(loudness) - min(loudness)}))
    return found


def _finding_in(kind: str, severity: Severity, some: Sequence[Patient], patients: Sequence[Patient]) -> Finding:
    return Finding(kind, severity, {"some": len(some), "all": len(patients)}, _titles(some))


def _findings_of_all(report: Report) -> list[Finding]:
    usable = report.usable_seconds
    if usable < FEW_SECONDS:
        return [Finding("too little", "useless", {"usable": usable, "least": FEW_SECONDS})]
    found = []
    heard, coverage = report.pitch_range_hz, report.coverage
    if usable >= GOOD_SECONDS and heard and 12 * np.log2(heard[1] / heard[0]) < NARROW_SEMITONES:
        found.append(Finding("narrow", "care", {"low_hz": heard[0], "high_hz": heard[1]}))
    if coverage.share < FEW_SOUNDS:
        figures: dict[str, float | str] = {"heard": len(coverage.heard), "missing": ", ".join(coverage.missing)}
        found.append(Finding("few sounds", "care", figures | {"all": len(coverage.heard + coverage.missing)}))
    return found


def _titles(patients: Sequence[Patient]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(patient.title for patient in patients))


def _sung(pitch: Pitch) -> npt.NDArray[np.float32]:
    return pitch.hertz[pitch.voiced & (pitch.confidence > 0.5)]
