"""The scoreboard's rows: means over sentences, as a Markdown table, and its place in docs/bench.md."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

BEGIN, END = "<!-- quality: written by bench/quality.py -->", "<!-- quality: end -->"
COLUMNS = (
    "source", "voice", "word errors (of the source)", "DNSMOS overall (of the source)", "P.808 (of the source)",
    "like the voice", "like the source (two strangers)", "pitch correlation", "cents off", "voicing off",
)  # fmt: skip


@dataclass(frozen=True)
class Scores:
    """A source converted to a voice, over all sentences; NaN where nothing could be measured."""

    word_errors: float
    source_word_errors: float
    overall: float
    source_overall: float
    p808: float
    source_p808: float
    likeness: float
    """Cosine of speaker embeddings: converted speech and the voice's own."""
    source_likeness: float
    """Converted speech and the source's."""
    strangers: float
    """The source's speech and the voice's own."""
    correlation: float
    cents: float
    voicing: float


def mean_scores(rows: Sequence[Scores]) -> Scores:
    return Scores(*(_mean([getattr(row, field.name) for row in rows]) for field in fields(Scores)))


def _mean(values: ArrayLike) -> float:
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else float("nan")


def cells(scores: Scores) -> list[str]:
    one = scores
    return [
        f"{one.word_errors:.1%} ({one.source_word_errors:.1%})".replace("%", " %"),
        f"{one.overall:.2f} ({one.source_overall:.2f})",
        f"{one.p808:.2f} ({one.source_p808:.2f})",
        f"{one.likeness:.2f}",
        f"{one.source_likeness:.2f} ({one.strangers:.2f})",
        f"{one.correlation:.3f}",
        f"{one.cents:.0f}",
        f"{one.voicing:.1%}".replace("%", " %"),
    ]


def markdown_table(rows: Sequence[tuple[str, str, Scores]]) -> str:
    """Rows of source, voice and scores; behind them the mean of each voice over the sources that are not itself."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *((source, voice, *cells(scores)) for source, voice, scores in rows)]
    for voice in dict.fromkeys(voice for _, voice, _ in rows):
        if others := [scores for source, name, scores in rows if name == voice and source != "itself"]:
            lines.append(("**mean**", voice, *cells(mean_scores(others))))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("nan", "–")


def write_section(path: Path, text: str) -> None:
    """Replace what is between the two markers, or append it with them."""
    document = path.read_text("utf-8")
    if BEGIN not in document:
        document = f"{document.rstrip()}\n\n{BEGIN}\n{END}\n"
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{text.strip()}\n{END}{after}", "utf-8")
