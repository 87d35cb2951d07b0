"""Matches a converted voice to the original: its loudness, and its reverb (RT60)."""

import json
from dataclasses import asdict, dataclass

import numpy as np

from vc_core.cover.converting import Styled
from vc_core.cover.stage_cache import make_stage_key
from vc_core.cover.stages import Stage, StageRunner, write_blocks
from vc_core.errors import Message
from vc_core.files.reading import AudioFile, open_audio
from vc_core.signal.loudness import apply_gain
from vc_core.signal.loudness_meter import measure_stream_loudness_lufs
from vc_core.signal.reverb import apply_reverb, compute_missing_reverb, estimate_reverb

MAX_LEVEL_CHANGE_DB = 20.0
MATCHED_FILE, REVERB_FILE = "matched.wav", "room.json"


@dataclass(frozen=True)
class Matched:
    """A line that is ready for the mix."""

    vocals: AudioFile
    notes: tuple[str, ...] = ()


def match(styled: Styled, matches_reverb: bool, stages: StageRunner) -> Matched:
    """Make the line as loud and, if asked for, as reverberant as the original's."""
    key = make_stage_key("matched", styled.key, matches_reverb)
    with stages.run(styled.converted.line.name_stage("match"), key) as stage:
        if not stage.is_cached:
            _write_matched(styled, matches_reverb, stage)
    reverb = json.loads((stage.folder / REVERB_FILE).read_text())
    note = reverb and f"Reverb like the original's was added, with a decay time of {reverb['decay_seconds']:.1f} s."
    return Matched(open_audio(stage.folder / MATCHED_FILE), (note,) if note else ())


def _write_matched(styled: Styled, matches_reverb: bool, stage: Stage) -> None:
    # Measured before the emotion, which may change the loudness on purpose.
    original, converted = styled.converted.line.vocals, styled.converted.vocals
    reverb = None
    if matches_reverb:
        stage.progress(0.0, Message("Estimating the reverb"))
        present = estimate_reverb(converted.blocks())
        reverb = compute_missing_reverb(estimate_reverb(original.blocks()), present)
    stage.progress(0.4, Message("Measuring the loudness"))
    gain_db = _compute_gain_db(original, converted)
    blocks = (apply_gain(block, gain_db) for block in styled.vocals.blocks())
    write_blocks(stage.folder / MATCHED_FILE, apply_reverb(blocks, reverb) if reverb else blocks, styled.vocals)
    (stage.folder / REVERB_FILE).write_text(json.dumps(reverb and asdict(reverb)))


def _compute_gain_db(original: AudioFile, converted: AudioFile) -> float:
    """What brings the converted voice to the loudness of the original; 0 if either is silent."""
    difference = measure_stream_loudness_lufs(original.blocks()) - measure_stream_loudness_lufs(converted.blocks())
    return float(np.clip(difference, -MAX_LEVEL_CHANGE_DB, MAX_LEVEL_CHANGE_DB)) if np.isfinite(difference) else 0.0
