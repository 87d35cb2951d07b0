"""What a person can choose for a cover, what comes of it, and which steps lead there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vc_core.conversion import ConversionOptions
from vc_core.device import choose_device
from vc_core.emotion import DEFAULT_STYLER, NEUTRAL
from vc_core.errors import UserError
from vc_core.key_advisor import KEY_WAYS, KeyAdvice, KeyWay
from vc_core.pitch import DEFAULT_METHOD, METHODS
from vc_core.preflight import Step
from vc_core.reading import AudioFile, Limits
from vc_core.voices import Voice
from vc_core.writing import DEFAULT_FORMAT, FORMATS

COVER_LIMITS = Limits(hours=1.0)
COVER_SEPARATOR = "starter"
UNKNOWN_SECONDS = 240.0
"""For a file that does not tell its length, a song's usual one."""

BackingWay = Literal["together", "left", "voice"]
"""Backing vocals are sung with the lead by the same voice, left as they are, or sung by a voice of their own."""
BACKING_WAYS: tuple[BackingWay, ...] = get_args(BackingWay)
OF_BACKING = "backing_"
"""What the steps for backing vocals begin with; each takes as long as the lead's own."""

COVER_CONVERSION = ConversionOptions(pitch_method="fcpe" if METHODS["fcpe"].is_installed() else DEFAULT_METHOD)
"""What separation leaves of the music misleads the faster ways to find pitch."""

GUESSED_SPEEDS = {
    "separate": 0.5,
    "part": 0.1,
    "listen": 0.05,
    "convert": 0.5,
    "emotion": 0.5,
    "match": 0.05,
    "transpose": 0.05,
    "mix": 0.1,
}
"""Seconds of work for each second of sound on two cores, until this machine has shown its own."""


@dataclass(frozen=True)
class CoverOptions:
    """What a person can choose; the pages and the shell read their defaults here."""

    separator: str = COVER_SEPARATOR
    vocals_are_clean: bool = False
    """There is no music to be separated from."""
    key: KeyWay = "octaves"
    vocals_shift_semitones: int = 0
    """Added to what the advisor proposes."""
    music_shift_semitones: int = 0
    conversion: ConversionOptions = COVER_CONVERSION
    """Its key is set by the three above."""
    emotion: str = NEUTRAL
    intensity: float = 1.0
    matches_room: bool = True
    vocals_db: float = 0.0
    music_db: float = 0.0
    matches_loudness: bool = True
    format_name: str = DEFAULT_FORMAT
    backing: BackingWay = "together"
    backing_voice: Voice | None = None
    """Who sings the backing vocals, where that is somebody else."""

    def __post_init__(self) -> None:
        if self.key not in KEY_WAYS:
            raise UserError(f"There is no way to choose the key called “{self.key}”. There are: {', '.join(KEY_WAYS)}.")
        if self.format_name not in FORMATS:
            raise UserError(f"There is no format “{self.format_name}”. There are: {', '.join(FORMATS)}.")
        if not max(abs(self.vocals_db), abs(self.music_db)) <= 24.0:
            raise UserError("Vocals and music can be made louder or softer by up to 24 dB.")
        if self.backing not in BACKING_WAYS:
            raise UserError(
                f"There is no way of backing vocals called “{self.backing}”. There are: {', '.join(BACKING_WAYS)}."
            )
        if self.backing == "voice" and self.backing_voice is None:
            raise UserError("Choose a voice for the backing vocals, or leave them as they are.")

    @property
    def has_emotion(self) -> bool:
        return self.emotion != NEUTRAL and self.intensity > 0


@dataclass(frozen=True)
class Cover:
    path: Path
    stems: dict[str, Path]
    """What the cover is the sum of: `vocals`, `accompaniment`, at times `backing`; and the `original-vocals`."""
    advice: KeyAdvice
    picture: Path
    shift_semitones: float
    music_shift_semitones: float
    notes: tuple[str, ...]


def steps_of_cover(song: AudioFile, voice: Voice, options: CoverOptions) -> dict[str, Step]:
    names = {"listen": "listen", "convert": f"convert:{voice.card.engine}", "match": "match", "mix": "mix"}
    if not options.vocals_are_clean:
        names["separate"] = f"separate:{options.separator}:{choose_device()}"
    if options.has_emotion:
        names["emotion"] = f"emotion:{DEFAULT_STYLER}"
    if options.key == "together" or options.music_shift_semitones:
        names["transpose"] = "transpose"
    names |= _steps_of_backing(options, "transpose" in names)
    seconds = seconds_of(song)
    return {kind: Step(name, seconds, GUESSED_SPEEDS[kind.removeprefix(OF_BACKING)]) for kind, name in names.items()}


def _steps_of_backing(options: CoverOptions, moves: bool) -> dict[str, str]:
    names: dict[str, str] = {}
    if options.backing != "together":
        names["part"] = "part"
    if options.backing == "left" and moves:
        names["backing_transpose"] = "transpose"
    if options.backing == "voice" and options.backing_voice is not None:
        engine = options.backing_voice.card.engine
        names |= {"backing_listen": "listen", "backing_convert": f"convert:{engine}", "backing_match": "match"}
    return names


def seconds_of(song: AudioFile) -> float:
    return song.frames / song.sample_rate if song.frames else UNKNOWN_SECONDS
