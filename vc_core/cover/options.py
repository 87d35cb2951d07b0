"""What a user can choose for a cover."""

from dataclasses import dataclass
from typing import Literal, get_args

from vc_core.conversion import ConversionOptions
from vc_core.cover.key_advisor import KEY_MODES, KeyMode
from vc_core.emotion import EMOTIONS, HIGHEST_INTENSITY, NEUTRAL
from vc_core.errors import Message, UserError
from vc_core.files.reading import Limits
from vc_core.files.writing import format_option
from vc_core.options import check_options, option
from vc_core.separation import SEPARATORS
from vc_core.signal.pitch_methods import COVER_METHOD
from vc_core.voices.library import Voice

COVER_LIMITS = Limits(hours=1.0)
COVER_SEPARATOR = "ensemble"

BackingMode = Literal["together", "left", "voice"]
"""Backing vocals are converted together with the lead, left as they are, or converted to another voice."""
BACKING_MODES: tuple[BackingMode, ...] = get_args(BackingMode)
COVER_CONVERSION = ConversionOptions(pitch_method=COVER_METHOD)
"""Residual music after separation misleads the faster pitch estimators."""


@dataclass(frozen=True, kw_only=True)
class CoverOptions:
    """What a user can choose, in the order of the API."""

    key: KeyMode = option(
        "octaves", Message("key mode"), flag="--key", word="cover_key", choices=KEY_MODES, choice_words="cover_key",
        help="; ".join(f"{name}: {what}" for name, what in KEY_MODES.items()),
    )  # fmt: skip
    vocals_shift_semitones: int = option(
        0, Message("vocals' shift in semitones"), flag="--shift", help="Semitones added to the singing's key.",
        api="vocals_shift", word="vocals_shift", lowest=-24, highest=24, step=1,
    )  # fmt: skip
    """Added to what the advisor proposes."""
    music_shift_semitones: int = option(
        0, Message("music's shift in semitones"), flag="--music-shift", help="Semitones added to the music's key.",
        api="music_shift", word="music_shift", lowest=-24, highest=24, step=1,
    )  # fmt: skip
    separator: str = option(
        COVER_SEPARATOR, Message("separation engine"), flag="--engine",
        help=f"How to separate: {', '.join(SEPARATORS)}.", api="engine", word="separated_by",
        choices=SEPARATORS, choice_words="engine",
    )  # fmt: skip
    vocals_are_clean: bool = option(
        False, Message("clean vocals"), flag="--clean", help="The songs are vocals alone; nothing is separated.",
        word="vocals_clean",
    )  # fmt: skip
    emotion: str = option(
        NEUTRAL, Message("emotion"), flag="--emotion", help=f"{', '.join(EMOTIONS)}.", word="emotion_wanted",
        choices=EMOTIONS, choice_words="emotion",
    )  # fmt: skip
    intensity: float = option(
        1.0, Message("intensity"), flag="--intensity", help="Of the emotion: 0 to 1.5.", word="intensity",
        lowest=0, highest=HIGHEST_INTENSITY, step=0.05,
    )  # fmt: skip
    vocals_db: float = option(
        0.0, Message("vocals' gain in dB"), flag="--vocals-db", help="Make the vocals louder or softer.",
        word="vocals_db", lowest=-24, highest=24, step=0.5,
    )  # fmt: skip
    music_db: float = option(
        0.0, Message("music's gain in dB"), flag="--music-db", help="Make the music louder or softer.", word="music_db",
        lowest=-24, highest=24, step=0.5,
    )  # fmt: skip
    matches_room: bool = option(
        True, Message("matching of the reverb"), flag="--room", help="Put the original's room around the new voice.",
        word="match_room",
    )  # fmt: skip
    matches_loudness: bool = option(
        True, Message("matching of the loudness"), flag="--match", help="Make the cover as loud as the song.",
        word="match_loudness",
    )  # fmt: skip
    backing: BackingMode = option(
        "together", Message("mode for backing vocals"), flag="--backing",
        help="Backing vocals: together with the lead, or left.", word="backing_way",
        choices=BACKING_MODES, choice_words="backing",
    )  # fmt: skip
    backing_voice: Voice | None = None
    """Who sings the backing vocals, where that is another voice."""
    format_name: str = format_option()
    conversion: ConversionOptions = COVER_CONVERSION
    """Its key is set by the three above."""

    def __post_init__(self) -> None:
        check_options(self)
        if self.backing == "voice" and self.backing_voice is None:
            raise UserError("Choose a voice for the backing vocals, or leave them as they are.")

    @property
    def has_emotion(self) -> bool:
        return self.emotion != NEUTRAL and self.intensity > 0
