"""Training corpus of RelGAN: envelopes by speaker and emotion, normalised by each speaker's neutral speech."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from vc_core.errors import Message, UserError
from vc_core.progress import Progress, subprogress
from vc_core.training.base import Clips
from vc_core.training.gan.envelopes import extract_envelopes, normalise_envelopes, split_held_out
from vc_core.training.recordings.corpora import get_speaker
from vc_core.voices.emotion_model import NEUTRAL
from vc_core.voices.speaker_statistics import (
    RecordingFeatures,
    SpeakerStatistics,
    average_relative_statistics,
    compute_statistics,
)

MIN_EMOTIONS = 3
"""The matching loss needs wrong relative attributes, which lead to a third emotion."""

FeaturesBySpeaker = dict[str, dict[str, list[RecordingFeatures]]]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Normalised envelopes by speaker and emotion, Tensors of shape (dimensions, T)."""

    training: Mapping[str, Mapping[str, Tensor]]
    held_out: Mapping[str, Mapping[str, Tensor]]
    statistics: Mapping[str, SpeakerStatistics]
    """By emotion, relative to neutral."""
    sample: Path
    """A neutral clip."""


def prepare_corpus(clips: Clips, min_frames: int, folder: Path, progress: Progress) -> Corpus:
    emotions = sorted(clips.folders)
    if NEUTRAL not in emotions or len(emotions) < MIN_EMOTIONS:
        raise UserError(
            "RelGAN learns from at least {fewest} emotions, “{neutral}” among them, and found: {found}. Name a folder "
            "after each.",
            fewest=MIN_EMOTIONS,
            neutral=NEUTRAL,
            found=", ".join(emotions) or Message("none"),
        )
    extracted = _extract_by_speaker(clips, emotions, folder, progress)
    splits = {who: {e: split_held_out(own[e]) for e in emotions} for who, own in extracted.items()}
    by_speaker = {who: {e: compute_statistics(own[e][0]) for e in emotions} for who, own in splits.items()}
    neutral = [own[NEUTRAL] for own in by_speaker.values()]
    statistics = {e: average_relative_statistics([own[e] for own in by_speaker.values()], neutral) for e in emotions}
    deviation = statistics[NEUTRAL].deviation
    training, held_out = (
        {
            who: {
                e: normalise_envelopes(own[e][at], by_speaker[who][NEUTRAL].mean, deviation, min_frames)
                for e in emotions
            }
            for who, own in splits.items()
        }
        for at in range(2)
    )
    return Corpus(training, held_out, statistics, clips.folders[NEUTRAL][-1])


def _extract_by_speaker(clips: Clips, emotions: list[str], folder: Path, progress: Progress) -> FeaturesBySpeaker:
    """Extract features by speaker and emotion; without a speaker who has all emotions, all clips are of one speaker."""
    speakers: FeaturesBySpeaker = {}
    for at, emotion in enumerate(emotions):
        by_speaker: dict[str, list[Path]] = {}
        for path in clips.folders[emotion]:
            by_speaker.setdefault(get_speaker(path), []).append(path)
        emotion_progress = subprogress(progress, at / len(emotions), (at + 1) / len(emotions))
        for done, (speaker, paths) in enumerate(sorted(by_speaker.items())):
            speaker_progress = subprogress(emotion_progress, done / len(by_speaker), (done + 1) / len(by_speaker))
            speakers.setdefault(speaker, {})[emotion] = extract_envelopes(paths, folder, speaker_progress)
    complete = {name: own for name, own in speakers.items() if all(len(own.get(e, ())) > 1 for e in emotions)}
    return complete or {"": {e: [one for own in speakers.values() for one in own.get(e, ())] for e in emotions}}
