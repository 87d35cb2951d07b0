"""Preservation of speaker identity and text by the emotion engines.

The speaker embedding consists of means and deviations of mel cepstra with within-class whitening, so that differences
between sentences and emotions of the same voice count little. The text is checked by the benchmark's phone recogniser
on a voice that is new to it, with an unchanged tempo for the alignment.
"""

import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from emotion_corpus import FLITE_VOICE, NEUTRAL, PUBLISHED, TRAINING_SENTENCES, TRAINING_VOICES, Spoken, perform
from measure import ROOT
from metrics import mel_cepstra

sys.path.insert(0, str(ROOT))

from instant_recogniser import Recogniser, train_recogniser

from starters.instant.corpus import say_with_flite
from vc_core.audio import Audio
from vc_core.emotion import EmotionStyler, StyleOptions

WHITENING_VOICES = (
    *TRAINING_VOICES,
    "en-us+m8",
    "en-us+klatt2",
    "en-us+Andy",
    "en-us+linda",
    "en-us+boris",
    "en-us+steph",
)
WHITENING_SENTENCES = TRAINING_SENTENCES[:3]
SHRINKAGE = 0.3
STEADY = StyleOptions(changes_tempo=False)
RECOGNISER = Path(tempfile.gettempdir()) / "emotion-bench" / "recogniser.pt"


def measure_preservation(styler: EmotionStyler, spoken: list[Spoken]) -> str:
    drops = [measure_similarity_loss(styler, spoken, voice) for voice in sorted({one.voice for one in spoken})]
    kept, strange = np.mean(drops, axis=0)
    before, after = measure_phone_accuracy(styler, [one for one in spoken if one.is_flite])
    return (
        f"The speaker's print loses {kept:.3f} of its cosine (to be ≤ 0.05; another's is {strange:.2f} away). "
        f"Phones rightly heard: {before:.1%} before, {after:.1%} after (to be within 5 points)."
    )


def measure_similarity_loss(styler: EmotionStyler, spoken: list[Spoken], voice: str) -> tuple[float, float]:
    """Loss of similarity to the voice's other sentences at full intensity; and for other voices."""
    own = [one for one in spoken if one.voice == voice]
    middle = np.mean([compute_speaker_embedding(one.audio) for one in own[4:]], axis=0)
    plain = np.mean([_cosine(compute_speaker_embedding(one.audio), middle) for one in own[:4]])
    emotional = [styler.style(own[at % 4].audio, emotion, 1.0) for at, emotion in enumerate(PUBLISHED)]
    styled = [_cosine(compute_speaker_embedding(audio), middle) for audio in emotional]
    others = [_cosine(compute_speaker_embedding(one.audio), middle) for one in spoken if one.voice != voice]
    return float(plain - np.mean(styled)), float(plain - np.mean(others))


def measure_phone_accuracy(styler: EmotionStyler, spoken: list[Spoken]) -> tuple[float, float]:
    """Frame accuracy of phones for the unprocessed speech and at full intensity."""
    if not spoken:
        return np.nan, np.nan
    recogniser, before, after = _load_recogniser(), [], []
    for at, one in enumerate(spoken):
        truth = say_with_flite(one.text, FLITE_VOICE)
        emotion = list(PUBLISHED)[at % len(PUBLISHED)]
        before.append(recogniser.share_right(one.audio, truth))
        after.append(recogniser.share_right(styler.style(one.audio, emotion, 1.0, STEADY), truth))
    return float(np.mean(before)), float(np.mean(after))


@cache
def _load_recogniser() -> Recogniser:
    RECOGNISER.parent.mkdir(exist_ok=True)
    return train_recogniser(RECOGNISER)


def compute_speaker_embedding(audio: Audio) -> np.ndarray:
    middle, whitening = _fit_whitening()
    return (_compute_cepstral_statistics(audio) - middle) @ whitening


def _compute_cepstral_statistics(audio: Audio) -> np.ndarray:
    cepstra, loud = mel_cepstra(audio.resample(16_000))
    return np.concatenate([cepstra[loud].mean(axis=0), cepstra[loud].std(axis=0)])


@cache
def _fit_whitening() -> tuple[np.ndarray, np.ndarray]:
    performances = (NEUTRAL, *PUBLISHED.values())
    statistics = np.array(
        [
            [
                _compute_cepstral_statistics(perform(text, v, how))
                for text in WHITENING_SENTENCES
                for how in performances
            ]
            for v in WHITENING_VOICES
        ]
    )
    within = np.mean([np.cov(one.T) for one in statistics], axis=0)
    within += SHRINKAGE * (np.diag(np.diag(within)) - within)
    values, vectors = np.linalg.eigh(within)
    return statistics.mean(axis=(0, 1)), vectors / np.sqrt(values) @ vectors.T


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
