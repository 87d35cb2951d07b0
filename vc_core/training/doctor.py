"""The doctor: hears recordings before anybody waits for a training, and says what is wrong and what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from vc_core.errors import UserError
from vc_core.pitch import Pitch
from vc_core.progress import Progress, part_of, silent
from vc_core.reading import Limits, open_audio
from vc_core.slicing import ClipRules
from vc_core.training.dataset import MOST_HOURS, clips_of
from vc_core.training.hearing import Heard, hear
from vc_core.training.likeness import copies, strangers
from vc_core.training.recordings import Recording

Verdict = Literal["go", "care", "no-go"]
FEW_SECONDS, GOOD_SECONDS = 30.0, 300.0
"""With less than the one nothing comes of it; with the other most methods show what they can do."""
SPREAD_DB = 12.0
NARROW_SEMITONES = 7.0
NOISY_DB, NOISE_FLATNESS = 28.0, 0.97
ROOM_FALL_DB = 13.0
BASS_DB = -22.0
NO_VOICE_SHARE, NO_VOICE_SNR_DB = 0.1, 8.0


@dataclass(frozen=True)
class Fault:
    """Something that a single clip can have."""

    kind: str
    severity: Literal["care", "useless"]
    said: str
    remedy: str
    is_there: Callable[[Heard], bool]


def _has_no_voice(heard: Heard) -> bool:
    return heard.voiced_share < NO_VOICE_SHARE and heard.snr_db < NO_VOICE_SNR_DB


def _is_noisy(heard: Heard) -> bool:
    return heard.snr_db < NOISY_DB and heard.floor_flatness > NOISE_FLATNESS and not _has_no_voice(heard)


def _is_roomy(heard: Heard) -> bool:
    return heard.fall_db < ROOM_FALL_DB and not (_is_noisy(heard) or _has_no_voice(heard) or _has_bass(heard))


def _has_bass(heard: Heard) -> bool:
    return heard.bass_db > BASS_DB and not (_is_noisy(heard) or _has_no_voice(heard))


def _has_music(heard: Heard) -> bool:
    return _has_bass(heard) or (
        heard.snr_db < NOISY_DB and heard.floor_flatness <= NOISE_FLATNESS and not _is_roomy(heard)
    )


CLIP_FAULTS = (
    Fault("no voice", "useless", "no voice can be heard", "Leave it out, or record it again.", _has_no_voice),
    Fault("music", "useless", "there is music behind the voice", "Take the vocals out of it first.", _has_music),
    Fault("noise", "care", "there is noise behind the voice", "Have it cleaned, or find a quiet place.", _is_noisy),
    Fault(
        "room", "care", "it was sung in a room that rings",
        "Record close to the microphone, among soft things: curtains, clothes, a bed.", _is_roomy,
    ),
    Fault(
        "clipping", "care", "its loud moments are cut off",
        "Record it again with less gain; this can't be mended.", lambda heard: heard.clipped_share > 0.05,
    ),
    Fault(
        "offset", "care", "it does not swing around zero",
        "Nothing to do: the offset is taken out. But the microphone may have a fault.",
        lambda heard: abs(heard.offset) > 0.02,
    ),
    Fault(
        "quiet", "care", "it is very quiet",
        "It is made louder, and its noise with it. Record closer or with more gain.",
        lambda heard: heard.loudness_lufs < -42 and not _has_no_voice(heard),
    ),
    Fault(
        "dull", "care", "it has no treble, as from a telephone",
        "Find the original: what a call or strong compression has taken is gone.",
        lambda heard: heard.bandwidth_hz < 6_000 and not _has_no_voice(heard),
    ),
)  # fmt: skip
"""Sung or spoken, by these no clip of a careful recording is named; bench/doctor.py counts how often it goes wrong."""

SAME_VOICE = ("noise", "room", "music", "no voice", "dull")
"""Clips with these don't tell whose voice they are."""


@dataclass(frozen=True)
class Finding:
    kind: str
    severity: Literal["care", "useless"]
    sentence: str
    remedy: str
    titles: tuple[str, ...] = ()
    """The recordings that it concerns; none if all together."""


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


def examine(recordings: Sequence[Recording], *, progress: Progress = silent) -> Report:
    """Everything is read as it was recorded; what can't be read is a finding too."""
    patients: list[Patient] = []
    findings: list[Finding] = []
    for at, recording in enumerate(recordings):
        part = part_of(progress, 0.95 * at / len(recordings), 0.95 * (at + 1) / len(recordings))
        part(0.0, recording.title)
        try:
            found = _heard_in(recording, part)
        except UserError as error:
            said = f"“{recording.title}” can't be used: {error}"
            findings.append(
                Finding("unreadable", "useless", said, "Leave it out, or bring it again.", (recording.title,))
            )
            continue
        patients += found
        if not found:
            said = f"“{recording.title}” is silent."
            findings.append(Finding("silent", "useless", said, "Leave it out, or record it again.", (recording.title,)))
    progress(0.96, "Comparing")
    return Report(patients, [*findings, *_findings_of_clips(patients), *_findings_of_all(patients)])


def _heard_in(recording: Recording, progress: Progress) -> list[Patient]:
    file = open_audio(recording.path, Limits(hours=MOST_HOURS))
    total = (file.frames or 0) / file.sample_rate
    found = []
    for start, clip in clips_of((block.mono() for block in file.blocks()), ClipRules()):
        progress(min(1.0, start / max(total, start + 1)), recording.title)
        found.append(Patient(recording.title, start, hear(clip)))
    return found


def _findings_of_clips(patients: Sequence[Patient]) -> list[Finding]:
    found = []
    for fault in CLIP_FAULTS:
        sick = [patient for patient in patients if fault.is_there(patient.heard)]
        if sick:
            said = f"In {_share(sick, patients)} {fault.said}."
            found.append(Finding(fault.kind, fault.severity, said, fault.remedy, _titles(sick)))
    return found


def _findings_of_all(patients: Sequence[Patient]) -> list[Finding]:
    found = []
    clear = [patient for patient in patients if not set(patient.kinds) & set(SAME_VOICE)]
    if others := [clear[at] for at in strangers([patient.heard.prints for patient in clear])]:
        said = f"In {_share(others, patients)} somebody else seems to be heard."
        found.append(
            Finding("other voice", "care", said, "Leave them out if so: the voices would blend.", _titles(others))
        )
    if pairs := copies([patient.heard.sketch for patient in patients]):
        twins = [patients[second] for _, second in pairs]
        said = f"{_share(twins, patients).capitalize()} is a copy of another one."
        found.append(Finding("duplicate", "care", said, "Leave the copies out: they add nothing.", _titles(twins)))
    loudness = [patient.heard.loudness_lufs for patient in clear if "quiet" not in patient.kinds]
    if len(loudness) > 1 and max(loudness) - min(loudness) > SPREAD_DB:
        said = f"Some recordings are {max(loudness) - min(loudness):.0f} dB louder than others."
        found.append(Finding("uneven", "care", said, "They are evened out; the quiet ones bring more noise."))
    return found + _findings_of_amount(patients)


def _findings_of_amount(patients: Sequence[Patient]) -> list[Finding]:
    report = Report(patients, [])
    usable = report.usable_seconds
    found = []
    if usable < FEW_SECONDS:
        said = f"Only {usable:.0f} seconds can be used."
        found.append(
            Finding("too little", "useless", said, f"Bring at least {FEW_SECONDS:.0f} seconds; minutes are better.")
        )
    heard = report.pitch_range_hz
    if usable >= GOOD_SECONDS and heard and 12 * np.log2(heard[1] / heard[0]) < NARROW_SEMITONES:
        said = f"Everything lies between {heard[0]:.0f} and {heard[1]:.0f} Hz."
        found.append(
            Finding("narrow", "care", said, "Add higher and lower notes, or songs outside of that will suffer.")
        )
    return found


def _share(some: Sequence[Patient], everything: Sequence[Patient]) -> str:
    return "all clips" if len(some) == len(everything) > 1 else f"{len(some)} of {len(everything)} clips"


def _titles(patients: Sequence[Patient]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(patient.title for patient in patients))


def _sung(pitch: Pitch) -> npt.NDArray[np.float32]:
    return pitch.hertz[pitch.voiced & (pitch.confidence > 0.5)]
