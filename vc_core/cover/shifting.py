"""The key of a cover: estimates the melody for the key advice, and transposes the music."""

import numpy as np

from vc_core.cover.key_advisor import KeyAdvice, KeyMode, choose_key
from vc_core.cover.separating import VoiceLine
from vc_core.cover.stage_cache import make_stage_key
from vc_core.cover.stages import Stage, StageRunner, write_blocks
from vc_core.files.reading import AudioFile, open_audio
from vc_core.signal.melody import estimate_melody
from vc_core.signal.pitch import Pitch
from vc_core.signal.transposing import transpose_blocks
from vc_core.voices.library import Voice

PITCH_FILE = "pitch.npz"


def advise(line: VoiceLine, voice: Voice, mode: KeyMode, stages: StageRunner) -> KeyAdvice:
    """The key in which this voice should sing the line."""
    with stages.run(line.name_stage("analyse"), make_stage_key("pitch", line.key)) as stage:
        if not stage.is_cached:
            _write_melody(line.vocals, stage)
    with np.load(stage.folder / PITCH_FILE) as saved:
        pitch = Pitch(saved["hertz"], saved["confidence"], float(saved["hop"]))
    return choose_key(pitch, voice.card.pitch_range_hz, mode)


def _write_melody(vocals: AudioFile, stage: Stage) -> None:
    pitch = estimate_melody(
        vocals.blocks(), frames=vocals.frames, sample_rate=vocals.sample_rate, progress=stage.progress
    )
    np.savez(stage.folder / PITCH_FILE, hertz=pitch.hertz, confidence=pitch.confidence, hop=pitch.hop_seconds)


def transpose_music(music: AudioFile | None, key: str, semitones: float, stages: StageRunner) -> AudioFile | None:
    return None if music is None else _transpose(music, key, semitones, "transpose", stages)


def transpose_backing(line: VoiceLine, semitones: float, stages: StageRunner) -> AudioFile:
    """Backing vocals that keep their voices follow the music."""
    return _transpose(
        line.vocals, make_stage_key("original", line.key), semitones, line.name_stage("transpose"), stages
    )


def _transpose(audio: AudioFile, key: str, semitones: float, name: str, stages: StageRunner) -> AudioFile:
    if not semitones:
        return audio
    with stages.run(name, make_stage_key("transposed", key, semitones)) as stage:
        target = stage.folder / "moved.wav"
        if not stage.is_cached:
            blocks = transpose_blocks(audio.blocks(), semitones, frames=audio.frames, progress=stage.progress)
            write_blocks(target, blocks, audio)
    return open_audio(target)
