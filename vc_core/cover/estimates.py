"""The stages of a cover in their order, and estimates of how long each will take."""

from dataclasses import dataclass

from vc_core.cover.options import CoverOptions
from vc_core.cover.preflight import StageEstimate
from vc_core.device import choose_device
from vc_core.emotion import DEFAULT_STYLER
from vc_core.errors import Message
from vc_core.files.reading import AudioFile
from vc_core.separation import SEPARATORS, find_lead_model
from vc_core.voices.library import Voice

PEAK_MEGABYTES = 1_000
"""Peak memory as measured by bench/cover.py, rounded up; it does not depend on the song's length."""
STEREO_SPLIT = "part"
"""The name under which the speed of splitting without a model is measured."""
BACKING_PREFIX = "backing_"
"""Begins the names of the stages for backing vocals. Each takes as long as the same stage for the lead."""


@dataclass(frozen=True)
class StageKind:
    title: Message
    """Shown with the progress."""
    guessed_speed: float
    """Seconds of work per second of sound on two cores, until this machine has measured its own."""


STAGE_KINDS = {
    "separate": StageKind(Message("Separating"), 0.5),
    "split": StageKind(Message("Splitting lead and backing"), 0.1),
    "analyse": StageKind(Message("Analysing the melody"), 0.05),
    "convert": StageKind(Message("Converting"), 0.5),
    "emotion": StageKind(Message("Adding emotion"), 0.5),
    "match": StageKind(Message("Matching"), 0.05),
    "transpose": StageKind(Message("Transposing"), 0.05),
    "mix": StageKind(Message("Mixing"), 0.1),
}


def get_stage_kind(stage: str) -> StageKind:
    return STAGE_KINDS[stage.removeprefix(BACKING_PREFIX)]


def get_stage_title(stage: str) -> Message:
    title = get_stage_kind(stage).title
    return Message("Backing vocals: {stage}", stage=title) if stage.startswith(BACKING_PREFIX) else title


def estimate_stages(song: AudioFile, voice: Voice, options: CoverOptions) -> dict[str, StageEstimate]:
    """One estimate for each stage that this cover needs, in the order in which they run."""
    transposes = options.key == "together" or bool(options.music_shift_semitones)
    speed_names: dict[str, str] = {}  # as in the file of measured speeds
    if not options.vocals_are_clean:
        speed_names["separate"] = f"separate:{options.separator}:{choose_device()}"
    if options.backing != "together":
        model = find_lead_model()
        speed_names["split"] = f"part:{model}:{choose_device()}" if model else STEREO_SPLIT
    speed_names |= {"analyse": "listen", "convert": f"convert:{voice.card.engine}"}
    if options.has_emotion:
        speed_names["emotion"] = f"emotion:{DEFAULT_STYLER}"
    speed_names["match"] = "match"
    speed_names |= _name_backing_speeds(options, transposes)
    if transposes and not options.vocals_are_clean:
        speed_names["transpose"] = "transpose"
    speed_names["mix"] = "mix"
    return {
        stage: StageEstimate(speed_name, song.expected_seconds, _guess_speed(stage, speed_name))
        for stage, speed_name in speed_names.items()
    }


def _guess_speed(stage: str, speed_name: str) -> float:
    if stage == "split" and speed_name != STEREO_SPLIT:
        return SEPARATORS["roformer"].guessed_speed
    return get_stage_kind(stage).guessed_speed


def _name_backing_speeds(options: CoverOptions, transposes: bool) -> dict[str, str]:
    if options.backing == "left" and transposes:
        return {"backing_transpose": "transpose"}
    if options.backing == "voice" and options.backing_voice is not None:
        engine = options.backing_voice.card.engine
        return {"backing_analyse": "listen", "backing_convert": f"convert:{engine}", "backing_match": "match"}
    return {}
