"""Intensity control of the emotion engines, evaluated by a ranker that was trained on other voices.

    python bench/emotion.py [rules] [relgan] [averages]

The ranker is trained on sentences performed with a synthesiser's own controls after published profiles, independent of
the rules and their figures. RelGAN was trained on other sentences and voices of the same synthesiser. `averages` is
RelGAN without its network, only the statistics of each emotion.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from emotion_corpus import (
    NEUTRAL,
    PUBLISHED,
    TEST_SENTENCES,
    TEST_VOICES,
    TRAINING_SENTENCES,
    TRAINING_VOICES,
    Spoken,
    perform,
    render_test_speech,
)
from emotion_keeping import measure_preservation
from measure import machine
from metrics import harmonicity_db, mcd_db, mel_cepstra, spectral_tilt_db, syllable_rate
from scipy.stats import spearmanr

from vc_core.audio import Audio
from vc_core.emotion import EmotionStyler, load_styler
from vc_core.emotion.relgan.styler import SHIPPED, Relgan
from vc_core.signal.world import estimate_world_pitch
from vc_core.voices.emotion_model import load_emotion_model

INTENSITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
RIDGE, SHRINKAGE = 0.03, 0.2
CEPSTRA = 8


def compute_speech_statistics(audio: Audio) -> np.ndarray:
    """Prosodic and spectral statistics on logarithmic scales, array of shape (statistics,)."""
    pitch = estimate_world_pitch(audio)
    log_hertz = np.log2(pitch.hertz[pitch.voiced])
    low, middle, high = np.percentile(log_hertz, (10, 50, 90))
    jitter = np.median(np.abs(np.diff(log_hertz)))
    hop = round(0.02 * audio.sample_rate)
    power = (audio.samples[0, : audio.frames // hop * hop].reshape(-1, hop) ** 2).mean(axis=1)
    levels = 10 * np.log10(power[power > power.max() * 1e-4])
    cepstra, loud = mel_cepstra(audio)
    shape = cepstra[loud, :CEPSTRA].mean(axis=0)
    return np.array(
        [
            log_hertz.mean(),
            middle,
            np.log2(log_hertz.std() + 0.02),
            np.log2(high - low + 0.05),
            np.log2(jitter + 1e-3),
            10 * np.log10(power.mean()),
            levels.std(),
            spectral_tilt_db(audio),
            harmonicity_db(audio, pitch),
            np.log2(syllable_rate(audio) + 0.5),
            np.log2(audio.seconds),
            pitch.voiced.mean(),
            *shape,
        ]
    )


@dataclass(frozen=True)
class IntensityRanker:
    """Ranks intensity by weighted standardised differences from a neutral performance by the same voice."""

    scale: np.ndarray
    weights: dict[str, np.ndarray]

    def score(self, emotion: str, difference: np.ndarray) -> float:
        return float(difference / self.scale @ self.weights[emotion])


@dataclass(frozen=True)
class EmotionClassifier:
    """Classifies the emotion by Fisher's discriminant; regression of one against the rest fails."""

    scale: np.ndarray
    means: dict[str, np.ndarray]
    precision: np.ndarray

    def name(self, difference: np.ndarray) -> str:
        """Classify by the direction of the difference alone, since profiles differ in intensity."""
        row = _direction(difference, self.scale) / self.scale
        return min(self.means, key=lambda e: (row - self.means[e]) @ self.precision @ (row - self.means[e]))


def train_rankers() -> tuple[IntensityRanker, EmotionClassifier]:
    """Train the ranker of each emotion against neutral, and the classifier."""
    differences: dict[str, list[np.ndarray]] = {emotion: [] for emotion in ("neutral", *PUBLISHED)}
    for voice in TRAINING_VOICES:
        plain: list[np.ndarray] = []
        for emotion, rows in differences.items():
            how = PUBLISHED.get(emotion, NEUTRAL)
            heard = [compute_speech_statistics(perform(text, voice, how)) for text in TRAINING_SENTENCES]
            plain = heard if emotion == "neutral" else plain  # neutral is the first
            # Compare different sentences, as Emovox does, so that differences of the text do not count as emotion.
            rows += [one - plain[at - apart] for apart in (1, 2, 3) for at, one in enumerate(heard)]
    scale = np.concatenate(list(differences.values())).std(axis=0) + 1e-6
    amount = {e: _ridge([differences[e], differences["neutral"]], scale) for e in PUBLISHED}
    directed = {e: np.array([_direction(row, scale) / scale for row in differences[e]]) for e in PUBLISHED}
    within = np.mean([np.cov(rows.T) for rows in directed.values()], axis=0)
    within += SHRINKAGE * (np.trace(within) / len(within) * np.eye(len(within)) - within)
    means = {e: rows.mean(axis=0) for e, rows in directed.items()}
    return IntensityRanker(scale, amount), EmotionClassifier(scale, means, np.linalg.inv(within))


def _direction(difference: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return difference / np.linalg.norm(difference / scale) * np.sqrt(len(scale))


def _ridge(groups: list[list[np.ndarray]], scale: np.ndarray) -> np.ndarray:
    """Ridge regression with targets of 1 for the first group and 0 for the others: RankSVM with squared slack."""
    rows = np.concatenate([np.array(group) for group in groups]) / scale
    wanted = np.concatenate([np.full(len(group), float(at == 0)) for at, group in enumerate(groups)])
    return np.linalg.solve(rows.T @ rows / len(rows) + RIDGE * np.eye(rows.shape[1]), rows.T @ wanted / len(rows))


def evaluate_emotion(
    styler: EmotionStyler, emotion: str, spoken: list[Spoken], rankers: tuple[IntensityRanker, EmotionClassifier]
) -> str:
    amount, kind = rankers
    scores, named, kept, distances = [], [], [], []
    for one in spoken:
        plain = compute_speech_statistics(one.audio)
        steps = [styler.style(one.audio, emotion, intensity) for intensity in INTENSITIES]
        differences = [compute_speech_statistics(step) - plain for step in steps]
        scores.append([amount.score(emotion, difference) for difference in differences])
        named.append(kind.name(differences[-1]) == emotion)
        kept.append(mcd_db(one.audio, steps[0]))
        if not one.is_flite:
            wanted = perform(one.text, one.voice, PUBLISHED[emotion])
            distances.append([mcd_db(wanted, heard) for heard in (one.audio, steps[-1])])
    table = np.array(scores)
    ranks = np.median([spearmanr(INTENSITIES, row).statistic for row in table])
    rising = (np.diff(table, axis=1) > 0).all(axis=1).mean()
    later, earlier = np.triu_indices(len(INTENSITIES), 1)[::-1]
    ordered = (table[:, later] > table[:, earlier]).mean()
    normal = (table - table[:, :1]) / (table[:, -1:] - table[:, :1])
    curve = np.median(normal, axis=0)
    cells = [
        emotion,
        f"{max(kept):.2f} dB",
        f"{ranks:.2f}",
        f"{rising:.0%}",
        f"{ordered:.2f}",
        " ".join(f"{value:.2f}" for value in curve),
        f"{np.abs(curve - INTENSITIES).max():.2f}",
        f"{np.median(np.abs(normal - INTENSITIES).max(axis=1)):.2f}",
        f"{np.mean(named):.0%}",
        " → ".join(f"{value:.2f}" for value in np.mean(distances, axis=0)),
    ]
    return "| " + " | ".join(cells) + " |"


def measure_reference_accuracy(kind: EmotionClassifier) -> str:
    """Accuracy of the classifier on the synthesiser's own performances, an upper bound for the engines."""
    right = []
    for voice in TEST_VOICES:
        for text in TEST_SENTENCES[:4]:
            plain = compute_speech_statistics(perform(text, voice, NEUTRAL))
            heard = {e: compute_speech_statistics(perform(text, voice, how)) for e, how in PUBLISHED.items()}
            right += [kind.name(one - plain) == emotion for emotion, one in heard.items()]
    return f"The synthesiser's own performances it names rightly in {np.mean(right):.0%}."


def measure_emotion_guesses() -> str:
    """Accuracy of the guessed source emotion on the synthesiser's performances."""
    styler = load_styler("rules")
    right = {"neutral": "neutral", "happy": "excited", "angry": "excited", "sad": "sad"}
    found = []
    for emotion, wanted in right.items():
        how = PUBLISHED.get(emotion, NEUTRAL)
        heard = [
            styler.recognise_emotion(perform(text, voice, how)) for voice in TEST_VOICES for text in TEST_SENTENCES
        ]
        found.append(f"{emotion} as {wanted} {np.mean([guess == wanted for guess in heard]):.0%}")
    return "Guessed from single sentences: " + ", ".join(found) + "."


def real_time_factor(styler: EmotionStyler, audio: Audio) -> float:
    """CPU seconds of one core per second of audio at 44.1 kHz."""
    long, spent = Audio(np.tile(audio.resample(44_100).samples, (1, 8)), 44_100), []
    for emotion in PUBLISHED:
        started = time.process_time()
        styler.style(long, emotion, 1.0)
        spent.append((time.process_time() - started) / long.seconds)
    return float(np.median(spent))


def averages() -> EmotionStyler:
    return Relgan(replace(load_emotion_model(SHIPPED), generator=None))


WAYS: dict[str, Callable[[], EmotionStyler]] = {
    "rules": lambda: load_styler("rules"),
    "relgan": lambda: load_styler("relgan"),
    "averages": averages,
}


def main() -> None:
    print(machine(), end="\n\n")
    rankers = train_rankers()
    spoken = list(render_test_speech())
    print(f"{len(spoken)} sentences of {len({one.voice for one in spoken})} voices that nothing learnt from.")
    print(measure_reference_accuracy(rankers[1]))
    print("The gate: at 0 within 0.2 dB, rank ≥ 0.9, rising ≥ 80 %, pairs ≥ 0.9, off the line ≤ 0.2, named ≥ 70 %.")
    print("The last column: distance to the synthesiser's own performance, untouched and at 1.")
    for name in sys.argv[1:] or WAYS:
        styler = WAYS[name]()
        print(f"\n{name}: real-time factor at 44.1 kHz, one thread, {real_time_factor(styler, spoken[0].audio):.3f}")
        print(measure_preservation(styler, spoken), end="\n\n")
        print(
            "| | at 0 | rank | rising | pairs | score at 0, ¼, ½, ¾, 1 | off the line | a typical one | named | to it |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|")
        for emotion in PUBLISHED:
            print(evaluate_emotion(styler, emotion, spoken, rankers), flush=True)
    print("\n" + measure_emotion_guesses())


if __name__ == "__main__":
    main()
