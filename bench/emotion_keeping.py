"""What an emotion must not change: who speaks, and what is said.

Who speaks is told by a small print of our own: means and deviations of mel-cepstra, in which what differs from sentence
to sentence and from mood to mood of one voice counts little (within-class whitening). What is said, by the bench's
recogniser of phones, on a voice that is new to it; for that the tempo stays, so that every phone has its time.
"""

import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from emotion_corpus import (
    FLITE_VOICE,
    LEARNT_SENTENCES,
    LEARNT_VOICES,
    NEUTRAL,
    PUBLISHED,
    Spoken,
    performed,
)
from measure import ROOT
from metrics import mel_cepstra

sys.path.insert(0, str(ROOT))

from instant_recogniser import Recogniser, train_recogniser

from starters.instant.corpus import say_with_flite
from vc_core.audio import Audio
from vc_core.emotion import EmotionStyler, StyleOptions

PRINTED_VOICES = (*LEARNT_VOICES, "en-us+m8", "en-us+klatt2", "en-us+Andy", "en-us+linda", "en-us+boris", "en-us+steph")
PRINTED_SENTENCES = LEARNT_SENTENCES[:3]
SHRINKAGE = 0.3
STEADY = StyleOptions(changes_tempo=False)
RECOGNISER = Path(tempfile.gettempdir()) / "emotion-bench" / "recogniser.pt"


def what_is_kept(styler: EmotionStyler, spoken: list[Spoken]) -> str:
    drops = [speaker_drop(styler, spoken, voice) for voice in sorted({one.voice for one in spoken})]
    kept, strange = np.mean(drops, axis=0)
    before, after = words_kept(styler, [one for one in spoken if one.is_flite])
    return (
        f"The speaker's print loses {kept:.3f} of its cosine (to be ≤ 0.05; another's is {strange:.2f} away). "
        f"Phones rightly heard: {before:.1%} before, {after:.1%} after (to be within 5 points)."
    )


def speaker_drop(styler: EmotionStyler, spoken: list[Spoken], voice: str) -> tuple[float, float]:
    """How much less like the same voice's other sentences it is at full intensity; and how much less others are."""
    own = [one for one in spoken if one.voice == voice]
    middle = np.mean([voice_print(one.audio) for one in own[4:]], axis=0)
    plain = np.mean([_cosine(voice_print(one.audio), middle) for one in own[:4]])
    styled = [_cosine(voice_print(styler.style(own[at % 4].audio, e, 1.0)), middle) for at, e in enumerate(PUBLISHED)]
    others = [_cosine(voice_print(one.audio), middle) for one in spoken if one.voice != voice]
    return float(plain - np.mean(styled)), float(plain - np.mean(others))


def words_kept(styler: EmotionStyler, spoken: list[Spoken]) -> tuple[float, float]:
    """The shares of moments whose phone is heard rightly, untouched and at full intensity."""
    if not spoken:
        return np.nan, np.nan
    ear, before, after = _recogniser(), [], []
    for at, one in enumerate(spoken):
        truth = say_with_flite(one.text, FLITE_VOICE)
        emotion = list(PUBLISHED)[at % len(PUBLISHED)]
        before.append(ear.share_right(one.audio, truth))
        after.append(ear.share_right(styler.style(one.audio, emotion, 1.0, STEADY), truth))
    return float(np.mean(before)), float(np.mean(after))


@cache
def _recogniser() -> Recogniser:
    RECOGNISER.parent.mkdir(exist_ok=True)
    return train_recogniser(RECOGNISER)


def voice_print(audio: Audio) -> np.ndarray:
    middle, whitening = _learned_print()
    return (_print(audio) - middle) @ whitening


def _print(audio: Audio) -> np.ndarray:
    cepstra, loud = mel_cepstra(audio.resampled(16_000))
    return np.concatenate([cepstra[loud].mean(axis=0), cepstra[loud].std(axis=0)])


@cache
def _learned_print() -> tuple[np.ndarray, np.ndarray]:
    moods = (NEUTRAL, *PUBLISHED.values())
    prints = np.array(
        [[_print(performed(text, v, how)) for text in PRINTED_SENTENCES for how in moods] for v in PRINTED_VOICES]
    )
    within = np.mean([np.cov(one.T) for one in prints], axis=0)
    within += SHRINKAGE * (np.diag(np.diag(within)) - within)
    values, vectors = np.linalg.eigh(within)
    return prints.mean(axis=(0, 1)), vectors / np.sqrt(values) @ vectors.T


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
