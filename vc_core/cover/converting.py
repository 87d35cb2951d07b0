"""Voice conversion and emotion for a cover: a voice line of the original, sung by another voice."""

from dataclasses import asdict, dataclass, replace
from functools import partial

from vc_core.conversion import ConversionOptions, load_converter
from vc_core.cover.separating import VoiceLine
from vc_core.cover.stage_cache import make_stage_key
from vc_core.cover.stages import STAGE_FORMAT, StageRunner, write_blocks
from vc_core.device import choose_device
from vc_core.emotion import DEFAULT_STYLER, StyleOptions, load_styler
from vc_core.files.reading import AudioFile, open_audio
from vc_core.signal.windows import Windows, stream_in_windows
from vc_core.voices.library import Voice

STYLE_WINDOWS = Windows(seconds=20.0, context_seconds=1.0, fade_seconds=0.05, align_seconds=0.02)
STYLE_OPTIONS = StyleOptions(changes_tempo=False, is_singing=True)


@dataclass(frozen=True)
class Converted:
    """A voice line in its new voice."""

    line: VoiceLine
    vocals: AudioFile
    key: str
    """Cache key of `vocals`."""
    shift_semitones: float


@dataclass(frozen=True)
class Styled:
    """A converted line with an emotion, or without."""

    converted: Converted
    vocals: AudioFile
    key: str
    """Cache key of `vocals`."""


def convert(
    line: VoiceLine, voice: Voice, shift_semitones: float, options: ConversionOptions, stages: StageRunner
) -> Converted:
    """Convert the line in this key; the key in `options` is ignored."""
    options = replace(options, automatic_key="off", key_shift_semitones=shift_semitones)
    key = make_stage_key("converted", line.key, voice.card.engine, dict(voice.card.files), asdict(options))
    with stages.run(line.name_stage("convert"), key) as stage:
        target = stage.folder / "converted.wav"
        if not stage.is_cached:
            load_converter(voice, choose_device()).convert_file(
                line.vocals, target, options, format_name=STAGE_FORMAT, progress=stage.progress
            )
    return Converted(line, open_audio(target), key, shift_semitones)


def style(converted: Converted, emotion: str | None, intensity: float, stages: StageRunner) -> Styled:
    """Add an emotion; None leaves the line as it is."""
    vocals = converted.vocals
    if emotion is None:
        return Styled(converted, vocals, converted.key)
    key = make_stage_key("styled", converted.key, DEFAULT_STYLER, emotion, intensity)
    with stages.run(converted.line.name_stage("emotion"), key) as stage:
        target = stage.folder / "styled.wav"
        if not stage.is_cached:
            styler = load_styler(DEFAULT_STYLER, choose_device())
            style_window = partial(styler.style, emotion=emotion, intensity=intensity, options=STYLE_OPTIONS)
            blocks = stream_in_windows(
                vocals.blocks(), style_window, STYLE_WINDOWS, frames=vocals.frames, progress=stage.progress
            )
            write_blocks(target, blocks, vocals)
    return Styled(converted, open_audio(target), key)
