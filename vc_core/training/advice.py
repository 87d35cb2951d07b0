"""When to stop: what the score of held-out recordings says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

CLEARLY = 0.01
"""Less than a hundredth better is no progress that one hears."""
PATIENCE = 3
"""So many evaluations without progress are a plateau."""
WORSE = 0.05

Verdict = Literal["early", "improving", "plateau", "worse"]


@dataclass(frozen=True)
class Advice:
    verdict: Verdict
    best_step: int
    since: int
    """How many evaluations ago the score was last clearly better than before."""

    @property
    def sentence(self) -> str:
        return {
            "early": "It is too early to say how it goes.",
            "improving": "It is still getting better: let it go on.",
            "plateau": f"No better since step {self.best_step}: you can stop, and the best is kept.",
            "worse": f"Getting worse since step {self.best_step}: stop, and the best is kept.",
        }[self.verdict]


def advise(scores: Sequence[tuple[int, float]]) -> Advice:
    """Of (step, score), lower being better, in their order."""
    if not scores:
        return Advice("early", 0, 0)
    best_step, best = min(scores, key=lambda score: score[1])
    mark, since = scores[0][1], 0
    for _, score in scores[1:]:
        if score < mark * (1 - CLEARLY):
            mark, since = score, 0
        else:
            since += 1
    if since >= PATIENCE:
        return Advice("worse" if scores[-1][1] > best * (1 + WORSE) else "plateau", best_step, since)
    return Advice("improving" if len(scores) > 2 else "early", best_step, since)
