"""Finding codes of the quality check, with their English messages and remedies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vc_core.errors import Value

Severity = Literal["care", "useless"]

ENGLISH_TEXTS: dict[str, tuple[str, str]] = {
    "no voice": ("In {some} of {all} clips no voice can be heard.", "Leave them out, or record them again."),
    "music": ("In {some} of {all} clips there is music behind the voice.", "Take the vocals out of it first."),
    "hum": (
        "In {some} of {all} clips something hums.",
        "Have it cleaned, or record again away from lamps, chargers and long cables.",
    ),
    "noise": (
        "In {some} of {all} clips there is noise behind the voice.",
        "Have it cleaned, or find a quiet place.",
    ),
    "room": (
        "In {some} of {all} clips the room rings.",
        "Record close to the microphone, among soft things: curtains, clothes, a bed.",
    ),
    "clipping": (
        "In {some} of {all} clips the loud moments are cut off.",
        "Record them again with less gain; this can't be mended.",
    ),
    "offset": (
        "In {some} of {all} clips the sound does not swing around zero.",
        "Nothing to do: the offset is taken out. But the microphone may have a fault.",
    ),
    "quiet": (
        "In {some} of {all} clips the voice is very quiet.",
        "They are made louder, and their noise with them. Record closer or with more gain.",
    ),
    "dull": (
        "In {some} of {all} clips there is no treble, as from a telephone.",
        "Find the originals: what a call or strong compression has taken is gone.",
    ),
    "unreadable": ("“{title}” can't be used: {reason}", "Leave it out, or bring it again."),
    "silent": ("“{title}” is silent.", "Leave it out, or record it again."),
    "other voice": (
        "In {some} of {all} clips somebody else seems to be heard.",
        "Leave them out if so: the voices would blend.",
    ),
    "duplicate": (
        "In {some} of {all} clips a part of another one is heard again.",
        "Leave the copies out: they add nothing.",
    ),
    "uneven": (
        "Some recordings are {louder_db:.0f} dB louder than others.",
        "They are evened out; the quiet ones bring more noise.",
    ),
    "too little": (
        "Only {usable:.0f} seconds can be used.",
        "Bring at least {least:.0f} seconds; minutes are better.",
    ),
    "narrow": (
        "Everything lies between {low_hz:.0f} and {high_hz:.0f} Hz.",
        "Add higher and lower notes, or songs outside of that will suffer.",
    ),
    "few sounds": (
        "Only {heard} of the language's {all} sounds are heard. Not heard: {missing}.",
        "Read out other sentences, such as the lines that can be recorded here.",
    ),
}
"""Message and remedy by code."""


@dataclass(frozen=True)
class Finding:
    kind: str
    """One of ENGLISH_TEXTS."""
    severity: Severity
    figures: Mapping[str, Value] = field(default_factory=dict)
    """Values of the placeholders in its texts."""
    titles: tuple[str, ...] = ()
    """The recordings concerned; empty if it concerns all of them together."""

    @property
    def message(self) -> str:
        return ENGLISH_TEXTS[self.kind][0].format(**self.figures)

    @property
    def remedy(self) -> str:
        return ENGLISH_TEXTS[self.kind][1].format(**self.figures)
