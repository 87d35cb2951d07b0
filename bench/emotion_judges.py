"""Emotion engines before judges that share nothing with the profiles: a recogniser, DNSMOS and a speaker encoder.

    python bench/emotion_judges.py FOLDER [rules] [relgan] [averages]

They judge what an emotion must not cost: words, naturalness and the speaker. Voices and sentences are natural and held
out of all training. FOLDER is that of bench/quality.py; it needs requirements-judges.txt.
"""

import sys
from pathlib import Path

import numpy as np
from emotion import WAYS
from emotion_corpus import PUBLISHED
from judges import Judges
from measure import machine
from quality import Recordings
from word_errors import word_error_rate

from starters.speech.held_out import HARVARD_SENTENCES
from vc_core.audio import Audio
from vc_core.emotion import EmotionStyler

SPEAKERS = ("am_onyx", "bf_alice")
SENTENCES = HARVARD_SENTENCES[:3]


def judge(styler: EmotionStyler, emotion: str, recordings: Recordings, judges: Judges) -> np.ndarray:
    """Share of the words that are wrong, P.808 and likeness, over all sentences, shape (3,)."""
    recognised, rows = [], []
    for speaker in SPEAKERS:
        for text in SENTENCES:
            styled = styler.style(recordings.read(speaker, text), emotion, 1.0)
            after = judges.judge(Audio(styled.samples.clip(-1, 1), styled.sample_rate))
            recognised.append((text, after.text))
            rows.append((after.p808, np.dot(recordings.judge(speaker, text).embedding, after.embedding)))
    return np.array([word_error_rate(recognised), *np.mean(rows, axis=0)])


def main(folder: Path, *names: str) -> None:
    print(machine(), end="\n\n")
    judges = Judges()
    recordings = Recordings(folder, judges)
    known = [(text, recordings.judge(speaker, text)) for speaker in SPEAKERS for text in SENTENCES]
    before = word_error_rate((text, one.text) for text, one in known), np.mean([one.p808 for _, one in known]), 1.0
    print("| | emotion | words wrong | P.808 | likeness |\n|---|---|---|---|---|")
    print(_row("as they are", "neutral", np.array(before)))
    for name in names or WAYS:
        scores = []
        for emotion in PUBLISHED:
            scores.append(judge(WAYS[name](), emotion, recordings, judges))
            print(_row(name, emotion, scores[-1]), flush=True)
        print(_row(name, "mean", np.mean(scores, axis=0)), flush=True)


def _row(name: str, emotion: str, scores: np.ndarray) -> str:
    wrong, p808, likeness = scores
    return f"| {name} | {emotion} | {wrong:.1%} | {p808:.2f} | {likeness:.2f} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
