"""Recordings by emotion, made ready for RelGAN: each speaker's envelopes next to the same person's neutral ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from vc_core.emotion_model import NEUTRAL
from vc_core.errors import UserError
from vc_core.manners import Manner, Recorded, manner_of, relative
from vc_core.progress import Progress, part_of
from vc_core.training.base import Clips
from vc_core.training.corpora import speaker_of
from vc_core.training.envelopes import listen_to, normalised, split

FEWEST_EMOTIONS = 3
"""The network learns from right and wrong ways, and a wrong one leads to a third emotion."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Normalised envelopes by speaker and emotion, shape (dimensions, frames)."""

    learned: Mapping[str, Mapping[str, Tensor]]
    held_out: Mapping[str, Mapping[str, Tensor]]
    manners: Mapping[str, Manner]
    """Of each emotion, next to neutral."""
    sample: Path
    """Of somebody neutral."""


def prepare_corpus(clips: Clips, frames: int, folder: Path, progress: Progress) -> Corpus:
    """`frames` is the least that a speaker's recordings have to fill."""
    emotions = sorted(clips.folders)
    if NEUTRAL not in emotions or len(emotions) < FEWEST_EMOTIONS:
        raise UserError(
            f"RelGAN learns from at least {FEWEST_EMOTIONS} emotions, “{NEUTRAL}” among them, and found: "
            f"{', '.join(emotions) or 'none'}. Name a folder after each."
        )
    heard = _heard(clips, emotions, folder, progress)
    parts = {who: {e: split(moods[e]) for e in emotions} for who, moods in heard.items()}
    own = {who: {e: manner_of(moods[e][0]) for e in emotions} for who, moods in parts.items()}
    plain = [manners[NEUTRAL] for manners in own.values()]
    manners = {e: relative([one[e] for one in own.values()], plain) for e in emotions}
    deviation = manners[NEUTRAL].deviation
    learned, held_out = (
        {
            who: {e: normalised(moods[e][at], own[who][NEUTRAL].mean, deviation, frames) for e in emotions}
            for who, moods in parts.items()
        }
        for at in range(2)
    )
    return Corpus(learned, held_out, manners, clips.folders[NEUTRAL][-1])


def _heard(clips: Clips, emotions: list[str], folder: Path, progress: Progress) -> dict[str, dict[str, list[Recorded]]]:
    """By speaker and emotion; if nobody speaks in all of them, everybody is taken for one person."""
    speakers: dict[str, dict[str, list[Recorded]]] = {}
    for at, emotion in enumerate(emotions):
        by_speaker: dict[str, list[Path]] = {}
        for path in clips.folders[emotion]:
            by_speaker.setdefault(speaker_of(path), []).append(path)
        part = part_of(progress, at / len(emotions), (at + 1) / len(emotions))
        for done, (speaker, paths) in enumerate(sorted(by_speaker.items())):
            step = part_of(part, done / len(by_speaker), (done + 1) / len(by_speaker))
            speakers.setdefault(speaker, {})[emotion] = listen_to(paths, folder, step)
    complete = {name: moods for name, moods in speakers.items() if all(len(moods.get(e, ())) > 1 for e in emotions)}
    return complete or {"": {e: [one for moods in speakers.values() for one in moods.get(e, ())] for e in emotions}}
