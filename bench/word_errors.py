"""Word error rate: text normalisation and edit distance between what was said and what a recogniser understood."""

import re
from collections.abc import Iterable

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_CONTRACTIONS = (
    (r"\bwon't\b", "will not"), (r"\bcan't\b", "can not"), (r"\bcannot\b", "can not"), (r"n't\b", " not"),
    (r"\blet's\b", "let us"), (r"\b(it|that|there|here|he|she|what|who|where|how)'s\b", r"\1 is"),
    (r"'re\b", " are"), (r"'ll\b", " will"), (r"'ve\b", " have"), (r"'m\b", " am"), (r"'d\b", " would"),
)  # fmt: skip
_SPELLINGS = {"smokey": "smoky", "grey": "gray", "mum": "mom", "ok": "okay"}


def normalise_text(text: str) -> list[str]:
    """The words of an English text in lower case, without punctuation, with numbers and contractions written out."""
    text = text.lower().replace("’", "'").replace("%", " percent ").replace("&", " and ")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\b(\d+)(st|nd|rd|th)\b", lambda found: f" {ordinal_in_words(int(found[1]))} ", text)
    text = re.sub(r"\d+", lambda found: f" {number_in_words(int(found[0]))} ", text)
    for pattern, words in _CONTRACTIONS:
        text = re.sub(pattern, words, text)
    words = re.sub(r"[^\w\s]|_", " ", text.replace("'", "")).split()
    return [_SPELLINGS.get(word, word) for word in words]


def number_in_words(number: int) -> str:
    """In English; digit by digit from a million on."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_SMALL[number % 10]}" if number % 10 else "")
    for size, name in ((1_000, "thousand"), (100, "hundred")):
        if size <= number < 1_000_000:
            rest = f" {number_in_words(number % size)}" if number % size else ""
            return f"{number_in_words(number // size)} {name}{rest}"
    return " ".join(_SMALL[int(digit)] for digit in str(number))


def ordinal_in_words(number: int) -> str:
    *before, last = number_in_words(number).split()
    return " ".join([*before, _ORDINALS.get(last, f"{last.removesuffix('y')}ieth" if last[-1] == "y" else f"{last}th")])


def edit_distance(reference: list[str], recognised: list[str]) -> int:
    """The fewest substitutions, insertions and deletions of words between both (Levenshtein)."""
    previous = list(range(len(recognised) + 1))
    for row, word in enumerate(reference, 1):
        current = [row]
        for column, other in enumerate(recognised, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (word != other)))
        previous = current
    return previous[-1]


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Of pairs (reference, recognised): all errors, divided by all words of the references."""
    words = [(normalise_text(reference), normalise_text(recognised)) for reference, recognised in pairs]
    return sum(edit_distance(*pair) for pair in words) / max(1, sum(len(reference) for reference, _ in words))
