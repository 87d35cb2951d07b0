"""Whether intensity is intensity: emotion by rules, judged by a ranker that has learnt from other voices and sentences.

The ranker learns from sentences performed by a synthesiser's own controls after published profiles. It never hears
the rules, nor their figures.
"""

import time
from dataclasses import dataclass

import numpy as np
from emotion_corpus import (
    JUDGED_SENTENCES,
    JUDGED_VOICES,
    LEARNT_SENTENCES,
    LEARNT_VOICES,
    NEUTRAL,
    PUBLISHED,
    judged,
    performed,
)
from measure import machine
from metrics import harmonicity_db, mcd_db, mel_cepstra, spectral_tilt_db, syllable_rate
from scipy.stats import spearmanr

from vc_core.audio import Audio
from vc_core.emotion import load_styler
from vc_core.world import find_world_pitch

INTENSITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
RIDGE = 0.03
CEPSTRA = 8


def natural_statistics(audio: Audio) -> np.ndarray:
    """What a listener could go by, in logarithms, so that differences can be compared."""
    pitch = find_world_pitch(audio)
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
class Judge:
    """Weights on standardised differences to a neutral performance by the same voice."""

    scale: np.ndarray
    weights: dict[str, np.ndarray]

    def score(self, emotion: str, difference: np.ndarray) -> float:
        return float(difference / self.scale @ self.weights[emotion])

    def name(self, difference: np.ndarray) -> str:
        """By the direction alone: profiles differ in how far they go."""
        return max(self.weights, key=lambda emotion: self.score(emotion, _direction(difference, self.scale)))


def learn() -> tuple[Judge, Judge]:
    """One judge of how much, which knows each emotion against neutral, and one of which, against all the others."""
    differences: dict[str, list[np.ndarray]] = {emotion: [] for emotion in ("neutral", *PUBLISHED)}
    for voice in LEARNT_VOICES:
        plain: list[np.ndarray] = []
        for emotion, rows in differences.items():
            how = PUBLISHED.get(emotion, NEUTRAL)
            heard = [natural_statistics(performed(text, voice, how)) for text in LEARNT_SENTENCES]
            plain = heard if emotion == "neutral" else plain  # neutral is the first
            # Against other sentences, as Emovox does: what only the words make different is no sign of an emotion.
            rows += [one - plain[at - apart] for apart in (1, 2, 3) for at, one in enumerate(heard)]
    scale = np.concatenate(list(differences.values())).std(axis=0) + 1e-6
    amount = {e: _ridge([differences[e], differences["neutral"]], scale) for e in PUBLISHED}
    directed = {emotion: [_direction(row, scale) for row in differences[emotion]] for emotion in PUBLISHED}
    kind = {e: _ridge([directed[e], *[directed[o] for o in directed if o != e]], scale) for e in PUBLISHED}
    return Judge(scale, amount), Judge(scale, kind)


def _direction(difference: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return difference / np.linalg.norm(difference / scale) * np.sqrt(len(scale))


def _ridge(groups: list[list[np.ndarray]], scale: np.ndarray) -> np.ndarray:
    """Least squares with the first group at 1 and the others at 0: a linear RankSVM, but with squared slack."""
    rows = np.concatenate([np.array(group) for group in groups]) / scale
    wanted = np.concatenate([np.full(len(group), float(at == 0)) for at, group in enumerate(groups)])
    return np.linalg.solve(rows.T @ rows / len(rows) + RIDGE * np.eye(rows.shape[1]), rows.T @ wanted / len(rows))


def judge_emotion(emotion: str, spoken: list[tuple[str, Audio]], amount: Judge, kind: Judge) -> str:
    styler = load_styler("rules")
    scores, named, kept = [], [], []
    for _, audio in spoken:
        plain = natural_statistics(audio)
        steps = [styler.style(audio, emotion, intensity) for intensity in INTENSITIES]
        differences = [natural_statistics(step) - plain for step in steps]
        scores.append([amount.score(emotion, difference) for difference in differences])
        named.append(kind.name(differences[-1]) == emotion)
        kept.append(mcd_db(audio, steps[0]))
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
    ]
    return "| " + " | ".join(cells) + " |"


def guesses() -> str:
    """How often the source is guessed rightly, of sentences the synthesiser performed."""
    styler = load_styler("rules")
    right = {"neutral": "neutral", "happy": "excited", "angry": "excited", "sad": "sad"}
    found = []
    for emotion, wanted in right.items():
        how = PUBLISHED.get(emotion, NEUTRAL)
        heard = [styler.guess(performed(text, voice, how)) for voice in JUDGED_VOICES for text in JUDGED_SENTENCES]
        found.append(f"{emotion} as {wanted} {np.mean([guess == wanted for guess in heard]):.0%}")
    return "Guessed from single sentences: " + ", ".join(found) + "."


def real_time_factor(audio: Audio) -> float:
    """Seconds of one core for each second of sound, at 44.1 kHz."""
    long = Audio(np.tile(audio.resampled(44_100).samples, (1, 8)), 44_100)
    styler, spent = load_styler("rules"), []
    for emotion in PUBLISHED:
        started = time.process_time()
        styler.style(long, emotion, 1.0)
        spent.append((time.process_time() - started) / long.seconds)
    return float(np.median(spent))


def main() -> None:
    print(machine(), end="\n\n")
    amount, kind = learn()
    spoken = list(judged())
    print(
        f"{len(spoken)} sentences of {len({name.split(':')[0] for name, _ in spoken})} voices that nothing learnt from."
    )
    print("The gate: at 0 within 0.2 dB, rank ≥ 0.9, rising ≥ 80 %, pairs ≥ 0.9, off the line ≤ 0.2, named ≥ 70 %.\n")
    print("| | at 0 | rank | rising | pairs | median score at 0, ¼, ½, ¾, 1 | off the line | a typical one | named |")
    print("|---|---|---|---|---|---|---|---|---|")
    for emotion in PUBLISHED:
        print(judge_emotion(emotion, spoken, amount, kind), flush=True)
    print(f"\nReal-time factor at 44.1 kHz, one thread: {real_time_factor(spoken[0][1]):.3f} (to be ≤ 0.15)")
    print(guesses())
    print("Whether the speaker is kept was not measured: no speaker verifier is installed.")


if __name__ == "__main__":
    main()
