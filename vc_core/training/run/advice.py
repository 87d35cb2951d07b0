"""Early stopping: whether the held-out score still improves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MIN_IMPROVEMENT = 0.01
"""Relative; a smaller improvement is inaudible."""
PLATEAU_EVALUATIONS = 3
"""Evaluations without progress that count as a plateau."""
OVERFITTING_MARGIN = 0.05

Verdict = Literal["early", "improving", "plateau", "worse"]


@dataclass(frozen=True)
class Advice:
    verdict: Verdict
    best_step: int
    evaluations_without_progress: int

    @property
    def message(self) -> str:
        return {
            "early": "It is too early to say how it goes.",
            "improving": "It is still getting better: let it go on.",
            "plateau": f"No better since step {self.best_step}: you can stop, and the best is kept.",
            "worse": f"Getting worse since step {self.best_step}: stop, and the best is kept.",
        }[self.verdict]


def advise(scores: Sequence[tuple[int, float]]) -> Advice:
    """Advise from pairs (step, score) in order; lower scores are better."""
    if not scores:
        return Advice("early", 0, 0)
    best_step, best = min(scores, key=lambda score: score[1])
    reference, without_progress = scores[0][1], 0
    for _, score in scores[1:]:
        if score < reference * (1 - MIN_IMPROVEMENT):
            reference, without_progress = score, 0
        else:
            without_progress += 1
    if without_progress >= PLATEAU_EVALUATIONS:
        is_worse = scores[-1][1] > best * (1 + OVERFITTING_MARGIN)
        return Advice("worse" if is_worse else "plateau", best_step, without_progress)
    return Advice("improving" if len(scores) > 2 else "early", best_step, without_progress)
